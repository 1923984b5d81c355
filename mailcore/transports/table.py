"""The table as deliveries ask it: which transport a message takes, which domains are relayed. Remembered for a moment."""

import threading
import time
from dataclasses import dataclass

from mailcore import sealing

from . import patterns
from .models import RelayDomain, Route, Suppressed, Transport

REMEMBERED = 2.0
"""Seconds. Who changes the table in this process sees it at once."""


@dataclass(frozen=True, slots=True)
class Place:
    """A transport, as a delivery needs it."""

    name: str
    kind: str
    host: str = ""
    port: int = 0
    tls: str = "may"
    login: str = ""
    sealed: str = ""
    text: str = ""

    @property
    def secret(self) -> str:
        return sealing.unseal(self.sealed, purpose="transport") if self.sealed else ""

    @property
    def leads_to_host(self) -> bool:
        return bool(self.host)


@dataclass(frozen=True, slots=True)
class Rule:
    position: int
    sender: str
    recipient: str
    min_size: int
    max_size: int
    place: Place

    def holds_for(self, sender: str, recipient: str, size: int) -> bool:
        """Addresses folded."""
        if size < self.min_size or (self.max_size and size > self.max_size):
            return False
        return patterns.matches(self.sender, sender) and patterns.matches(self.recipient, recipient)

    @property
    def words(self) -> str:
        who = [f"from {self.sender}"] if self.sender else []
        who += [f"to {self.recipient}"] if self.recipient else []
        who += [f"of {self.min_size} bytes or more"] if self.min_size else []
        who += [f"of {self.max_size} bytes at most"] if self.max_size else []
        return f"route {self.position} ({', '.join(who) or 'everything'})"


@dataclass(frozen=True, slots=True)
class _Table:
    read_at: float
    rules: tuple[Rule, ...]
    holding: tuple[Rule, ...]
    relayed: frozenset[str]


_lock = threading.Lock()
_known: _Table | None = None


def find_rule(*, sender: str, recipient: str, size: int) -> Rule | None:
    """The first rule that holds for mail to elsewhere. Those that hold mail have done so at the door, and are passed over."""
    table = _read()
    if not table.rules:
        return None
    folded = patterns.fold(sender), patterns.fold(recipient), size
    return next((rule for rule in table.rules if rule.place.kind != "hold" and rule.holds_for(*folded)), None)


def find_hold(*, sender: str, recipients: list[str], size: int) -> Rule | None:
    """The rule for which a message is to be held when it comes in, whoever of its recipients it is for."""
    table = _read()
    if not table.holding:
        return None
    for recipient in recipients:
        folded = patterns.fold(sender), patterns.fold(recipient), size
        first = next((rule for rule in table.rules if rule.holds_for(*folded)), None)
        if first is not None and first.place.kind == "hold":
            return first
    return None


def is_relayed(domain: str) -> bool:
    relayed = _read().relayed
    return bool(relayed) and any(name in relayed for name in patterns.list_spellings(domain))


def find_suppressed(addresses: list[str]) -> dict[str, str]:
    """Those of the addresses that are not written to, and why."""
    folded = {patterns.fold(address): address for address in addresses}
    rows = Suppressed.objects.filter(address__in=list(folded)).values_list("address", "reason")
    return {folded[address]: reason for address, reason in rows}


def forget() -> None:
    global _known
    with _lock:
        _known = None


def _read() -> _Table:
    global _known
    with _lock:
        known = _known
    now = time.monotonic()
    if known is not None and now - known.read_at < REMEMBERED:
        return known
    rules = tuple(make_rule(row, row.transport) for row in Route.objects.select_related("transport"))
    holding = tuple(rule for rule in rules if rule.place.kind == "hold")
    fresh = _Table(now, rules, holding, frozenset(RelayDomain.objects.values_list("domain", flat=True)))
    with _lock:
        _known = fresh
    return fresh


def make_rule(row: Route, transport: Transport) -> Rule:
    place = Place(
        transport.name,
        transport.kind,
        transport.host,
        transport.port,
        transport.tls,
        transport.login,
        transport.sealed,
        transport.text,
    )
    return Rule(row.position, row.sender, row.recipient, row.min_size, row.max_size, place)
