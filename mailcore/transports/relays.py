"""Domains that mail is relayed for, and addresses elsewhere that are not written to: put, list, remove."""

import time
from dataclasses import dataclass

from django.db import transaction

from mailcore.audit import log
from mailcore.directory import domains
from mailcore.kernel.addresses import MailAddress
from mailcore.kernel.errors import Conflict, NotFound

from . import patterns, table
from .models import RelayDomain, Suppressed


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    note: str


def list_relayed() -> list[Line]:
    return [Line(*row) for row in RelayDomain.objects.order_by("domain").values_list("domain", "note")]


def relay(*, domain: str, note: str = "") -> None:
    """Take mail for it from anybody, and pass it on by the routes. Conflict for a domain that lives here."""
    name = patterns.read_domain(domain)
    if domains.is_local(name=name):
        raise Conflict(f"{name} is a domain of this server.")
    with transaction.atomic():
        RelayDomain.objects.update_or_create(domain=name, defaults={"note": note.strip()[:200]})
        log.record("relay.put", object_id=name, name=name, after={"note": note.strip()[:200]})
    table.forget()


def unrelay(*, domain: str) -> None:
    name = patterns.read_domain(domain)
    with transaction.atomic():
        if not RelayDomain.objects.filter(domain=name).delete()[0]:
            raise NotFound(f"Mail for {name} is not relayed.")
        log.record("relay.removed", object_id=name, name=name)
    table.forget()


def list_suppressed(*, search: str = "", limit: int = 200) -> list[Line]:
    rows = Suppressed.objects.order_by("address")
    if search:
        rows = rows.filter(address__contains=search.strip().lower())
    return [Line(*row) for row in rows.values_list("address", "reason")[:limit]]


def suppress(*, address: str, reason: str, now: int | None = None) -> None:
    """Mail to it is returned instead of sent, whoever writes it."""
    folded = MailAddress.parse(address.strip()).folded
    at = int(time.time()) if now is None else now
    with transaction.atomic():
        Suppressed.objects.update_or_create(address=folded, defaults={"reason": reason.strip()[:200], "created_at": at})
        log.record(
            "suppression.put", object_id=folded, name=folded, domain=folded.rpartition("@")[2], after={"reason": reason.strip()[:200]}
        )


def unsuppress(*, address: str) -> None:
    folded = MailAddress.parse(address.strip()).folded
    with transaction.atomic():
        if not Suppressed.objects.filter(address=folded).delete()[0]:
            raise NotFound(f"{folded} is not suppressed.")
        log.record("suppression.removed", object_id=folded, name=folded, domain=folded.rpartition("@")[2])
