"""Mail that was removed and can be brought back: seen, searched, restored. It counts towards no quota until it is."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import QuerySet

from mailcore.audit import log
from mailcore.kernel.errors import NotFound
from mailcore.kernel.ids import MailboxId
from mailcore.store import writer
from mailcore.store.loading import marks
from mailcore.store.writer import Return

from . import levels
from .held import has_words
from .models import Removal

BATCH = 200
MAX_LOOKED_AT = 20_000
"""Rows one search reads, newest first."""
_CONTENT = "SELECT blob_id, subject, from_name, from_address, to_text, snippet, has_attachment FROM store_content WHERE blob_id IN ({})"
_STILL = """SELECT m.blob_id, f.name FROM store_message m JOIN store_folder f ON f.id = m.folder_id
    WHERE m.blob_id IN ({}) AND m.mailbox_id = %s"""


@dataclass(frozen=True, slots=True)
class Removed:
    id: int
    folder: str
    """Where it was."""
    at: int
    until: int
    """When it goes for good."""
    internaldate: int
    size: int
    flags: int
    subject: str
    sender: str
    to: str
    snippet: str
    has_attachment: bool
    still_in: str
    """A folder that holds the same message now; "" is none."""


@dataclass(frozen=True, slots=True)
class Page:
    rows: list[Removed]
    older: int | None
    """`before` of the page that follows; None is the last page."""


def get_window(mailbox_id: int) -> int:
    """Seconds; 0 is off."""
    return levels.find_all(["undelete_days"], [mailbox_id])[mailbox_id]["undelete_days"] * levels.DAY


def list_removed(*, mailbox_id: int, search: str = "", before: int | None = None, limit: int = 50, now: int | None = None) -> Page:
    """Newest first. `search` are words that all stand in the sender, the recipients, the subject, the beginning or the folder's name."""
    now = int(time.time()) if now is None else now
    window = get_window(mailbox_id)
    found: list[Removed] = []
    looked_at, start = 0, before
    while len(found) <= limit and looked_at < MAX_LOOKED_AT:
        rows = _load(mailbox_id, now - window, start, BATCH if search else limit + 1)
        found += [one for one in _describe(mailbox_id, rows, window) if not search or _fits(one, search)]
        looked_at += len(rows)
        if len(rows) < (BATCH if search else limit + 1):
            break
        start = rows[-1].pk
    more = len(found) > limit
    return Page(found[:limit], found[limit - 1].id if more else None)


def count_removed(*, mailbox_id: int, now: int | None = None) -> int:
    return _within(mailbox_id, (int(time.time()) if now is None else now) - get_window(mailbox_id)).count()


def restore(*, mailbox_id: int, removal_ids: Sequence[int], folder: str = "", domain: str = "", name: str = "") -> int:
    """Bring back by ids, each to where it was or all to one folder; how many. Those no longer there are passed over.

    In batches, each whole. OverQuota where there is no room: those before it are back. What is restored is unread as it was.
    """
    done = 0
    for start in range(0, len(removal_ids), BATCH):
        done += _restore(mailbox_id, removal_ids[start : start + BATCH], folder)
    if done:
        log.record(
            "archive.restored", object_id=mailbox_id, name=name or f"mailbox {mailbox_id}", domain=domain,
            after={"messages": done, "folder": folder or "where they were"},
        )  # fmt: skip
    elif removal_ids:
        raise NotFound("These messages are not there any more.")
    return done


def restore_all(*, mailbox_id: int, search: str = "", folder: str = "", domain: str = "", name: str = "") -> int:
    """Everything a search finds, the latest removed first."""
    ids: list[int] = []
    before: int | None = None
    while len(ids) < MAX_LOOKED_AT:
        page = list_removed(mailbox_id=mailbox_id, search=search, before=before, limit=500)
        ids += [row.id for row in page.rows]
        if page.older is None:
            break
        before = page.older
    return restore(mailbox_id=mailbox_id, removal_ids=ids, folder=folder, domain=domain, name=name) if ids else 0


def access_removal(*, mailbox_id: int, removal_id: int, now: int | None = None) -> Removal:
    now = int(time.time()) if now is None else now
    found = _within(mailbox_id, now - get_window(mailbox_id)).filter(pk=removal_id).first()
    if found is None:
        raise NotFound("This message is not there any more.")
    return found


def _restore(mailbox_id: int, ids: Sequence[int], folder: str) -> int:
    with transaction.atomic():
        # Locked, so that two who restore the same do it once. On SQLite the transaction itself is the lock.
        rows = list(_within(mailbox_id, int(time.time()) - get_window(mailbox_id)).filter(pk__in=ids).select_for_update().order_by("pk"))
        there = _find_folders(mailbox_id, rows)
        items = [Return(row, folder or there.get(row.folder_id, row.folder), row.flags & ~_DELETED, row.keywords) for row in rows]
        if items:
            writer.bring_back(mailbox_id=MailboxId(mailbox_id), items=items)
    return len(items)


_DELETED = 8
"""\\Deleted would have a mail program remove it again."""


def _within(mailbox_id: int, since: int) -> QuerySet[Removal]:
    return Removal.objects.filter(mailbox_id=mailbox_id, kind=Removal.Kind.EXPUNGED, went_folder_id=0, at__gt=since)


def _load(mailbox_id: int, since: int, before: int | None, limit: int) -> list[Removal]:
    found = _within(mailbox_id, since)
    if before is not None:
        found = found.filter(pk__lt=before)
    return list(found.order_by("-pk")[:limit])


def _find_folders(mailbox_id: int, rows: Sequence[Removal]) -> dict[int, int]:
    """Of the folders they were in, those that are still there, whatever they are called now."""
    ids = sorted({row.folder_id for row in rows})
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM store_folder WHERE mailbox_id = %s AND id IN ({marks(ids)})", [mailbox_id, *ids])
        return {pk: pk for (pk,) in cursor.fetchall()}


def _describe(mailbox_id: int, rows: Sequence[Removal], window: int) -> list[Removed]:
    blob_ids = sorted({row.blob_id for row in rows})
    with connection.cursor() as cursor:
        cursor.execute(_CONTENT.format(marks(blob_ids)), blob_ids)
        contents = {row[0]: row[1:] for row in cursor.fetchall()}
        cursor.execute(_STILL.format(marks(blob_ids)), [*blob_ids, mailbox_id])
        still = dict(cursor.fetchall())
    return [_show(row, contents.get(row.blob_id, _UNKNOWN), still.get(row.blob_id, ""), window) for row in rows]


_UNKNOWN = ("", "", "", "", "", False)


def _show(row: Removal, content: tuple[str, str, str, str, str, bool], still_in: str, window: int) -> Removed:
    subject, from_name, from_address, to, snippet, has_attachment = content
    return Removed(
        row.pk, row.folder, row.at, row.at + window, row.internaldate, row.size, row.flags, subject, from_name or from_address, to,
        snippet, bool(has_attachment), still_in,
    )  # fmt: skip


def _fits(one: Removed, search: str) -> bool:
    return has_words(" ".join((one.subject, one.sender, one.to, one.snippet, one.folder)), search)
