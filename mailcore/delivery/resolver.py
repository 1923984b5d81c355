"""Which hosts take mail for a domain. RFC 5321 §5, RFC 7505 (null MX).

The answer of the DNS as three meanings: hosts in order, Refused (never), Deferred (not now).
"""

import random
from typing import Protocol

import dns.exception
import dns.resolver
from django.conf import settings

from mailcore.kernel.errors import Deferred, Refused

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
    """The real DNS, by the server of FACTEUR_RESOLVER or the system's."""

    def __init__(self) -> None:
        self._resolver = _make()

    def find_hosts(self, domain: str) -> list[str]:
        if domain.startswith("["):
            return [domain.strip("[]").removeprefix("ipv6:")]
        try:
            answer = self._resolver.resolve(domain, "MX", lifetime=LIFETIME)
        except dns.resolver.NXDOMAIN as error:
            raise Refused("There is no such domain.", f"5.1.2 {domain}") from error
        except dns.resolver.NoAnswer:
            return [domain]  # RFC 5321 §5.1: the domain itself is its mail host
        except dns.exception.DNSException as error:
            raise Deferred("The name service does not answer.", f"4.4.3 {domain}: {error}") from error
        found = [(record.preference, random.random(), str(record.exchange).rstrip(".").lower()) for record in answer]
        if [name for _, _, name in found] == [""]:
            raise Refused("The domain takes no mail.", f"5.1.10 {domain} has a null MX")
        return [name for _, _, name in sorted(found) if name][:MAX_HOSTS]

    def find_addresses(self, host: str) -> list[str]:
        if ":" in host or host.replace(".", "").isdigit():
            return [host]
        found: list[str] = []
        for kind in ("A", "AAAA"):
            try:
                found.extend(str(record) for record in self._resolver.resolve(host, kind, lifetime=LIFETIME))
            except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
                continue
            except dns.exception.DNSException as error:
                if not found:
                    raise Deferred("The name service does not answer.", f"4.4.3 {host}: {error}") from error
        return found


def _make() -> dns.resolver.Resolver:
    place = settings.FACTEUR.resolver
    if not place:
        try:
            return dns.resolver.Resolver()
        except dns.resolver.NoResolverConfiguration:
            # A machine without name service: every question is then answered with "not now".
            return dns.resolver.Resolver(configure=False)
    found = dns.resolver.Resolver(configure=False)
    host, colon, port = place.rpartition(":")
    if colon and port.isdigit() and ":" not in host.strip("[]"):
        found.nameservers, found.port = [host], int(port)
    else:
        found.nameservers = [place.strip("[]")]
    return found
