"""FETCH: which messages, which items (RFC 3501 §6.4.5; RFC 7162 §3.1.4, §3.2.6; RFC 3516; RFC 8474; RFC 8514; RFC 8970; RFC 9394)."""

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from mailcore.kernel.limits import MAX_PART_DEPTH

from .cursor import BadCommand, Cursor
from .framing import Command
from .responses import write_astring
from .sequences import SequenceSet, parse_partial, parse_set

MACROS: dict[bytes, tuple[bytes, ...]] = {
    b"FAST": (b"FLAGS", b"INTERNALDATE", b"RFC822.SIZE"),
    b"ALL": (b"FLAGS", b"INTERNALDATE", b"RFC822.SIZE", b"ENVELOPE"),
    b"FULL": (b"FLAGS", b"INTERNALDATE", b"RFC822.SIZE", b"ENVELOPE", b"BODY"),
}
SIMPLE = frozenset((
    b"UID", b"FLAGS", b"INTERNALDATE", b"RFC822.SIZE", b"ENVELOPE", b"BODY", b"BODYSTRUCTURE", b"MODSEQ",
    b"EMAILID", b"THREADID", b"SAVEDATE", b"PREVIEW",
))  # fmt: skip
MAX_ITEMS = 200
MAX_KEPT = 1_024
"""Octets of a list of items that is remembered."""
MAX_LEVELS = 2 * MAX_PART_DEPTH
"""A part in a message in a part counts twice."""
_PATH = re.compile(rb"[1-9]\d{0,5}(?:\.[1-9]\d{0,5})*")
_ITEM = re.compile(rb"[A-Za-z0-9.]+")


@dataclass(frozen=True, slots=True)
class Section:
    """What stands in the brackets of BODY[…]."""

    path: tuple[int, ...] = ()
    kind: bytes = b""
    """"", HEADER, HEADER.FIELDS, HEADER.FIELDS.NOT, TEXT or MIME."""
    fields: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Body:
    section: Section
    label: bytes
    """The item's name in the response, without the partial."""
    peek: bool = False
    partial: tuple[int, int] | None = None
    """(first octet, count)."""


@dataclass(frozen=True, slots=True)
class Binary:
    """BINARY[…], BINARY.PEEK[…] or BINARY.SIZE[…]: a part with its transfer encoding undone (RFC 3516 §4.2, §4.3)."""

    path: tuple[int, ...]
    label: bytes
    peek: bool
    partial: tuple[int, int] | None = None
    size: bool = False


Item = bytes | Body | Binary
_BINARIES = (b"BINARY", b"BINARY.PEEK", b"BINARY.SIZE")
_OLD: dict[bytes, Body] = {
    b"RFC822": Body(Section(), b"RFC822"),
    b"RFC822.HEADER": Body(Section(kind=b"HEADER"), b"RFC822.HEADER", peek=True),
    b"RFC822.TEXT": Body(Section(kind=b"TEXT"), b"RFC822.TEXT"),
}


@dataclass(frozen=True, slots=True)
class Fetch:
    messages: SequenceSet
    items: tuple[Item, ...]
    changed_since: int | None = None
    vanished: bool = False
    partial: tuple[int, int] | None = None
    """Ranks among the messages that are there (RFC 9394 §3.3)."""


def parse_fetch(cursor: Cursor) -> Fetch:
    cursor.space()
    messages = parse_set(cursor)
    cursor.space()
    rest = cursor.plain_rest()
    if rest is None or len(rest) > MAX_KEPT:
        return _parse_modifiers(cursor, Fetch(messages, _parse_items(cursor)))
    # What a program asks for is the same in every folder, and takes longer to read than to look up.
    asked = _parse_rest(rest)
    cursor.position = len(cursor.text)
    return Fetch(messages, asked.items, asked.changed_since, asked.vanished, asked.partial)


@lru_cache(maxsize=512)
def _parse_rest(text: bytes) -> Fetch:
    """All that stands behind the sequence set, of no messages."""
    cursor = Cursor(Command(text))
    asked = _parse_modifiers(cursor, Fetch((), _parse_items(cursor)))
    cursor.end()
    return asked


def _parse_modifiers(cursor: Cursor, asked: Fetch) -> Fetch:
    """What stands in a second list of parentheses, each word once at most (RFC 4466 §2.4)."""
    if not cursor.skip(b" ("):
        return asked
    while True:
        word = cursor.word()
        if word == b"CHANGEDSINCE" and asked.changed_since is None:
            cursor.space()
            asked = replace(asked, changed_since=cursor.number(limit=2**63 - 1))
        elif word == b"VANISHED" and not asked.vanished:
            asked = replace(asked, vanished=True)
        elif word == b"PARTIAL" and asked.partial is None:
            cursor.space()
            asked = replace(asked, partial=parse_partial(cursor))
        else:
            raise BadCommand("FETCH takes no such modifier")
        if cursor.skip(b")"):
            return asked
        cursor.space()


