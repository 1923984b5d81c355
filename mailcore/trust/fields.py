"""A message as signers see it: header fields with every octet they have, and where the body begins. Pure.

RFC 6376 §3.4, RFC 5322 §2.2. Lines end in CRLF, as the door lets in nothing else; a bare LF is
part of its line.
"""

import re
from typing import NamedTuple

from mailcore.kernel.limits import MAX_HEADER_BYTES

_SPACES = re.compile(rb"[ \t]+")
MAX_FIELDS = 2_000


class Field(NamedTuple):
    name: bytes
    """Lower case; b"" for a line that is no field."""
    raw: bytes
    """With its line end."""

    @property
    def value(self) -> bytes:
        """After the colon, folding kept, without the last line end."""
        return self.raw.partition(b":")[2].removesuffix(b"\r\n")


def find_body(raw: bytes) -> tuple[int, int]:
    """(end of the header, start of the body); equal where there is no empty line."""
    if raw.startswith(b"\r\n"):
        return 0, 2
    found = raw.find(b"\r\n\r\n")
    return (len(raw), len(raw)) if found < 0 else (found + 2, found + 4)


def split(raw: bytes) -> tuple[list[Field], int]:
    """(fields from top to bottom, offset of the body). Fields beyond the limits are left out."""
    end, body = find_body(raw)
    found: list[Field] = []
    if end > MAX_HEADER_BYTES:
        end = raw.rfind(b"\r\n", 0, MAX_HEADER_BYTES) + 2
    lines = raw[:end].split(b"\r\n")
    if lines and not lines[-1]:
        lines.pop()
    start = 0
    for position in range(1, len(lines) + 1):
        if position < len(lines) and lines[position][:1] in (b" ", b"\t"):
            continue
        found.append(_make(lines[start:position]))
        start = position
        if len(found) >= MAX_FIELDS:
            break
    return found, body


def _make(lines: list[bytes]) -> Field:
    name, colon, _ = lines[0].partition(b":")
    return Field(name.strip(b" \t").lower() if colon else b"", b"\r\n".join(lines) + b"\r\n")


def unfold(value: bytes) -> bytes:
    return _SPACES.sub(b" ", value.replace(b"\r\n", b"")).strip(b" \t")


def get_all(fields: list[Field], name: bytes) -> list[Field]:
    return [field for field in fields if field.name == name]
