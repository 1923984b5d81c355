"""Stretches of a folder's columns: read from the rows when new, from the index file once settled."""

import logging
import re
import sqlite3
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import accumulate, compress
from operator import and_, itemgetter
from typing import Any, Protocol

from django.db import connection

from mailcore.mime.headers import Headers

from .. import blobs
from ..models import Folder
from .index import Index, make_mark, open_index
from .texts import FIELDS, Head, derive_head, fold, write_header

log = logging.getLogger(__name__)

FULL = 1_000
"""So many messages are worth a block."""
MAX_BLOCK = 20_000
DAY = 86_400
MAX_UID = 0xFFFFFFFF
EPOCH = date(1970, 1, 1).toordinal()
NUMBERS = {
    "uid": "I",
    "blob_id": "q",
    "mark": "q",
    "internaldate": "q",
    "savedate": "q",
    "size": "q",
    "sent_at": "q",
    "sent_day": "q",
    "is_reply": "B",
    "message_id": "q",
    "ref_count": "H",
    "refs": "q",
}
"""Columns of numbers and their typecodes. `refs` has as many values a row as `ref_count` says."""
SORT_TEXTS = ("base", "mail_from", "mail_to", "mail_cc", "name_from", "name_to")
TEXTS = (*FIELDS, *SORT_TEXTS, "trace")
"""Columns of texts, each with a line end behind it. `trace`: the header put before the blob, lines after `\\r`."""
_FROM_ROW = ("uid", "blob_id", "internaldate", "savedate", "size", "sent_at", "sent_day")
_SELECT = f"""SELECT m.uid, m.blob_id, m.internaldate, m.savedate, m.size, COALESCE(c.sent_at, m.internaldate),
    COALESCE(c.sent_day, m.internaldate / {DAY} + {EPOCH}), m.prefix, b.digest, b.pack, b."offset", c.header_size
    FROM store_message m JOIN store_content c ON c.blob_id = m.blob_id JOIN store_blob b ON b.id = m.blob_id
    WHERE m.folder_id = %s AND m.uid > %s AND m.uid <= %s ORDER BY m.uid"""
_NEXT = """SELECT m.uid, m.blob_id, b.digest FROM store_message m JOIN store_blob b ON b.id = m.blob_id
    WHERE m.folder_id = %s AND m.uid > %s ORDER BY m.uid LIMIT %s"""
_PLAIN_TRACE = re.compile(rb"(?:[!-9;-~]+: [!-<>-~](?:[ !-<>-~]*[!-<>-~])?\r\n)*\Z")


class Stale(Exception):
    """Another process replaced what this one had read of the index."""


class Part(Protocol):
    @property
    def last_uid(self) -> int: ...
    @property
    def unindexed(self) -> frozenset[int]:
        """Blobs whose text is not in the index."""
        ...

    def read(self, name: str) -> bytes: ...


@dataclass(frozen=True, slots=True)
class SavedPart:
    block_id: int
    last_uid: int
    unindexed: frozenset[int] = frozenset()

    def read(self, name: str) -> bytes:
        sql = "SELECT data FROM block_columns WHERE block_id = ? AND name = ?"
        row = open_index().connection.execute(sql, (self.block_id, name)).fetchone()
        if row is None:
            raise Stale
        return bytes(row[0])


@dataclass(frozen=True, slots=True)
class FreshPart:
    last_uid: int
    unindexed: frozenset[int]
    columns: dict[str, bytes]

    def read(self, name: str) -> bytes:
        return self.columns[name]


def read_fresh(index: Index, folder: Folder, after: int, last: int = MAX_UID) -> FreshPart | None:
    """The messages with a UID above `after`, up to `last`, from the rows; None where there are none."""
    with connection.cursor() as cursor:
        cursor.execute(_SELECT, [folder.pk, after, last])
        rows = cursor.fetchall()
    if not rows:
        return None
    marks = {row[1]: make_mark(bytes(row[8])) for row in rows}
    indexed = index.list_indexed(marks)
    heads = index.read_heads(indexed)
    heads |= dict(_derive_heads([row for row in rows if row[1] not in heads]))
    columns = {name: array(NUMBERS[name], map(itemgetter(at), rows)).tobytes() for at, name in enumerate(_FROM_ROW)}
    columns["mark"] = array("q", [marks[row[1]] for row in rows]).tobytes()
    columns |= _pack_heads([_add_trace(heads[row[1]], bytes(row[7])) for row in rows])
    columns["trace"] = _pack_texts([read_trace(bytes(row[7])) for row in rows])
    return FreshPart(rows[-1][0], frozenset(marks.keys() - indexed), columns)


def _derive_heads(rows: Sequence[tuple[Any, ...]]) -> Iterator[tuple[int, Head]]:
    """From the header blocks in the packs, for what the index lacks."""
    for row, header in zip(rows, blobs.open_packs().read_many([row[9:12] for row in rows]), strict=True):
        yield row[1], derive_head(Headers.parse(header))