def parse_item_list(cursor: Cursor) -> tuple[Item, ...]:
    """`(` items `)`."""
    cursor.expect(b"(")
    items = [_parse_item(cursor)]
    while cursor.skip(b" "):
        items.append(_parse_item(cursor))
    cursor.expect(b")")
    if len(items) > MAX_ITEMS:
        raise BadCommand("More than 200 items in FETCH")
    return tuple(dict.fromkeys(items))


def _parse_items(cursor: Cursor) -> tuple[Item, ...]:
    if not cursor.peek(b"("):
        start = cursor.position
        macro = MACROS.get(cursor.match(_ITEM, "a fetch item").upper())
        if macro is not None:
            return macro
        cursor.position = start
        return (_parse_item(cursor),)
    return parse_item_list(cursor)


def _parse_item(cursor: Cursor) -> Item:
    name = cursor.match(_ITEM, "a fetch item").upper()
    if cursor.peek(b"[") and name in (b"BODY", b"BODY.PEEK"):
        return _parse_body(cursor, peek=name == b"BODY.PEEK")
    if cursor.peek(b"[") and name in _BINARIES:
        return _parse_binary(cursor, name)
    if name in _OLD:
        return _OLD[name]
    if name not in SIMPLE:
        raise BadCommand(f"FETCH knows no item {name.decode('ascii', 'replace')[:40]}")
    if name == b"PREVIEW" and cursor.skip(b" ("):
        if cursor.word() != b"LAZY":
            raise BadCommand("PREVIEW takes LAZY only")
        cursor.expect(b")")
    return name


def _parse_body(cursor: Cursor, *, peek: bool) -> Body:
    section = parse_section(cursor)
    return Body(section, b"BODY" + write_section(section), peek, _parse_partial(cursor))


def _parse_binary(cursor: Cursor, name: bytes) -> Binary:
    cursor.expect(b"[")
    path: tuple[int, ...] = ()
    if not cursor.peek(b"]"):
        path = _parse_path(cursor)
    cursor.expect(b"]")
    is_size = name == b"BINARY.SIZE"
    label = (name if is_size else b"BINARY") + write_section(Section(path))
    return Binary(path, label, name != b"BINARY", None if is_size else _parse_partial(cursor), is_size)


def _parse_partial(cursor: Cursor) -> tuple[int, int] | None:
    if not cursor.skip(b"<"):
        return None
    first = cursor.number(limit=2**63 - 1)
    cursor.expect(b".")
    count = cursor.number(limit=2**63 - 1)
    if not count:
        raise BadCommand("A partial fetch asks for at least one octet")
    cursor.expect(b">")
    return (first, count)


def _parse_path(cursor: Cursor) -> tuple[int, ...]:
    path = tuple(map(int, cursor.match(_PATH, "a part number").split(b".")))
    if len(path) > MAX_LEVELS:
        raise BadCommand("No message has parts that deep")
    return path


def parse_section(cursor: Cursor) -> Section:
    """`[` section `]`."""
    cursor.expect(b"[")
    path: tuple[int, ...] = ()
    if cursor.text[cursor.position : cursor.position + 1].isdigit():
        path = _parse_path(cursor)
        if cursor.skip(b"]"):
            return Section(path)
        cursor.expect(b".")
    elif cursor.skip(b"]"):
        return Section()
    kind = cursor.word()
    fields: tuple[bytes, ...] = ()
    if kind in (b"HEADER.FIELDS", b"HEADER.FIELDS.NOT"):
        cursor.space()
        fields = _parse_fields(cursor)
    elif kind not in (b"HEADER", b"TEXT") and not (kind == b"MIME" and path):
        raise BadCommand("There is no such section")
    cursor.expect(b"]")
    return Section(path, kind, fields)


def _parse_fields(cursor: Cursor) -> tuple[bytes, ...]:
    cursor.expect(b"(")
    fields = [cursor.astring()]
    while cursor.skip(b" "):
        fields.append(cursor.astring())
    cursor.expect(b")")
    if len(fields) > MAX_ITEMS:
        raise BadCommand("More than 200 header fields in FETCH")
    return tuple(fields)


def write_section(section: Section) -> bytes:
    pieces = [b"%d" % number for number in section.path]
    if section.kind:
        pieces.append(section.kind)
    fields = b" (%b)" % b" ".join(map(write_astring, section.fields)) if section.fields else b""
    return b"[%b%b]" % (b".".join(pieces), fields)
