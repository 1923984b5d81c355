"""ESEARCH: one search over several folders (RFC 7377 §2.1)."""

from dataclasses import dataclass, field

from .cursor import BadCommand, Cursor
from .names import parse_names
from .search import Returns, Search, parse_returns, parse_searched

_PLAIN = (b"SELECTED", b"INBOXES", b"PERSONAL", b"SUBSCRIBED")
_NAMED = (b"SUBTREE", b"SUBTREE-ONE", b"MAILBOXES")
MAX_SOURCES = 100


@dataclass(frozen=True, slots=True)
class Source:
    kind: bytes
    """In capitals."""
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MultiSearch:
    search: Search
    sources: tuple[Source, ...] = field(default=(Source(b"SELECTED"),))


def parse_multi_search(cursor: Cursor) -> MultiSearch:
    cursor.space()
    sources: tuple[Source, ...] = (Source(b"SELECTED"),)
    if cursor.text[cursor.position : cursor.position + 4].upper() == b"IN (":
        cursor.position += 4
        sources = _parse_sources(cursor)
        cursor.space()
    returns = parse_returns(cursor) or Returns(frozenset((b"ALL",)))
    if b"UPDATE" in returns.words:
        raise BadCommand("Only SEARCH and SORT of the open folder are kept up to date")
    if b"SAVE" in returns.words and sources != (Source(b"SELECTED"),):
        raise BadCommand("SAVE keeps what is found in the open folder only")
    return MultiSearch(parse_searched(cursor, returns), sources)


def _parse_sources(cursor: Cursor) -> tuple[Source, ...]:
    sources = [_parse_source(cursor)]
    while not cursor.skip(b")"):
        cursor.space()
        if cursor.peek(b"("):
            raise BadCommand("ESEARCH knows no such scope")
        sources.append(_parse_source(cursor))
    if len(sources) > MAX_SOURCES:
        raise BadCommand("Those are too many folders")
    return tuple(sources)


def _parse_source(cursor: Cursor) -> Source:
    kind = cursor.word()
    if kind in _PLAIN:
        return Source(kind)
    if kind not in _NAMED:
        raise BadCommand("ESEARCH knows no such folders")
    cursor.space()
    return Source(kind, parse_names(cursor))
