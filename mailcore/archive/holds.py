"""Place and release legal holds."""

import time
from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction

from mailcore.audit import log
from mailcore.audit.acting import current
from mailcore.directory import domains, mailboxes
from mailcore.directory.access import Actor, access_mailbox
from mailcore.kernel.errors import BadSyntax, Conflict, Denied, NotFound

from . import moments
from .models import Hold


@dataclass(frozen=True, slots=True, kw_only=True)
class NewHold:
    name: str
    scope: str = ""
    """An address or a domain here; "" is the whole server."""
    reason: str = ""
    who: str = ""
    words: str = ""
    since: int | None = None
    until: int | None = None


def place(actor: Actor, new: NewHold) -> Hold:
    """BadSyntax without a name or with a period that ends before it begins; NotFound outside the actor's domains."""
    if not new.name.strip():
        raise BadSyntax("A hold needs a name.")
    if new.since is not None and new.until is not None and new.until <= new.since:
        raise BadSyntax("The period ends before it begins.")
    with transaction.atomic():
        mailbox_id, address, domain = _find_scope(actor, new.scope.strip())
        hold = Hold.objects.create(
            name=new.name.strip()[:200], reason=new.reason, mailbox_id=mailbox_id, address=address, domain=domain,
            who=new.who.strip()[:330], words=new.words.strip()[:400], since=new.since, until=new.until, placed_at=int(time.time()),
            placed_by=current().name[:400],
        )  # fmt: skip
        log.record("archive.hold_placed", object_id=hold.pk, name=address or domain or "system", domain=domain, after=shown(hold))
        return hold


def release(actor: Actor, *, hold_id: int) -> Hold:
    """What it covered falls under the ordinary periods again, from the next sweep on."""
    with transaction.atomic():
        hold = access(actor, hold_id=hold_id)
        if hold.released_at is not None:
            raise Conflict("This hold was released before.")
        hold.released_at, hold.released_by = int(time.time()), current().name[:400]
        hold.save(update_fields=["released_at", "released_by"])
        name = hold.address or hold.domain or "system"
        log.record("archive.hold_released", object_id=hold.pk, name=name, domain=hold.domain, before=shown(hold))
        return hold


def access(actor: Actor, *, hold_id: int) -> Hold:
    hold = Hold.objects.filter(pk=hold_id).first()
    if hold is None or not is_within(actor, hold.domain):
        raise NotFound("There is no such hold.")
    return hold


def list_all(*, domains: Collection[str] | None) -> list[Hold]:
    """Those in force first, newest first. None is every domain."""
    found = Hold.objects.all()
    if domains is not None:
        found = found.filter(domain__in=list(domains))
    return sorted(found, key=lambda hold: (hold.released_at is not None, -hold.pk))


def is_within(actor: Actor, domain: str) -> bool:
    return actor.domain_ids is None or bool(domain and actor.domain_names and domain in actor.domain_names)


def shown(hold: Hold) -> dict[str, object]:
    """As the audit log keeps it."""
    names = ("name", "reason", "address", "domain", "who", "words")
    times = {name: None if at is None else moments.show(at) for name, at in (("since", hold.since), ("until", hold.until))}
    return {name: getattr(hold, name) for name in names} | times


def _find_scope(actor: Actor, text: str) -> tuple[int | None, str, str]:
    if not text:
        if actor.domain_ids is not None:
            raise Denied("Only an administrator of the server may hold the whole of it. Name a domain or an address.")
        return None, "", ""
    if "@" not in text:
        domain = domains.get(name=text).name
        if not is_within(actor, domain):
            raise NotFound(f"{text} is not a domain you look after.")
        return None, "", domain
    mailbox = access_mailbox(actor, mailbox_id=mailboxes.get(address=text).pk)
    return mailbox.pk, str(mailbox.address), mailbox.address.domain.name
