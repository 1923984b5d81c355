"""CONNECT: lists of hosts in the DNS, bad and good ones (RFC 5782). Zones by setting; a list that does not answer says nothing."""

from collections.abc import Iterator
from functools import lru_cache
from ipaddress import ip_address

from django.conf import settings

from mailcore.trust.names import Bounded, Kind, NamesFailed, reverse_name
from mailcore.trust.naming import get_names

from ..verdicts import Act, Verdict
from ..visit import Visit

RULE = "dnslists"
SECONDS = 6.0


def ask(visit: Visit) -> Iterator[Verdict]:
    good, bad = settings.FACTEUR.dns_allowlists, settings.FACTEUR.dns_blocklists
    if not (good or bad) or not _is_address(visit.peer):
        return
    names = Bounded(get_names(), seconds=SECONDS, questions=len(good) + len(bad))
    for zone, _ in map(read_zone, good):
        if _is_listed(names, visit.peer, zone):
            visit.is_listed_good = True
            yield Verdict(Act.TAG, RULE, f"{visit.peer} is on the list of good hosts {zone}", points=-2.0)
            return
    for zone, points in map(read_zone, bad):
        if not _is_listed(names, visit.peer, zone):
            continue
        words = f"{visit.peer} is on the list {zone}"
        if points:
            yield Verdict(Act.TAG, RULE, words, points=points)
        else:
            yield Verdict(Act.REFUSE, RULE, words, public=f"{visit.peer} is listed by {zone}.")


@lru_cache(maxsize=64)
def read_zone(text: str) -> tuple[str, float]:
    """`zone=2.5` → its points; `zone` alone refuses."""
    zone, _, points = text.partition("=")
    return zone.strip("."), float(points) if points else 0.0


def _is_listed(names: Bounded, peer: str, zone: str) -> bool:
    """RFC 5782 §2.1, §2.4: the octets reversed, under the zone; an answer in 127/8 is a yes."""
    name = f"{reverse_name(peer).removesuffix('.in-addr.arpa').removesuffix('.ip6.arpa')}.{zone}"
    try:
        found = names.look_up(name, Kind.A, timeout=SECONDS)
    except NamesFailed:
        return False
    # 127.255.255.x is how some lists say "you ask too much" or "wrong name server", which is no listing.
    return any(record.startswith("127.") and not record.startswith("127.255.255.") for record in found.records)


def _is_address(peer: str) -> bool:
    try:
        ip_address(peer)
    except ValueError:
        return False
    return True
