"""APPEND and REPLACE: messages whole or put together from pieces.

RFC 3501 §6.3.11; RFC 3502 MULTIAPPEND; RFC 3516 §4.4 literal8; RFC 4469 CATENATE; RFC 6855 §4; RFC 8508.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from .cursor import BadCommand, Cursor
from .dates import parse_date_time
from .names import parse_name
from .sequences import STAR, parse_set
from .store import Flags, parse_flags

MAX_MESSAGES = 1_000
MAX_PIECES = 1_000


@dataclass(frozen=True, slots=True)
class Url:
    text: bytes


Piece = bytes | Url


@dataclass(frozen=True, slots=True)
class Incoming:
    flags: Flags
    internaldate: int | None
    pieces: Sequence[Piece]
    """One of bytes, or what CATENATE joins."""
    binary: bool = False
    utf8: bool = False
    """It came as UTF8 (…), which a client may send after it has enabled that."""


@dataclass(frozen=True, slots=True)
class Append:
    name: str
    messages: Sequence[Incoming]


@dataclass(frozen=True, slots=True)
class Replace:
    number: int
    """Sequence number or UID; STAR is the last message."""
    name: str
    message: Incoming


def parse_append(cursor: Cursor) -> Append:
    cursor.space()
    name = parse_name(cursor)
    cursor.space()
    messages = [_parse_incoming(cursor)]
    while cursor.skip(b" ") and not cursor.at_end:
        messages.append(_parse_incoming(cursor))
    if len(messages) > MAX_MESSAGES:
        raise BadCommand("Those are too many messages for one APPEND")
    return Append(name, messages)


def parse_replace(cursor: Cursor) -> Replace:
    cursor.space()
    messages = parse_set(cursor)
    if len(messages) != 1 or messages[0][0] != messages[0][1]:
        raise BadCommand("REPLACE takes one message")
    cursor.space()
    name = parse_name(cursor)
    cursor.space()
    return Replace(messages[0][0] or STAR, name, _parse_incoming(cursor))


def _parse_incoming(cursor: Cursor) -> Incoming:
    flags, internaldate = Flags(), None
    if cursor.peek(b"("):
        flags = parse_flags(cursor)
        cursor.space()
    if cursor.peek(b'"'):
        internaldate = parse_date_time(cursor)
        cursor.space()
    if cursor.skip_word(b"CATENATE "):
        return Incoming(flags, internaldate, _parse_pieces(cursor))
    utf8 = cursor.skip_word(b"UTF8 (")
    binary = cursor.peek(b"~")
    raw = cursor.literal8() if binary or utf8 else cursor.literal()
    if utf8:
        cursor.expect(b")")
    if not raw:
        raise BadCommand("An empty message cannot be kept")
    return Incoming(flags, internaldate, (raw,), binary, utf8)


def _parse_pieces(cursor: Cursor) -> Sequence[Piece]:
    cursor.expect(b"(")
    pieces: list[Piece] = []
    while True:
        if cursor.skip_word(b"URL "):
            pieces.append(Url(cursor.astring()))
        elif cursor.skip_word(b"TEXT "):
            pieces.append(cursor.literal8() if cursor.peek(b"~") else cursor.literal())
        else:
            raise BadCommand("Expected TEXT or URL")
        if cursor.skip(b")"):
            break
        cursor.space()
    if len(pieces) > MAX_PIECES:
        raise BadCommand("Those are too many pieces for one message")
    return tuple(pieces)
