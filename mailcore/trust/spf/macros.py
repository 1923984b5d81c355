"""Macro strings: what `%{...}` stands for. RFC 7208 §7. Pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import quote

MAX_NAME = 253
_EXPAND = re.compile(r"%(?:\{([A-Za-z])(\d*)(r?)([.\-+,/_=]*)\}|([%_-]))")
_LITERAL = re.compile(r"[!-$&-~]*\Z")
_EXPLAIN_LITERAL = re.compile(r"[ !-$&-~]*\Z")
_TOP_LABEL = re.compile(r"\.(?:[A-Za-z0-9]*[A-Za-z][A-Za-z0-9]*|[A-Za-z0-9]+-[A-Za-z0-9-]*[A-Za-z0-9])\.?\Z")
_LETTERS = frozenset("slodipvh")
_EXPLAIN_LETTERS = _LETTERS | frozenset("crt")


class BadMacro(ValueError):
    """The text breaks RFC 7208 §7.1: a permanent error of the record."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What the letters stand for."""

    local: str
    sender_domain: str
    domain: str
    address: IPv4Address | IPv6Address
    helo: str
    find_peer_name: Callable[[], str]
    """`p`: asked only where the letter occurs, for it costs look-ups."""
    receiver: str
    now: int


def check_syntax(text: str, *, is_explanation: bool = False) -> None:
    literal, letters = (_EXPLAIN_LITERAL, _EXPLAIN_LETTERS) if is_explanation else (_LITERAL, _LETTERS)
    position = 0
    while position < len(text):
        start = text.find("%", position)
        plain = text[position : start if start >= 0 else len(text)]
        if not literal.match(plain):
            raise BadMacro(f"a character that may not stand in {text!r}")
        if start < 0:
            return
        match = _EXPAND.match(text, start)
        if match is None or (match[1] and match[1].lower() not in letters) or (match[2] and int(match[2][:4]) == 0):
            raise BadMacro(f"no macro at {text[start : start + 12]!r}")
        position = match.end()


def check_domain(text: str) -> None:
    """A domain-spec: a macro string that ends in a top label or a macro (RFC 7208 §7.1)."""
    check_syntax(text)
    found = list(_EXPAND.finditer(text))
    ends_in_macro = bool(found) and found[-1].end() == len(text) and found[-1][1] is not None
    if not ends_in_macro and not _TOP_LABEL.search(text):
        raise BadMacro(f"{text!r} is no domain name")


def expand(text: str, scope: Scope) -> str:
    return _EXPAND.sub(lambda match: _replace(match, scope), text)


def expand_name(text: str, scope: Scope) -> str:
    """A domain-spec expanded; labels are dropped from the left until it fits (RFC 7208 §7.3)."""
    name = expand(text, scope).rstrip(".")
    while len(name) > MAX_NAME and "." in name:
        name = name.partition(".")[2]
    return name


def _replace(match: re.Match[str], scope: Scope) -> str:
    if match[5]:
        return {"%": "%", "_": " ", "-": "%20"}[match[5]]
    value = _value(match[1].lower(), scope)
    if match[2] or match[3] or match[4]:
        parts = re.split(f"[{re.escape(match[4] or '.')}]", value)
        if match[3]:
            parts.reverse()
        if match[2]:
            parts = parts[-min(int(match[2][:4]), len(parts)) :]
        value = ".".join(parts)
    return quote(value, safe="") if match[1].isupper() else value


def _value(letter: str, scope: Scope) -> str:
    if letter == "p":
        return scope.find_peer_name()
    is_four = isinstance(scope.address, IPv4Address)
    return {
        "s": f"{scope.local}@{scope.sender_domain}",
        "l": scope.local,
        "o": scope.sender_domain,
        "d": scope.domain,
        "i": str(scope.address) if is_four else ".".join(scope.address.exploded.replace(":", "")),
        "v": "in-addr" if is_four else "ip6",
        "h": scope.helo,
        "c": str(scope.address),
        "r": scope.receiver,
        "t": str(scope.now),
    }[letter]
