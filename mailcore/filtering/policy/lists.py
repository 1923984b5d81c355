"""Allow and block lists of the server, of domains and of mailboxes: change, list, look up.

A pattern is a network (`192.0.2.0/24`, an address), an address (`ann@example.org`), a domain (`example.org`) or, with a dot in
front, every domain below it. The nearest owner wins, then the narrowest pattern.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from django.db import transaction

from mailcore.audit import log
from mailcore.kernel.addresses import MailAddress, fold_domain
from mailcore.kernel.errors import BadSyntax, NotFound

from ..models import PolicyRule
from . import shelf
from .shelf import Entry
from .verdicts import Act

ACTS = (Act.ACCEPT, Act.REFUSE, Act.QUARANTINE, Act.DISCARD, Act.HOLD, Act.GREYLIST)


@dataclass(frozen=True, slots=True)
class Rule:
    owner: str
    pattern: str
    act: str
    note: str
    subject: str
    """peer or sender."""


@dataclass(frozen=True, slots=True)
class Found:
    entry: Entry
    owner: str

    @property
    def words(self) -> str:
        kind, _, name = self.owner.partition(":")
        of = {"mailbox": "the mailbox's", "domain": f"{name}'s"}.get(kind, "the server's")
        return f"{self.entry.pattern} is on {of} list" + (f" ({self.entry.note})" if self.entry.note else "")


def list_all(*, owner: str | None = None, limit: int = 1_000) -> list[Rule]:
    """Of one owner, or with None everybody's, by owner and pattern."""
    rows = PolicyRule.objects.order_by("owner", "pattern")
    if owner is not None:
        rows = rows.filter(owner=owner)
    return [Rule(*row) for row in rows.values_list("owner", "pattern", "act", "note", "subject")[:limit]]


def put(*, owner: str, pattern: str, act: str, note: str = "") -> Rule:
    """Make or replace a line. BadSyntax for what is no pattern, no action, or not for this owner to say."""
    if act not in ACTS:
        raise BadSyntax(f"A list may say one of {', '.join(ACTS)}.", repr(act))
    subject, folded = read_pattern(pattern)
    if owner.startswith("mailbox:") and act in (Act.HOLD, Act.GREYLIST):
        raise BadSyntax(f"A mailbox's list cannot say {act}: that is for the domain or the server.")
    rule = Rule(owner, folded, act, note.strip()[:200], subject)
    with transaction.atomic():
        PolicyRule.objects.update_or_create(
            owner=owner, subject=subject, pattern=folded, defaults={"act": act, "note": rule.note, "created_at": int(time.time())}
        )
        log.record("filter.listed", object_id=owner, name=folded, domain=_domain_of(owner), after={"act": act, "note": rule.note})
    shelf.forget(owner)
    return rule


def remove(*, owner: str, pattern: str) -> None:
    subject, folded = read_pattern(pattern)
    with transaction.atomic():
        if not PolicyRule.objects.filter(owner=owner, subject=subject, pattern=folded).delete()[0]:
            raise NotFound(f"{folded} is not on this list.")
        log.record("filter.unlisted", object_id=owner, name=folded, domain=_domain_of(owner))
    shelf.forget(owner)


def read_pattern(text: str) -> tuple[str, str]:
    """(peer or sender, as it is kept)."""
    pattern = text.strip()
    try:
        return "peer", str(ip_network(pattern, strict=False))
    except ValueError:
        pass
    if "@" in pattern.lstrip("@"):
        return "sender", MailAddress.parse(pattern).folded
    dot = "." if pattern.startswith(".") else ""
    return "sender", dot + fold_domain(pattern.lstrip(".@"))


def find_peer(peer: str, owners: Sequence[str]) -> Found | None:
    kept = shelf.load(owners)
    if not any(one.networks for one in kept):
        return None
    try:
        address = ip_address(peer)
    except ValueError:
        return None
    for owner, one in zip(owners, kept, strict=True):
        for network, entry in one.networks:
            if address.version == network.version and address in network:
                return Found(entry, owner)
    return None


def find_sender(sender: str, owners: Sequence[str]) -> Found | None:
    """`sender` folded."""
    if not sender:
        return None
    domain = sender.rpartition("@")[2]
    labels = domain.split(".")
    spellings = [sender, domain, *("." + ".".join(labels[start:]) for start in range(1, len(labels)))]
    for owner, one in zip(owners, shelf.load(owners), strict=True):
        for spelling in spellings if one.senders else ():
            if spelling in one.senders:
                return Found(one.senders[spelling], owner)
    return None


def _domain_of(owner: str) -> str:
    return owner.removeprefix("domain:") if owner.startswith("domain:") else ""
