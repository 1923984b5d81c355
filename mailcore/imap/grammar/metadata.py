"""GETMETADATA and SETMETADATA (RFC 5464 §4.2, §4.3)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .cursor import BadCommand, Cursor
from .names import parse_name

MAX_ENTRIES = 100
_ENTRY = re.compile(rb"/(?:private|shared)(?:/[!-$&-)+-.0-~]+(?: [!-$&-)+-.0-~]+)*)+\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class GetMetadata:
    name: str
    """"" is the server."""
    entries: tuple[str, ...]
    depth: int | None = 0
    """0, 1, or None for everything below."""
    max_size: int | None = None


@dataclass(frozen=True, slots=True)
class SetMetadata:
    name: str
    values: Mapping[str, bytes | None]


def parse_get(cursor: Cursor) -> GetMetadata:
    """The options stand before the name, or as the examples of the RFC have it after it."""
    cursor.space()
    depth: int | None = 0
    max_size: int | None = None
    if cursor.peek(b"("):
        depth, max_size = _parse_options(cursor)
        cursor.space()
    name = parse_name(cursor)
    cursor.space()
    if cursor.peek(b"(") and cursor.text[cursor.position + 1 : cursor.position + 6].upper() in (b"MAXSI", b"DEPTH"):
        depth, max_size = _parse_options(cursor)
        cursor.space()
    if not cursor.skip(b"("):
        return GetMetadata(name, (_parse_entry(cursor),), depth, max_size)
    entries = [_parse_entry(cursor)]
    while cursor.skip(b" "):
        entries.append(_parse_entry(cursor))
    cursor.expect(b")")
    if len(entries) > MAX_ENTRIES:
        raise BadCommand("Those are too many entries")
    return GetMetadata(name, tuple(dict.fromkeys(entries)), depth, max_size)


def _parse_options(cursor: Cursor) -> tuple[int | None, int | None]:
    cursor.expect(b"(")
    depth: int | None = 0
    max_size: int | None = None
    while True:
        option = cursor.word()
        cursor.space()
        if option == b"MAXSIZE":
            max_size = cursor.number()
        elif option == b"DEPTH":
            depth = _parse_depth(cursor.word())
        else:
            raise BadCommand("GETMETADATA takes no such option")
        if cursor.skip(b")"):
            return depth, max_size
        cursor.space()


def _parse_depth(word: bytes) -> int | None:
    if word not in (b"0", b"1", b"INFINITY"):
        raise BadCommand("DEPTH is 0, 1 or infinity")
    return None if word == b"INFINITY" else int(word)


def parse_set_metadata(cursor: Cursor) -> SetMetadata:
    cursor.space()
    name = parse_name(cursor)
    cursor.space()
    cursor.expect(b"(")
    values: dict[str, bytes | None] = {}
    while True:
        entry = _parse_entry(cursor)
        cursor.space()
        values[entry] = cursor.literal8() if cursor.peek(b"~") else cursor.nstring()
        if cursor.skip(b")"):
            break
        cursor.space()
    if len(values) > MAX_ENTRIES:
        raise BadCommand("Those are too many entries")
    return SetMetadata(name, values)


def _parse_entry(cursor: Cursor) -> str:
    entry = cursor.astring()
    if len(entry) > 255 or not _ENTRY.match(entry):
        raise BadCommand("That is no entry's name")
    return entry.decode("ascii").lower()
