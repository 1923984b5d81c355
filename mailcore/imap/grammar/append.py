"""APPEND (RFC 3501 §6.3.11)."""

from dataclasses import dataclass

from .cursor import BadCommand, Cursor
from .dates import parse_date_time
from .names import parse_name
from .store import Flags, parse_flags


@dataclass(frozen=True, slots=True)
class Append:
    name: str
    flags: Flags
    internaldate: int | None
    raw: bytes


def parse_append(cursor: Cursor) -> Append:
    cursor.space()
    name = parse_name(cursor)
    cursor.space()
    flags, internaldate = Flags(), None
    if cursor.peek(b"("):
        flags = parse_flags(cursor)
        cursor.space()
    if cursor.peek(b'"'):
        internaldate = parse_date_time(cursor)
        cursor.space()
    raw = cursor.literal()
    if not raw:
        raise BadCommand("An empty message cannot be kept")
    return Append(name, flags, internaldate, raw)
