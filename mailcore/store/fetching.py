"""FETCH by columns: rows straight from SQL, bodies straight from the packs.

The hot path of IMAP. Raw SQL and plain tuples: envelopes of 100,000 messages come at more than
150,000 rows a second, where model instances give about 30,000.
"""

import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, starmap
from operator import itemgetter
from typing import Any, NamedTuple

from mailcore.kernel.ids import FolderId
from mailcore.kernel.mailstore import Column
from mailcore.mime import structure
from mailcore.mime.parts import Part

from . import blobs, headers
from .statements import ask
from .uidsets import chunk

WINDOW = 4_000
BODY_WINDOW = 64
MAX_KEPT_STRUCTURE = 2_048
MAX_SPARSE = 4
"""Up to this many times more UIDs in a range than asked for, one range query beats a list."""


class _Source(NamedTuple):
    sql: tuple[str, ...]
    convert: Callable[..., Any] | None = None
    """From the values of `sql` to the column's; None where the one value is it."""


def name_email(blob_id: int, prefix: bytes) -> str:
    """One id for one content (RFC 8474 §5.1): the blob, and what stands before it."""
    return f"M{blob_id}-{zlib.crc32(prefix):08x}" if prefix else f"M{blob_id}"


class StoredOctets:
    """A message of which a stretch can be read: `kernel.mailstore.Octets`."""

    __slots__ = ("_length", "_offset", "_pack", "_prefix")

    def __init__(self, prefix: bytes, pack: str, offset: int, length: int) -> None:
        self._prefix, self._pack, self._offset, self._length = bytes(prefix), pack, offset, length

    def read(self, start: int, stop: int) -> bytes:
        before = len(self._prefix)
        first, last = max(start - before, 0), min(stop - before, self._length)
        kept = blobs.open_packs().read(self._pack, self._offset + first, last - first) if first < last else b""
        return self._prefix[start:stop] + kept if start < before else kept


@lru_cache(maxsize=512)
def _load_known(data: bytes) -> Part:
    return structure.load(data)


def _load_structure(data: bytes) -> Part:
    """Who opens a message asks for one part after another; what is kept stays below 10 MB."""
    return _load_known(bytes(data)) if len(data) <= MAX_KEPT_STRUCTURE else structure.load(data)


_PLAIN: dict[Column, _Source] = {
    "uid": _Source(("m.uid",)),
    "size": _Source(("m.size",)),
    "internaldate": _Source(("m.internaldate",)),
    "savedate": _Source(("m.savedate",)),
    "envelope": _Source(("c.envelope",)),
    "bodystructure": _Source(("c.bodystructure",)),
    "body": _Source(("c.body",)),
    "snippet": _Source(("c.snippet",)),
    "structure": _Source(("c.structure",), _load_structure),
    "octets": _Source(("m.prefix", "b.pack", 'b."offset"', "b.length"), StoredOctets),
    "prefix_size": _Source(("m.prefix",), len),
    "email_id": _Source(("m.blob_id", "m.prefix"), lambda blob_id, prefix: name_email(blob_id, bytes(prefix))),
    "thread_id": _Source(("m.thread_id",), lambda thread_id: f"T{thread_id}"),
}
_FROM_PACKS: dict[Column, _Source] = {
    "raw": _Source(("m.prefix", "b.pack", 'b."offset"', "b.length")),
    "header": _Source(("m.prefix", "b.pack", 'b."offset"', "c.header_size")),
}
_JOINS = (("c.", "JOIN store_content c ON c.blob_id = m.blob_id"), ("b.", "JOIN store_blob b ON b.id = m.blob_id"))


class _Plan(NamedTuple):
    wanted: tuple[Column, ...]
    sources: tuple[_Source, ...]
    statement: str
    is_direct: bool
    """What SQL gives is the answer."""
    reads_packs: bool


