"""Which blobs hold a needle, by the index: words say yes, trigrams say no, the text itself says the rest."""

import re
from collections.abc import Set
from typing import NamedTuple

from .index import Index

_WORD = re.compile(r"[a-z0-9]{2,64}\Z", re.ASCII)
MAX_GRAMS = 12
LIMIT_FACTOR = 3
LIMIT_BASE = 20_000
"""The index serves all mailboxes. A needle that so many blobs elsewhere may hold does not narrow a small folder:
its own texts are read then, and the cost stays the folder's."""


class Verdict(NamedTuple):
    surely: Set[int]
    maybe: Set[int]
    """Has to be looked at."""


def narrow(index: Index, field: str, needle: str, blob_ids: Set[int]) -> Verdict:
    """`field` is "header" or "body"; `needle` is folded. What is in neither set does not hold it."""
    grams = [needle[at : at + 3] for at in range(len(needle) - 2)]
    if not grams:
        return Verdict(frozenset(), blob_ids)
    # Every third one covers the needle; the last one its end.
    chosen = list(dict.fromkeys([*grams[::3], grams[-1]]))[:MAX_GRAMS]
    limit = LIMIT_BASE + LIMIT_FACTOR * len(blob_ids)
    found = _ask(index, f"{field}_grams", " AND ".join('"' + gram.replace('"', '""') + '"' for gram in chosen), limit)
    maybe = blob_ids if found is None else blob_ids & found
    if len(needle) == 3 and found is not None:
        return Verdict(maybe, frozenset())
    if not maybe or not _WORD.match(needle):
        return Verdict(frozenset(), maybe)
    words = _ask(index, f"{field}_words", f'"{needle}"', limit)
    surely = maybe & (words or frozenset())
    return Verdict(surely, maybe - surely)


def verify(index: Index, field: str, needle: str, blob_ids: Set[int]) -> set[int]:
    """Those whose text holds the needle."""
    return {row[0] for row in index.read_rows("SELECT blob_id FROM texts", blob_ids, f"instr({field}, :needle) > 0", needle)}


def find(index: Index, field: str, needle: str, blob_ids: Set[int]) -> set[int]:
    """The blobs among these whose header or body holds a needle."""
    surely, maybe = narrow(index, field, needle, blob_ids)
    return set(surely) | verify(index, field, needle, maybe)


def _ask(index: Index, table: str, query: str, limit: int) -> set[int] | None:
    """None where there are too many to be of use."""
    rows = index.connection.execute(f"SELECT rowid FROM {table} WHERE {table} MATCH ? LIMIT {limit}", (query,)).fetchall()
    return {row[0] for row in rows} if len(rows) < limit else None
