"""STORE and flag lists (RFC 3501 §6.4.6; RFC 7162 §3.1.3)."""

from dataclasses import dataclass

from mailcore.kernel import flags as kernel_flags
from mailcore.kernel.mailstore import FlagMode

from .cursor import BadCommand, Cursor
from .sequences import SequenceSet, parse_set

MAX_KEYWORDS = 100
MAX_KEYWORD = 128
_SYSTEM = {name.lower(): bit for name, bit in kernel_flags.BY_NAME.items()}
_MODES = {b"": FlagMode.REPLACE, b"+": FlagMode.ADD, b"-": FlagMode.REMOVE}


@dataclass(frozen=True, slots=True)
class Flags:
    bits: int = 0
    keywords: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Store:
    messages: SequenceSet
    mode: FlagMode
    flags: Flags
    silent: bool = False
    unchanged_since: int | None = None


def parse_store(cursor: Cursor) -> Store:
    cursor.space()
    messages = parse_set(cursor)
    cursor.space()
    unchanged_since = None
    if cursor.skip(b"("):
        if cursor.word() != b"UNCHANGEDSINCE":
            raise BadCommand("STORE takes no such modifier")
        cursor.space()
        unchanged_since = cursor.number(limit=2**63 - 1)
        cursor.expect(b")")
        cursor.space()
    sign = b"+" if cursor.skip(b"+") else b"-" if cursor.skip(b"-") else b""
    word = cursor.word()
    if word not in (b"FLAGS", b"FLAGS.SILENT"):
        raise BadCommand("STORE changes FLAGS only")
    cursor.space()
    flags = parse_flags(cursor) if cursor.peek(b"(") else _parse_bare_flags(cursor)
    return Store(messages, _MODES[sign], flags, word == b"FLAGS.SILENT", unchanged_since)


def parse_flags(cursor: Cursor) -> Flags:
    """`(` flags `)`; \\Recent is passed over, since only the server sets it."""
    cursor.expect(b"(")
    names: list[bytes] = []
    while not cursor.skip(b")"):
        if names:
            cursor.space()
        names.append(cursor.flag())
    return _sort_flags(names)


def _parse_bare_flags(cursor: Cursor) -> Flags:
    names = [cursor.flag()]
    while cursor.skip(b" "):
        names.append(cursor.flag())
    return _sort_flags(names)


def _sort_flags(names: list[bytes]) -> Flags:
    bits = 0
    keywords: dict[str, str] = {}
    for name in names:
        text = name.decode("ascii")
        if not text.startswith("\\"):
            keywords.setdefault(text.lower(), text)
        elif text.lower() in _SYSTEM:
            bits |= _SYSTEM[text.lower()]
        elif text.lower() != "\\recent":
            raise BadCommand(f"There is no flag {text[:40]}")
    if len(keywords) > MAX_KEYWORDS or any(len(word) > MAX_KEYWORD for word in keywords):
        raise BadCommand("Those are too many or too long keywords")
    return Flags(bits, frozenset(keywords.values()))
