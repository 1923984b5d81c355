"""xtext: how ORCPT, ENVID and AUTH= carry any octet on a command line (RFC 3461 §4)."""

import re

_PLAIN = frozenset(range(33, 127)) - frozenset(b"+=")
_VALID = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*\Z")
_HEX = re.compile(rb"\+([0-9A-F]{2})")


def encode(data: bytes) -> str:
    return "".join(chr(octet) if octet in _PLAIN else f"+{octet:02X}" for octet in data)


def is_xtext(text: str) -> bool:
    return _VALID.match(text) is not None


def decode(text: str) -> bytes:
    """Raises ValueError where `text` is not xtext."""
    if not is_xtext(text):
        raise ValueError("not xtext")
    return _HEX.sub(lambda match: bytes([int(match[1], 16)]), text.encode("ascii"))
