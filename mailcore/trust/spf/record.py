"""The text of an SPF record as a list of terms. RFC 7208 §4.5, §4.6, §5, §6, §12. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from . import macros

_MODIFIER = re.compile(r"([A-Za-z][A-Za-z0-9_.-]*)=(.*)\Z", re.DOTALL)
_PREFIX = re.compile(r"(?:/(0|[1-9]\d?))?(?://(0|[1-9]\d{0,2}))?\Z")
_TAKES_DOMAIN = frozenset({"include", "a", "mx", "ptr", "exists"})
_NEEDS_DOMAIN = frozenset({"include", "exists"})
_TAKES_PREFIX = frozenset({"a", "mx"})


class BadRecord(ValueError):
    """Not a record that can be followed: permerror."""


@dataclass(frozen=True, slots=True)
class Directive:
    qualifier: str
    mechanism: str
    domain: str = ""
    """A macro string; "" is the domain asked about."""
    network: IPv4Address | IPv6Address | None = None
    prefix4: int = 32
    prefix6: int = 128


@dataclass(frozen=True, slots=True)
class Record:
    directives: tuple[Directive, ...]
    redirect: str = ""
    explanation: str = ""


def choose(texts: Sequence[str]) -> str | None:
    """The SPF record among TXT records, None where there is none; BadRecord where there are several."""
    found = [text for text in texts if re.match(r"v=spf1(?: |\Z)", text, re.IGNORECASE)]
    if len(found) > 1:
        raise BadRecord("more than one SPF record")
    return found[0] if found else None


def parse(text: str) -> Record:
    if not text.isascii():
        raise BadRecord("a character outside ASCII")
    directives: list[Directive] = []
    modifiers: dict[str, str] = {}
    for term in text[len("v=spf1") :].split(" "):
        if not term:
            continue
        modifier = _MODIFIER.match(term)
        if modifier is None:
            directives.append(_parse_directive(term))
            continue
        name, value = modifier[1].lower(), modifier[2]
        try:
            if name in ("redirect", "exp"):
                macros.check_domain(value)
            else:
                macros.check_syntax(value)
        except macros.BadMacro as error:
            raise BadRecord(str(error)) from error
        if name in ("redirect", "exp"):
            if name in modifiers:
                raise BadRecord(f"{name} given twice")
            modifiers[name] = value
    return Record(tuple(directives), modifiers.get("redirect", ""), modifiers.get("exp", ""))


def _parse_directive(term: str) -> Directive:
    match = re.match(r"([+?~-]?)([A-Za-z][A-Za-z0-9]*)(.*)\Z", term, re.DOTALL)
    if match is None:
        raise BadRecord(f"no term: {term!r}")
    qualifier, name, rest = match[1] or "+", match[2].lower(), match[3]
    if name == "all":
        if rest:
            raise BadRecord("all takes no argument")
        return Directive(qualifier, "all")
    if name in ("ip4", "ip6"):
        return _parse_network(qualifier, name, rest)
    if name not in _TAKES_DOMAIN:
        raise BadRecord(f"no such mechanism: {name!r}")
    domain, prefix = _cut_prefix(rest) if name in _TAKES_PREFIX else (rest, "")
    if domain:
        if not domain.startswith(":") or len(domain) == 1:
            raise BadRecord(f"no term: {term!r}")
        domain = domain[1:]
        try:
            macros.check_domain(domain)
        except macros.BadMacro as error:
            raise BadRecord(str(error)) from error
    elif name in _NEEDS_DOMAIN:
        raise BadRecord(f"{name} needs a domain")
    return Directive(qualifier, name, domain, None, *_parse_prefix(prefix))


def _cut_prefix(rest: str) -> tuple[str, str]:
    """A slash inside a macro's braces is a delimiter, any other begins the prefix lengths."""
    depth = 0
    for position, char in enumerate(rest):
        depth += {"{": 1, "}": -1}.get(char, 0)
        if char == "/" and depth <= 0 and _PREFIX.match(rest, position):
            return rest[:position], rest[position:]
    return rest, ""


def _parse_prefix(text: str) -> tuple[int, int]:
    match = _PREFIX.match(text)
    if match is None:
        raise BadRecord(f"no prefix length: {text!r}")
    four, six = int(match[1] or 32), int(match[2] or 128)
    if four > 32 or six > 128:
        raise BadRecord(f"no prefix length: {text!r}")
    return (int(match[1]) if match[1] is not None else 32), (int(match[2]) if match[2] is not None else 128)


def _parse_network(qualifier: str, name: str, rest: str) -> Directive:
    if not rest.startswith(":"):
        raise BadRecord(f"{name} needs an address")
    text, slash, length = rest[1:].partition("/")
    largest = 32 if name == "ip4" else 128
    if slash and not re.fullmatch(r"0|[1-9]\d{0,2}", length):
        raise BadRecord(f"no prefix length: {length!r}")
    prefix = int(length) if slash else largest
    if prefix > largest:
        raise BadRecord(f"no prefix length: {length!r}")
    try:
        network = IPv4Address(text) if name == "ip4" else IPv6Address(text)
    except AddressValueError as error:
        raise BadRecord(f"no address: {text!r}") from error
    return Directive(qualifier, name, "", network, prefix, prefix)
