"""Which hosts take mail for a domain. RFC 5321 §5, RFC 7505 (null MX).

The answers of the DNS as three meanings: hosts in order, Refused (never), Deferred (not now).
"""

import random
from typing import Protocol

from mailcore.kernel.errors import Deferred, Refused
from mailcore.trust.names import Answer, Kind, Names, NamesFailed
from mailcore.trust.naming import get_names

LIFETIME = 20.0
MAX_HOSTS = 5


class Resolver(Protocol):
    def find_hosts(self, domain: str) -> list[str]:
        """Names of the mail hosts, best first. Refused or Deferred where there is none."""
        ...

    def find_addresses(self, host: str) -> list[str]:
        """IP addresses of one host; empty where it has none. Deferred where the DNS does not answer."""
        ...


class DnsResolver:
    """By the name service of the settings, or the one given."""

    def __init__(self, names: Names | None = None) -> None:
        self._names = names or get_names()

    def find_hosts(self, domain: str) -> list[str]:
        if domain.startswith("["):
            return [domain.strip("[]").removeprefix("ipv6:")]
        answer = self._look_up(domain, Kind.MX)
        if not answer.exists:
            raise Refused("There is no such domain.", f"5.1.2 {domain}")
        if not answer.records:
            return [domain]  # RFC 5321 §5.1: the domain itself is its mail host
        found = sorted((*_split(record), random.random()) for record in answer.records)
        if [name for _, name, _ in found] == ["."]:
            raise Refused("The domain takes no mail.", f"5.1.10 {domain} has a null MX")
        by_preference = sorted(found, key=lambda one: (one[0], one[2]))
        return [name for _, name, _ in by_preference if name != "."][:MAX_HOSTS]

    def find_addresses(self, host: str) -> list[str]:
        if ":" in host or host.replace(".", "").isdigit():
            return [host]
        found: list[str] = []
        for kind in (Kind.A, Kind.AAAA):
            try:
                found.extend(self._look_up(host, kind).records)
            except Deferred:
                if not found:
                    raise
        return found

    def _look_up(self, name: str, kind: Kind) -> Answer:
        try:
            return self._names.look_up(name, kind, timeout=LIFETIME)
        except NamesFailed as error:
            raise Deferred("The name service does not answer.", f"4.4.3 {name}: {error}") from error


def _split(record: str) -> tuple[int, str]:
    preference, _, name = record.partition(" ")
    return int(preference), name
