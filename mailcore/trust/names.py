"""The port to the DNS, and the meaning of its answers. Pure.

Three outcomes and no others: records; a *void* answer (the name does not exist, or has no such
record), which is an answer; and NamesFailed (SERVFAIL, timeout, no server), which says nothing and
may be different tomorrow. RFC 7208 §4.6.4 counts void answers; RFC 8601 §2.7 tells `temperror`
(NamesFailed) from `none` and `permerror`.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from typing import Protocol


class Kind(StrEnum):
    A = "A"
    AAAA = "AAAA"
    MX = "MX"
    TXT = "TXT"
    PTR = "PTR"
    TLSA = "TLSA"
    SRV = "SRV"
    CNAME = "CNAME"


class NamesFailed(Exception):
    """No answer: the question may be asked again later."""


@dataclass(frozen=True, slots=True)
class Answer:
    records: tuple[str, ...] = ()
    """In presentation form, names in lower case without the last dot: `10 mx.example.org`, `192.0.2.1`.
    TXT: the strings of one record joined, octets as Latin-1, without quotes. TLSA: `3 1 1 abcdef`."""
    exists: bool = True
    """False where the name itself does not exist (NXDOMAIN)."""
    secure: bool = False
    """Whether a validating resolver vouches for it (the AD bit of RFC 4035 §3.2.3)."""

    @property
    def is_void(self) -> bool:
        return not self.records


class Names(Protocol):
    def look_up(self, name: str, kind: Kind, *, timeout: float = 5.0) -> Answer:
        """The answer to one question. NamesFailed where there is none within `timeout` seconds."""
        ...


class Bounded:
    """A port that stops answering after so many seconds and questions, so that no message costs more."""

    def __init__(self, names: Names, *, seconds: float, questions: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._names = names
        self._clock = clock
        self._ends_at = clock() + seconds
        self._left = questions

    def look_up(self, name: str, kind: Kind, *, timeout: float = 5.0) -> Answer:
        rest = self._ends_at - self._clock()
        if rest <= 0:
            raise NamesFailed("the time for looking up names is used up")
        if self._left <= 0:
            raise NamesFailed("too many names to look up")
        self._left -= 1
        return self._names.look_up(name, kind, timeout=min(timeout, rest))


def reverse_name(address: str) -> str:
    """`192.0.2.1` → `1.2.0.192.in-addr.arpa` (RFC 1035 §3.5, RFC 3596 §2.5). ValueError for what is no address."""
    return ip_address(address).reverse_pointer


def is_name(name: str) -> bool:
    """Whether a question about it can be asked at all (RFC 1035 §2.3.4)."""
    labels = name.rstrip(".").split(".")
    return bool(name) and len(name) <= 253 and name.isascii() and all(0 < len(label) <= 63 for label in labels)
