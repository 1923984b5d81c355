"""Whom a condition means: an address, a domain, every domain below one, or the sender of reports. Pure."""

from mailcore.kernel.addresses import MailAddress, fold_domain
from mailcore.kernel.errors import BadSyntax, MailError

NOBODY = "<>"


def read(text: str, *, is_sender: bool = False) -> str:
    """As it is kept. BadSyntax for what is none; `<>` is a sender only."""
    pattern = text.strip()
    if pattern in ("", "*"):
        return ""
    if pattern == NOBODY:
        if is_sender:
            return NOBODY
        raise BadSyntax("Only a sender can be <>, nobody.")
    if "@" in pattern.lstrip("@"):
        return MailAddress.parse(pattern).folded
    return read_domain(pattern.lstrip("@"))


def read_domain(text: str) -> str:
    """`example.org`, or `.example.org` for every domain below it."""
    pattern = text.strip()
    return ("." if pattern.startswith(".") else "") + fold_domain(pattern.lstrip("."))


def matches(pattern: str, address: str) -> bool:
    """`address` folded, "" is nobody."""
    if not pattern:
        return True
    if pattern == NOBODY or not address:
        return pattern == NOBODY and not address
    domain = address.rpartition("@")[2]
    if "@" in pattern:
        return pattern == address
    return domain.endswith(pattern) if pattern.startswith(".") else domain == pattern


def fold(address: str) -> str:
    """What is no address, in lower case."""
    try:
        return MailAddress.parse(address).folded if address else ""
    except MailError:
        return address.lower()


def list_spellings(domain: str) -> list[str]:
    """The patterns that mean a domain, narrowest first."""
    labels = domain.split(".")
    return [domain, *("." + ".".join(labels[start:]) for start in range(1, len(labels)))]
