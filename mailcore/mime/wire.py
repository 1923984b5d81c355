"""IMAP strings as they go out.

RFC 9051 §9: nstring, quoted, literal. Quoted strings hold printable ASCII only; anything else
goes as a literal. NUL cannot be sent in IMAP and is left out.
"""

import re

_PLAIN = re.compile(rb"[ !#-\[\]-~]*\Z")
_QUOTABLE = re.compile(rb"[ -~]*\Z")
MAX_QUOTED = 1_000


def string(value: bytes) -> bytes:
    if len(value) <= MAX_QUOTED:
        if _PLAIN.match(value):
            return b'"' + value + b'"'
        if _QUOTABLE.match(value):
            return b'"' + value.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
    value = value.replace(b"\0", b"")
    return b"{%d}\r\n%b" % (len(value), value)


def nstring(value: bytes | None) -> bytes:
    return b"NIL" if value is None else string(value)


def text(value: str | None) -> bytes:
    """nstring of text, as UTF-8."""
    return b"NIL" if value is None else string(value.encode("utf-8", "replace"))
