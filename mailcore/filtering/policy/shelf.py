"""The lists and levels of owners, remembered for some seconds: each message asks for them."""

import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from threading import Lock

from ..models import Level, PolicyRule

FRESH = 10.0
"""Seconds after which a change made by another process is seen at the latest."""
MAX_OWNERS = 4_096

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Entry:
    act: str
    pattern: str
    note: str


@dataclass(slots=True)
class Kept:
    senders: dict[str, Entry] = field(default_factory=dict)
    networks: list[tuple[Network, Entry]] = field(default_factory=list)
    """The narrowest first."""
    levels: dict[str, float] = field(default_factory=dict)


_kept: "OrderedDict[str, tuple[float, Kept]]" = OrderedDict()
_lock = Lock()


def load(owners: Sequence[str]) -> list[Kept]:
    """One for each owner, in order; at most two queries, and mostly none."""
    now = time.monotonic()
    with _lock:
        found = {owner: _kept[owner][1] for owner in owners if owner in _kept and _kept[owner][0] > now}
    missing = [owner for owner in dict.fromkeys(owners) if owner not in found]
    if missing:
        fresh = _read(missing)
        found |= fresh
        with _lock:
            for owner, kept in fresh.items():
                _kept[owner] = (now + FRESH, kept)
                _kept.move_to_end(owner)
            while len(_kept) > MAX_OWNERS:
                _kept.popitem(last=False)
    return [found[owner] for owner in owners]


def forget(owner: str = "") -> None:
    """After a change in this process; "" forgets everybody's."""
    with _lock:
        if owner:
            _kept.pop(owner, None)
        else:
            _kept.clear()


def _read(owners: Sequence[str]) -> dict[str, Kept]:
    found = {owner: Kept() for owner in owners}
    for owner, subject, pattern, act, note in PolicyRule.objects.filter(owner__in=owners).values_list(
        "owner", "subject", "pattern", "act", "note"
    ):
        entry = Entry(act, pattern, note)
        if subject == PolicyRule.Subject.PEER:
            found[owner].networks.append((ip_network(pattern), entry))
        else:
            found[owner].senders[pattern] = entry
    for kept in found.values():
        kept.networks.sort(key=lambda one: one[0].prefixlen, reverse=True)
    for owner, name, value in Level.objects.filter(owner__in=owners).values_list("owner", "name", "value"):
        found[owner].levels[name] = value
    return found
