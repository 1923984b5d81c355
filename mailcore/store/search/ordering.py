"""SORT over columns (RFC 5256 §3, RFC 5957): one order of the whole folder, remembered, of which a search takes its part."""

from array import array
from collections.abc import Iterable, Sequence
from functools import partial

from mailcore.kernel.mailstore import SortKey

from ..models import Folder
from . import columns
from .columns import Columns
from .index import Index

MAX_REMEMBERED = 8
"""Orders of a folder; each costs four octets a message."""
_NUMBERS: dict[SortKey, str] = {"date": "sent_at", "arrival": "internaldate", "size": "size"}
_TEXTS: dict[SortKey, str] = {
    "cc": "mail_cc",
    "displayfrom": "name_from",
    "displayto": "name_to",
    "from": "mail_from",
    "subject": "base",
    "to": "mail_to",
}
Keys = tuple[tuple[SortKey, bool], ...]


def sort(folder: Folder, keys: Sequence[tuple[SortKey, bool]], uids: Sequence[int]) -> Sequence[int]:
    """See kernel.mailstore.MailStore.sort."""
    return columns.use(folder, uids[-1], partial(_sort, tuple(keys), uids)) if uids else ()


def _sort(keys: Keys, uids: Sequence[int], _: Index, rows: Columns) -> Sequence[int]:
    places: Iterable[int] = order(rows, keys)
    asked = rows.mask(uids)
    if 0 in asked:
        places = [place for place in places if asked[place]]
    return array("I", map(rows.uids.__getitem__, places))


def order(rows: Columns, keys: Keys) -> "array[int]":
    """All rows in order, by position."""
    known = rows.remembered.get(keys)
    if isinstance(known, array):
        return known
    places = list(range(len(rows.uids)))
    # From the least key to the first: each sort keeps the order of what it calls equal, turned round or not.
    for name, is_reversed in reversed(keys):
        values: Sequence[int] | Sequence[str] = rows.numbers(_NUMBERS[name]) if name in _NUMBERS else rows.lines(_TEXTS[name])
        places.sort(key=values.__getitem__, reverse=is_reversed)
    found = array("I", places)
    if len(rows.remembered) >= MAX_REMEMBERED:
        rows.remembered.clear()
    rows.remembered[keys] = found
    return found
