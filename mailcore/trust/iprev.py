"""Whether an address has a name that leads back to it. RFC 8601 §3. Pure; asks only the names port."""

from ipaddress import ip_address

from .names import Kind, Names, NamesFailed, reverse_name

MAX_NAMES = 5


def check(names: Names, address: str) -> tuple[str, str]:
    """(pass, fail, temperror or permerror; the name where there is one)."""
    try:
        wanted = ip_address(address)
        found = names.look_up(reverse_name(address), Kind.PTR).records
    except ValueError:
        return "permerror", ""
    except NamesFailed:
        return "temperror", ""
    if not found:
        return "permerror", ""
    has_failed = False
    for name in found[:MAX_NAMES]:
        try:
            answer = names.look_up(name, Kind.A if wanted.version == 4 else Kind.AAAA)
        except NamesFailed:
            has_failed = True
            continue
        if any(_same(text, address) for text in answer.records):
            return "pass", name
    return ("temperror" if has_failed else "fail"), found[0]


def _same(one: str, other: str) -> bool:
    try:
        return ip_address(one) == ip_address(other)
    except ValueError:
        return False
