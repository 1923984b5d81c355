"""Thresholds and limits, and which level set each: mailbox over domain over system over what the product comes with."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db import transaction

from mailcore.audit import log
from mailcore.kernel.errors import BadSyntax

from ..models import Level
from . import shelf


class Known(NamedTuple):
    default: float
    meaning: str


NAMES = {
    "spam_junk": Known(5.0, "score from which mail goes to Junk; 0: never"),
    "spam_refuse": Known(0.0, "score from which mail is refused; 0: never"),
    "login_messages_hour": Known(500, "messages a login may send in an hour; 0: no limit"),
    "login_messages_day": Known(3_000, "messages a login may send in a day"),
    "login_recipients_hour": Known(2_000, "recipients of a login in an hour"),
    "login_recipients_day": Known(10_000, "recipients of a login in a day"),
    "login_new_recipients_day": Known(400, "recipients a login never wrote to before, in a day; beyond them its mail is held"),
    "peer_messages_hour": Known(0, "messages from one address in an hour"),
    "peer_messages_day": Known(0, "messages from one address in a day"),
    "peer_recipients_hour": Known(0, "recipients from one address in an hour"),
    "peer_recipients_day": Known(0, "recipients from one address in a day"),
    "net_messages_hour": Known(0, "messages from one network (/24, /64) in an hour"),
    "net_messages_day": Known(0, "messages from one network in a day"),
    "net_recipients_hour": Known(0, "recipients from one network in an hour"),
    "net_recipients_day": Known(0, "recipients from one network in a day"),
}
"""Limits of addresses and networks are the system's alone."""


@dataclass(frozen=True, slots=True)
class Set:
    value: float
    owner: str
    """Who set it; "" is the product's default."""

    @property
    def level(self) -> str:
        """For people: "the mailbox", "the domain example.org", "this server"."""
        kind, _, name = self.owner.partition(":")
        return {"mailbox": "the mailbox", "domain": f"the domain {name}"}.get(kind, "this server")


def find(name: str, owners: Sequence[str]) -> Set:
    """`owners` from the nearest on."""
    for owner, kept in zip(owners, shelf.load(owners), strict=True):
        if name in kept.levels:
            return Set(kept.levels[name], owner)
    return Set(NAMES[name].default, "")


def list_all(*, owner: str = "system") -> dict[str, Set]:
    """Every name with the value that holds for an owner, the system's under it."""
    owners = [owner] if owner == "system" else [owner, "system"]
    return {name: find(name, owners) for name in NAMES}


def find_own(*, owner: str, name: str) -> float | None:
    """What an owner itself says; None where it leaves it to the level above."""
    return shelf.load([owner])[0].levels.get(name)


def change(*, owner: str, name: str, value: float | None, domain: str = "") -> None:
    """`put`, or with None `reset`, told in the audit log under `domain`."""
    with transaction.atomic():
        before = find_own(owner=owner, name=name)
        if value is None:
            reset(owner=owner, name=name)
        else:
            put(owner=owner, name=name, value=value)
        log.record("filter.limited", object_id=owner, name=name, domain=domain, before={"value": before}, after={"value": value})


def put(*, owner: str, name: str, value: float) -> None:
    """BadSyntax for an unknown name or a value that is none."""
    if name not in NAMES:
        raise BadSyntax(f"There is no level {name}. Known are {', '.join(NAMES)}.")
    if not math.isfinite(value) or value < 0:
        raise BadSyntax(f"{name} must be 0 or more.")
    if owner != "system" and name.startswith(("peer_", "net_")):
        raise BadSyntax(f"{name} holds for the whole server and cannot be set for one mailbox or domain.")
    Level.objects.update_or_create(owner=owner, name=name, defaults={"value": value})
    shelf.forget(owner)


def reset(*, owner: str, name: str) -> bool:
    """Back to what the level above says; False where nothing was set."""
    removed = Level.objects.filter(owner=owner, name=name).delete()[0]
    shelf.forget(owner)
    return bool(removed)
