"""Message rows in bulk: picked, copied, reflagged and removed by plain statements.

Raw because a thousand rows as model instances cost 70 ms to copy and 48 to remove; so they cost 12 and 8.
What the statements do is counted and journalled here too, so that no caller can forget it.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from mailcore.archive import keeping
from mailcore.archive.keeping import EXPUNGED, Leaving

from ..models import Change, Folder
from ..statements import ask, run
from ..uidsets import chunk
from .books import Books

BATCH = 500
_PICK = "SELECT uid, size, flags FROM store_message"
_COPY = """INSERT INTO store_message
    (mailbox_id, folder_id, uid, modseq, flags, keywords, internaldate, savedate, size, thread_id, prefix, blob_id)
    SELECT mailbox_id, CAST(%s AS bigint), CAST(%s AS bigint) + ROW_NUMBER() OVER (ORDER BY uid), CAST(%s AS bigint), flags, keywords,
    internaldate, CAST(%s AS bigint), size, thread_id, prefix, blob_id FROM store_message"""
_REFLAG = "UPDATE store_message SET flags = %s, keywords = %s, modseq = %s"


class Picked(NamedTuple):
    folder_id: int
    uid: int
    size: int
    flags: int


def select(folder: Folder, uids: Sequence[int]) -> list[Picked]:
    """Rows by UID; those that are gone are left out."""
    rows: list[Picked] = []
    for part in _cut(sorted(set(uids))):
        where, values = _condition(folder.pk, part)
        rows += [Picked(folder.pk, *row) for row in ask(f"{_PICK} WHERE {where} ORDER BY uid", values)]
    return rows


def select_all(folder: Folder) -> list[Picked]:
    return [Picked(folder.pk, *row) for row in ask(f"{_PICK} WHERE folder_id = %s ORDER BY uid", [folder.pk])]


def duplicate(books: Books, rows: Sequence[Picked], goal: Folder) -> list[tuple[int, int]]:
    """Copies of rows, which still stand in their folder, within its mailbox: (their UID, the copy's)."""
    if not rows:
        return []
    copies = [books.take_uid(goal) for _ in rows]
    modseq = books.advance(goal)
    done = 0
    for part in _cut([row.uid for row in rows]):
        where, values = _condition(rows[0].folder_id, part)
        run(f"{_COPY} WHERE {where}", [goal.pk, copies[done] - 1, modseq, books.now, *values])
        done += len(part)
    for row in rows:
        books.count_added(goal, size=row.size, flags=row.flags)
    books.record(goal, Change.Kind.ADDED, copies, source_id=rows[0].folder_id)
    return [(row.uid, copy) for row, copy in zip(rows, copies, strict=True)]


def remove(books: Books, folder: Folder, rows: Sequence[Picked], *, leaving: Leaving = EXPUNGED) -> list[int]:
    """Remove rows, which are in the order of their UIDs. The archive keeps them for a while."""
    uids = [row.uid for row in rows]
    done = 0
    for part in _cut(uids):
        condition, values = _condition(folder.pk, part)
        keeping.keep(folder=folder.name, condition=condition, values=values, leaving=leaving.after(done), at=books.now)
        done += len(part)
    _run_each("DELETE FROM store_message", [], folder.pk, uids)
    for row in rows:
        books.count_removed(folder, size=row.size, flags=row.flags)
    books.record(folder, Change.Kind.EXPUNGED, uids)
    return uids


def reflag(folder: Folder, uids: Sequence[int], flags: int, keywords: str, modseq: int) -> None:
    _run_each(_REFLAG, [flags, keywords, modseq], folder.pk, uids)


def _run_each(statement: str, before: list[Any], folder_id: int, uids: Sequence[int]) -> None:
    """A statement for each stretch of ascending UIDs."""
    for part in _cut(uids):
        where, values = _condition(folder_id, part)
        run(f"{statement} WHERE {where}", [*before, *values])


def _cut(uids: Sequence[int]) -> Sequence[Sequence[int]]:
    if not uids:
        return ()
    return [uids] if uids[-1] - uids[0] + 1 == len(uids) else list(chunk(uids, BATCH))


def _condition(folder_id: int, uids: Sequence[int]) -> tuple[str, list[int]]:
    """A run of neighbours as a range, others one by one."""
    if uids[-1] - uids[0] + 1 == len(uids):
        return "folder_id = %s AND uid BETWEEN %s AND %s", [folder_id, uids[0], uids[-1]]
    return f"folder_id = %s AND uid IN ({','.join(['%s'] * len(uids))})", [folder_id, *uids]
