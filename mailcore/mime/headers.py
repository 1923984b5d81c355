"""Header blocks with byte offsets, as found: CRLF or LF, 8-bit, NULs, lines that are no header.

RFC 5322 §2.2, RFC 6532. A block ends at its first empty line, which belongs to it. A line that
is no field (no colon, a "From " line of an mbox) is kept with an empty name.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from mailcore.kernel.limits import MAX_HEADER_BYTES

from . import charsets, words

_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)\n?|[^\n]+(?:\n[ \t][^\n]*)*\n?")
_BLANK = re.compile(rb"\n\r?\n")
_FIELD_LINES = re.compile(rb"(?:[^\s:]+[ \t]*:[^\n]*(?:\n|\Z)(?:[ \t][^\n]*(?:\n|\Z))*)*")


class Field(NamedTuple):
    name: str
    """As written; "" for a line that is no field."""
    value: bytes
    """Raw, after the colon, folding kept, without the last line end."""
    start: int
    end: int
    """Offsets of the whole field with its last line end."""


class Headers:
    """The fields of one header block, in order. Never changed after parsing."""

    __slots__ = ("_index", "end", "fields", "start")

    def __init__(self, fields: list[Field], start: int, end: int) -> None:
        self.fields = fields
        self.start = start
        self.end = end
        """First byte of the body."""
        index: dict[str, list[Field]] = {}
        for field in fields:
            index.setdefault(field.name.lower(), []).append(field)
        self._index = index

    @classmethod
    def parse(cls, raw: bytes, start: int = 0, end: int | None = None, *, limit: int = MAX_HEADER_BYTES) -> "Headers":
        """Read the block that begins at `start`; fields beyond `limit` bytes are left out."""
        stop = len(raw) if end is None else end
        body = find_body(raw, start, stop)
        fields: list[Field] = []
        for match in _FIELD.finditer(raw, start, min(body, start + limit)):
            name, value = match.groups()
            if name is not None:
                fields.append(Field(name.decode("ascii"), value.rstrip(b"\r"), *match.span()))
            elif not (line := match.group()).isspace():
                fields.append(Field("", line.rstrip(b"\r\n"), *match.span()))
        return cls(fields, start, body)

    def raw(self, name: str) -> bytes | None:
        """The first field's value as written, folding and all."""
        found = self._index.get(name.lower())
        return found[0].value if found else None

    def unfolded(self, name: str) -> bytes | None:
        """The first field's value on one line, not decoded, without NULs."""
        found = self._index.get(name.lower())
        return unfold(found[0].value) if found else None

    def get_text(self, name: str) -> str | None:
        """The first field's value as text on one line, encoded words left as they are."""
        found = self._index.get(name.lower())
        return charsets.decode_header_bytes(unfold(found[0].value)) if found else None

    def get(self, name: str) -> str | None:
        """The first field's value decoded for people."""
        found = self._index.get(name.lower())
        return decode_value(found[0].value) if found else None

    def get_all(self, name: str) -> list[str]:
        return [decode_value(field.value) for field in self._index.get(name.lower(), ())]

    def get_fields(self, name: str) -> list[Field]:
        return self._index.get(name.lower(), [])

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._index

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)


def find_body(raw: bytes, start: int, end: int) -> int:
    """Offset of the first byte after the header block's empty line.

    Without an empty line, the block ends with the last line that looks like a field.
    """
    if raw.startswith(b"\n", start, end):
        return start + 1
    if raw.startswith(b"\r\n", start, end):
        return start + 2
    blank = _BLANK.search(raw, start, end)
    if blank is not None:
        return blank.end()
    match = _FIELD_LINES.match(raw, start, end)
    return match.end() if match else start


def unfold(value: bytes) -> bytes:
    """A raw value on one line: line ends and NULs removed, outer blanks stripped (RFC 5322 §2.2.3)."""
    if b"\n" in value or b"\r" in value or b"\0" in value:
        value = value.replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b"")
    return value.strip(b" \t")


def decode_value(value: bytes) -> str:
    return words.decode(charsets.decode_header_bytes(unfold(value)))
