"""The real DNS behind the port: one cache for a process, bounded, as long as the records allow."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.name
import dns.rdatatype
import dns.resolver

from .names import Answer, Kind, NamesFailed, is_name

MAX_CACHED = 20_000
MAX_TTL = 3_600.0
MIN_TTL = 5.0
VOID_TTL = 300.0
FAILED_TTL = 20.0
"""A failure is remembered a moment, so that a burst of mail asks a dead server once."""
MAX_RECORDS = 50
_EDNS_BYTES = 1_232


@dataclass(frozen=True, slots=True)
class _Kept:
    answer: Answer | None
    """None: it failed."""
    until: float
    reason: str = ""


class DnsNames:
    """`place` is the server as address or address:port; "" is the system's. `validates`: its AD bit is believed."""

    def __init__(self, place: str = "", *, validates: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self._resolver = _make(place, validates)
        self._validates = validates
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, Kind], _Kept] = OrderedDict()

    def look_up(self, name: str, kind: Kind, *, timeout: float = 5.0) -> Answer:
        asked = name.lower().rstrip(".")
        if not is_name(asked):
            return Answer(exists=False)
        kept = self._find((asked, kind))
        if kept is None:
            kept = self._ask(asked, kind, timeout)
            self._keep((asked, kind), kept)
        if kept.answer is None:
            raise NamesFailed(kept.reason)
        return kept.answer

    def _find(self, key: tuple[str, Kind]) -> _Kept | None:
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or kept.until <= self._clock():
                return None
            self._kept.move_to_end(key)
            return kept

    def _keep(self, key: tuple[str, Kind], kept: _Kept) -> None:
        with self._lock:
            self._kept[key] = kept
            self._kept.move_to_end(key)
            while len(self._kept) > MAX_CACHED:
                self._kept.popitem(last=False)

    def _ask(self, name: str, kind: Kind, timeout: float) -> _Kept:
        try:
            found = self._resolver.resolve(f"{name}.", kind.value, lifetime=timeout, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN as error:
            return _Kept(Answer(exists=False, secure=self._is_secure(error)), self._clock() + VOID_TTL)
        except (dns.exception.DNSException, OSError, ValueError) as error:
            return _Kept(None, self._clock() + FAILED_TTL, f"{name} {kind}: {error}"[:300])
        is_secure = self._validates and bool(found.response.flags & dns.flags.AD)
        if found.rrset is None:
            return _Kept(Answer(secure=is_secure), self._clock() + VOID_TTL)
        records = tuple(_present(record, kind) for record in list(found.rrset)[:MAX_RECORDS])
        ttl = min(max(float(found.rrset.ttl), MIN_TTL), MAX_TTL)
        return _Kept(Answer(records, secure=is_secure), self._clock() + ttl)

    def _is_secure(self, error: dns.resolver.NXDOMAIN) -> bool:
        responses = list(error.kwargs.get("responses", {}).values())
        return self._validates and bool(responses) and all(one.flags & dns.flags.AD for one in responses)


def _present(record: object, kind: Kind) -> str:
    if kind is Kind.TXT:
        return b"".join(getattr(record, "strings", ())).decode("latin-1")
    words = str(record).split(" ")
    return " ".join(word.lower().rstrip(".") or "." for word in words)


def _make(place: str, validates: bool) -> dns.resolver.Resolver:
    if not place:
        try:
            found = dns.resolver.Resolver()
        except dns.resolver.NoResolverConfiguration:
            # A machine without name service: every question is then answered with "not now".
            found = dns.resolver.Resolver(configure=False)
    else:
        found = dns.resolver.Resolver(configure=False)
        host, colon, port = place.rpartition(":")
        if colon and port.isdigit() and ":" not in host.strip("[]"):
            found.nameservers, found.port = [host], int(port)
        else:
            found.nameservers = [place.strip("[]")]
    if validates:
        found.use_edns(0, dns.flags.DO, _EDNS_BYTES)
        found.set_flags(dns.flags.RD | dns.flags.AD)
    return found
