"""SORT and THREAD (RFC 5256 §5; RFC 5957 §4; RFC 5267 §3 for RETURN; RFC 6203 §5 for RELEVANCY)."""

from dataclasses import dataclass
from typing import cast, get_args

from mailcore.kernel.mailstore import SortKey, Threading

from .cursor import BadCommand, Cursor
from .search import Returns, Search, parse_keys, parse_returns, read_charset

_KEYS = {name.upper().encode("ascii"): cast(SortKey, name) for name in get_args(SortKey)}
_THREADINGS = {name.upper().encode("ascii"): cast(Threading, name) for name in get_args(Threading)}
MAX_KEYS = 20


@dataclass(frozen=True, slots=True)
class Sort:
    keys: tuple[tuple[SortKey, bool], ...]
    """With whether it is reversed."""
    search: Search
    relevancy: int = 0
    """1 where the best come before all that the keys say, -1 where the worst do, 0 where it is not asked."""


@dataclass(frozen=True, slots=True)
class Thread:
    how: Threading
    search: Search


def parse_sort(cursor: Cursor) -> Sort:
    """RELEVANCY stands first: how well a message fits is one of two scores, which nobody wants to tell equal subjects apart by."""
    cursor.space()
    returns = parse_returns(cursor)
    keys: list[tuple[SortKey, bool]] = []
    is_reversed = False
    relevancy = 0
    for word in cursor.words_in_list():
        if word == b"REVERSE" and not is_reversed:
            is_reversed = True
        elif word == b"RELEVANCY" and not keys and not relevancy:
            relevancy, is_reversed = -1 if is_reversed else 1, False
        elif word in _KEYS:
            keys.append((_KEYS[word], is_reversed))
            is_reversed = False
        else:
            raise BadCommand("SORT knows no such criterion")
    if not (keys or relevancy) or is_reversed:
        raise BadCommand("SORT needs a criterion")
    if len(keys) > MAX_KEYS:
        raise BadCommand("Too many sort criteria")
    cursor.space()
    asked = Sort(tuple(keys), _parse_searched(cursor, returns), relevancy)
    if relevancy and not asked.search.fuzzy:
        raise BadCommand("RELEVANCY needs a FUZZY key")
    return asked


def parse_thread(cursor: Cursor) -> Thread:
    cursor.space()
    how = _THREADINGS.get(cursor.word())
    if how is None:
        raise BadCommand("There is no such threading algorithm")
    cursor.space()
    return Thread(how, _parse_searched(cursor, None))


def _parse_searched(cursor: Cursor, returns: Returns | None) -> Search:
    codec = read_charset(cursor.astring())
    cursor.space()
    return parse_keys(cursor, codec, returns)