@lru_cache(maxsize=256)
def _plan(columns: tuple[Column, ...]) -> _Plan:
    wanted: tuple[Column, ...] = ("uid", *columns)
    sources = tuple(_PLAIN.get(column) or _FROM_PACKS[column] for column in wanted)
    return _Plan(
        wanted=wanted,
        sources=sources,
        statement=_write_select([expression for source in sources for expression in source.sql]),
        is_direct=all(source.convert is None and len(source.sql) == 1 for source in sources),
        reads_packs=any(column in _FROM_PACKS for column in wanted),
    )


def fetch(folder_id: FolderId, uids: Sequence[int], columns: Sequence[Column]) -> Iterator[tuple[Any, ...]]:
    """See kernel.mailstore.MailStore.fetch."""
    plan = _plan(tuple(columns))
    if len(uids) <= BODY_WINDOW:
        # Asked at once: most fetches are a screenful.
        return _complete(plan, _query(plan.statement, folder_id, uids)) if uids else iter(())
    windows = chunk(uids, BODY_WINDOW if plan.reads_packs else WINDOW)
    return chain.from_iterable(_complete(plan, _query(plan.statement, folder_id, window)) for window in windows)


def _complete(plan: _Plan, rows: Sequence[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    if plan.is_direct:
        return iter(rows)
    if plan.reads_packs:
        return _add_bytes(rows, plan.wanted, plan.sources)
    return (_convert(row, plan.sources) for row in rows)


def select(folder_id: FolderId, uids: Sequence[int], expressions: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """SQL expressions over m (message), c (content) and b (blob), `m.uid` first, for ascending UIDs."""
    statement = _write_select(expressions)
    for window in chunk(uids, WINDOW):
        yield from _query(statement, folder_id, window)


def _write_select(expressions: Sequence[str]) -> str:
    joins = " ".join(join for alias, join in _JOINS if any(alias in expression for expression in expressions))
    return f"SELECT {', '.join(expressions)} FROM store_message m {joins} WHERE m.folder_id = %s AND m.uid"


def _query(statement: str, folder_id: FolderId, uids: Sequence[int]) -> list[tuple[Any, ...]]:
    first, last = uids[0], uids[-1]
    if last - first + 1 <= len(uids) * MAX_SPARSE:
        rows = ask(f"{statement} BETWEEN %s AND %s ORDER BY m.uid", (folder_id, first, last))
        if last - first + 1 == len(uids):
            return rows
        asked = set(uids)
        return [row for row in rows if row[0] in asked]
    rows = []
    for part in chunk(uids, blobs.IN_CHUNK):
        marks = ",".join(["%s"] * len(part))
        rows += ask(f"{statement} IN ({marks}) ORDER BY m.uid", (folder_id, *part))
    return rows


def _convert(row: tuple[Any, ...], sources: Sequence[_Source]) -> tuple[Any, ...]:
    values, position = [], 0
    for sql, convert in sources:
        after = position + len(sql)
        values.append(row[position] if convert is None else convert(*row[position:after]))
        position = after
    return tuple(values)


def _add_bytes(rows: Sequence[tuple[Any, ...]], wanted: Sequence[Column], sources: Sequence[_Source]) -> Iterator[tuple[Any, ...]]:
    """Column by column, each read as the caller proceeds; those of the packs for a whole window, so that neighbours share a read."""
    packs = blobs.open_packs()
    columns: list[Iterator[Any]] = []
    at = 0
    for column, (sql, convert) in zip(wanted, sources, strict=True):
        if column in _FROM_PACKS:
            locators = list(map(itemgetter(at + 1, at + 2, at + 3), rows))
            data = headers.read_many(packs, locators) if column == "header" else packs.read_many(locators)
            columns.append(map(bytes.__add__, map(bytes, map(itemgetter(at), rows)), data))
        elif convert is None:
            columns.append(map(itemgetter(at), rows))
        elif len(sql) == 1:
            columns.append(map(convert, map(itemgetter(at), rows)))
        else:
            columns.append(starmap(convert, map(itemgetter(slice(at, at + len(sql))), rows)))
        at += len(sql)
    # Not strict: what is asked for one more row would be read for nothing.
    return zip(*columns, strict=False)
