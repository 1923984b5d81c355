"""Endpoints: make, list, change, rotate, remove, and send again."""

import secrets
import time
from collections.abc import Collection

from django.db import transaction
from django.db.models import QuerySet

from mailcore import outgoing, sealing
from mailcore.kernel.errors import BadSyntax, NotFound

from .models import Delivery, Endpoint, State
from .sending import DAY, PURPOSE

KINDS = ("domain", "mailbox", "alias", "user", "key", "app_password", "webhook", "queue", "login")
"""First words of event kinds; `*` is all of them."""


def create(*, owner_id: int, url: str, kinds: Collection[str], domains: Collection[str] | None) -> tuple[Endpoint, str]:
    """Make an endpoint; the secret is seen this once. `domains` None is everything."""
    outgoing.parse(url)
    secret = new_secret()
    endpoint = Endpoint.objects.create(
        owner_id=owner_id, url=url, kinds=read_kinds(kinds), domains=_reach(domains),
        sealed_secret=sealing.seal(secret, purpose=PURPOSE), created_at=int(time.time()),
    )  # fmt: skip
    return endpoint, secret


def list_all(*, owner_id: int | None = None) -> QuerySet[Endpoint]:
    found = Endpoint.objects.order_by("id")
    return found if owner_id is None else found.filter(owner_id=owner_id)


def within_reach(found: QuerySet[Endpoint], *, domains: Collection[str] | None) -> QuerySet[Endpoint]:
    """Those that tell of nothing beyond `domains`; None is everything."""
    if domains is None:
        return found
    narrow = [one.pk for one in found if one.domains and set(one.domains.split()) <= set(domains)]
    return found.filter(id__in=narrow)


def get(*, endpoint_id: int, owner_id: int | None = None, domains: Collection[str] | None = None) -> Endpoint:
    found = within_reach(list_all(owner_id=owner_id), domains=domains).filter(id=endpoint_id).first()
    if found is None:
        raise NotFound("There is no such webhook.")
    return found


def change(*, endpoint_id: int, url: str | None = None, kinds: Collection[str] | None = None, is_enabled: bool | None = None) -> Endpoint:
    with transaction.atomic():
        endpoint = Endpoint.objects.select_for_update().get(id=endpoint_id)
        if url is not None:
            outgoing.parse(url)
            endpoint.url = url
        if kinds is not None:
            endpoint.kinds = read_kinds(kinds)
        if is_enabled is not None:
            endpoint.is_enabled = is_enabled
            endpoint.fail_streak = endpoint.failing_since = endpoint.paused_until = 0
        endpoint.save()
    return endpoint


def rotate(*, endpoint_id: int) -> str:
    """A new secret; the old one signs too for a day."""
    secret = new_secret()
    with transaction.atomic():
        endpoint = Endpoint.objects.select_for_update().get(id=endpoint_id)
        endpoint.sealed_old_secret, endpoint.old_secret_until = endpoint.sealed_secret, int(time.time()) + DAY
        endpoint.sealed_secret = sealing.seal(secret, purpose=PURPOSE)
        endpoint.save()
    return secret


def remove(*, endpoint_id: int) -> None:
    Endpoint.objects.filter(id=endpoint_id).delete()


def narrow(*, owner_id: int, domains: Collection[str] | None) -> None:
    """After a change of role: no endpoint tells more than its owner may see now. None is everything."""
    if domains is None:
        return
    for endpoint in Endpoint.objects.filter(owner_id=owner_id):
        kept = sorted(set(endpoint.domains.split()) & set(domains) if endpoint.domains else set(domains))
        if kept:
            Endpoint.objects.filter(id=endpoint.id).update(domains=" ".join(kept))
        else:
            endpoint.delete()


def send_again(*, endpoint_id: int, delivery_id: int) -> None:
    again = Delivery.objects.filter(endpoint_id=endpoint_id, id=delivery_id)
    if not again.update(state=State.WAITING, next_attempt_at=int(time.time()), attempts=0):
        raise NotFound("There is no such delivery.")


def read_kinds(kinds: Collection[str]) -> str:
    wanted = sorted(set(kinds))
    if not wanted or any(one != "*" and one.partition(".")[0] not in KINDS for one in wanted):
        raise BadSyntax(f"Kinds of events are * or {', '.join(KINDS)}.")
    return " ".join(wanted)


def new_secret() -> str:
    return "wk_" + secrets.token_urlsafe(32)


def _reach(domains: Collection[str] | None) -> str:
    if domains is None:
        return ""
    if not domains:
        raise BadSyntax("This webhook would be told nothing: you look after no domain.")
    return " ".join(sorted(domains))