def _pack_heads(heads: Sequence[Head]) -> dict[str, bytes]:
    fields = dict(zip(Head._fields, zip(*heads, strict=True), strict=True))
    columns = {name: _pack_texts(fields["from_" if name == "from" else name]) for name in (*FIELDS, *SORT_TEXTS)}
    columns["is_reply"] = bytes(fields["is_reply"])
    columns["message_id"] = array("q", fields["message_id"]).tobytes()
    columns["ref_count"] = array("H", [len(refs) // 8 for refs in fields["refs"]]).tobytes()
    columns["refs"] = b"".join(fields["refs"])
    return columns


def _pack_texts(values: Sequence[str]) -> bytes:
    return ("\n".join(values) + "\n").encode("utf-8")


def _add_trace(head: Head, prefix: bytes) -> Head:
    """The head with what the header before the blob adds to its searched fields: nearly always nothing."""
    trace = read_trace(prefix)
    if not any(f"\r{name}: " in trace for name in FIELDS):
        return head
    before = derive_head(Headers.parse(prefix + b"\r\n"))
    subject, from_, to, cc, bcc = ("\r".join(filter(None, both)) for both in zip(before[:5], head[:5], strict=True))
    return head._replace(subject=subject, from_=from_, to=to, cc=cc, bcc=bcc)


@lru_cache(maxsize=4_096)
def read_trace(prefix: bytes) -> str:
    if _PLAIN_TRACE.match(prefix):
        return ("\r" + prefix.decode("ascii").replace("\r\n", "\r")).lower() if prefix else ""
    return fold(write_header(Headers.parse(prefix + b"\r\n"))).replace("\n", "\r")


def list_saved(index: Index, folder: Folder) -> list[SavedPart]:
    sql = "SELECT id, last_uid FROM blocks WHERE folder_id = ? AND uidvalidity = ? ORDER BY last_uid"
    return [SavedPart(*row) for row in index.connection.execute(sql, (folder.pk, folder.uidvalidity))]


def agrees(folder: Folder, uids: "array[int]", marks: "array[int]") -> bool:
    """Whether blocks are of this folder as it is: after a database was put back, its UIDs may mean other messages."""
    if not uids:
        return True
    sql = """SELECT m.uid, b.digest FROM store_message m JOIN store_blob b ON b.id = m.blob_id
        WHERE m.folder_id = %s AND m.uid <= %s ORDER BY m.uid DESC LIMIT 1"""
    with connection.cursor() as cursor:
        cursor.execute(sql, [folder.pk, uids[-1]])
        row = cursor.fetchone()
    if row is None:
        return True
    place = bisect_left(uids, row[0])
    return place < len(uids) and uids[place] == row[0] and marks[place] == make_mark(bytes(row[1]))


def settle(index: Index, folder: Folder) -> None:
    """Write down the stretches after the last block that are long enough and all indexed.

    Looks at a few thousand narrow rows at most where there is nothing to do.
    """
    saved: list[Part] = [*list_saved(index, folder)]
    while True:
        after = saved[-1].last_uid if saved else 0
        with connection.cursor() as cursor:
            cursor.execute(_NEXT, [folder.pk, after, MAX_BLOCK])
            marks = {uid: (blob_id, make_mark(bytes(digest))) for uid, blob_id, digest in cursor.fetchall()}
        indexed = index.list_indexed(dict(marks.values()))
        ready = list(compress(marks, accumulate((blob_id in indexed for blob_id, _ in marks.values()), and_)))
        fresh = read_fresh(index, folder, after, ready[-1]) if len(ready) >= FULL else None
        parts = save_settled(index, folder, [*saved, fresh]) if fresh is not None else None
        if parts is None:
            return
        saved = parts


def save_settled(index: Index, folder: Folder, parts: Sequence[Part]) -> list[Part] | None:
    """Write the new parts down as one block, when they are many and all their text is indexed; the parts then."""
    fresh = [part for part in parts if isinstance(part, FreshPart)]
    saved = [part for part in parts if not isinstance(part, FreshPart)]
    if sum(len(part.read("uid")) for part in fresh) < FULL * 4 or any(part.unindexed for part in fresh):
        return None
    before = saved[-1].last_uid if saved else 0
    block = (folder.pk, folder.uidvalidity, fresh[-1].last_uid, sum(len(part.read("uid")) // 4 for part in fresh))
    try:
        with index.transaction():
            [last] = index.connection.execute("SELECT MAX(last_uid) FROM blocks WHERE folder_id = ?", (folder.pk,)).fetchone()
            if (last or 0) != before:
                return None
            cursor = index.connection.execute("INSERT INTO blocks(folder_id, uidvalidity, last_uid, count) VALUES (?, ?, ?, ?)", block)
            rows = [(cursor.lastrowid, name, b"".join(part.read(name) for part in fresh)) for name in (*NUMBERS, *TEXTS)]
            index.connection.executemany("INSERT INTO block_columns VALUES (?, ?, ?)", rows)
    except sqlite3.DatabaseError as error:
        log.info("columns of folder %d were not kept: %s", folder.pk, error)
        return None
    assert cursor.lastrowid is not None
    return [*saved, SavedPart(cursor.lastrowid, fresh[-1].last_uid)]


def sweep() -> None:
    """Drop what is kept of folders that are gone."""
    index = open_index()
    kept = {row[0] for row in index.connection.execute("SELECT DISTINCT folder_id FROM blocks")}
    for folder_id in sorted(kept - set(Folder.objects.values_list("pk", flat=True))):
        drop(index, folder_id)


def drop(index: Index, folder_id: int) -> None:
    with index.transaction():
        query = "DELETE FROM block_columns WHERE block_id IN (SELECT id FROM blocks WHERE folder_id = ?)"
        index.connection.execute(query, (folder_id,))
        index.connection.execute("DELETE FROM blocks WHERE folder_id = ?", (folder_id,))
