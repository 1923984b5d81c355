"""Whether the lists that many hosts ask know an address or a domain of ours. RFC 5782 §2. Pure; asks only the names port."""

from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from .names import Kind, Names, NamesFailed, reverse_name

OF_ADDRESSES = ("zen.spamhaus.org", "bl.spamcop.net", "b.barracudacentral.org", "psbl.surriel.com")
OF_DOMAINS = ("dbl.spamhaus.org", "multi.surbl.org")
TIMEOUT = 2.0
"""Seconds for one list: somebody waits for the page."""

_ANSWERS = ip_network("127.0.0.0/8")
# What a list says to who may not ask it, such as the resolver of a large provider: no answer about the name.
_DECLINED = ip_network("127.255.255.0/24")


@dataclass(frozen=True, slots=True)
class Standing:
    listed_by: tuple[str, ...]
    silent: tuple[str, ...]
    """Lists that did not answer, or answer nobody who asks from here."""
    asked: int


def check_address(names: Names, address: str) -> Standing | None:
    """None for an address that is of no use in the open net, which no list can know."""
    if not ip_address(address).is_global:
        return None
    labels = reverse_name(address).removesuffix(".in-addr.arpa").removesuffix(".ip6.arpa")
    return _ask(names, labels, OF_ADDRESSES)


def check_domain(names: Names, domain: str) -> Standing:
    return _ask(names, domain, OF_DOMAINS)


def _ask(names: Names, subject: str, zones: tuple[str, ...]) -> Standing:
    listed, silent = [], []
    for zone in zones:
        try:
            answers = [ip_address(text) for text in names.look_up(f"{subject}.{zone}", Kind.A, timeout=TIMEOUT).records]
        except (NamesFailed, ValueError):
            silent.append(zone)
            continue
        if any(answer in _DECLINED for answer in answers):
            silent.append(zone)
        elif any(answer in _ANSWERS for answer in answers):
            listed.append(zone)
    return Standing(tuple(listed), tuple(silent), len(zones))
