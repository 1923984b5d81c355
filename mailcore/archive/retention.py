"""Messages that have lain in Junk, Trash or another folder of a known use for as long as they may: shown beforehand, then removed.

By how long they are in the folder, not by their date. Removed by the store's writer like any other, so they can be brought back
for as long as the undelete window allows. What a hold covers stays.
"""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from django.db import connection

from mailcore.kernel.ids import FolderId, MailboxId
from mailcore.store import writer
from mailcore.store.loading import marks

from . import held, levels
from .held import Subject
from .models import Hold

log = logging.getLogger(__name__)

PERIODS: Mapping[str, str] = {
    "\\Junk": "junk_days", "\\Trash": "trash_days", "\\Sent": "sent_days", "\\Drafts": "drafts_days", "\\Archive": "archive_days",
    "INBOX": "inbox_days",
}  # fmt: skip
"""Special use, or the one name that is one, to the period of such folders."""
FOLDERS = 2_000
"""Folders one run looks at."""
BATCH = 500
MAX_REMOVED = 10_000
"""Messages one run removes, so that it ends soon whatever there is to do."""
_USES = [use for use in PERIODS if use != "INBOX"]
_NEXT = f"""SELECT f.id, f.mailbox_id, CASE WHEN f.special_use = '' THEN f.name ELSE f.special_use END,
    (SELECT m.savedate FROM store_message m WHERE m.folder_id = f.id ORDER BY m.uid LIMIT 1)
    FROM store_folder f WHERE f.id > %s AND f.messages > 0 AND (f.special_use IN ({marks(_USES)}) OR f.name = 'INBOX')
    ORDER BY f.id LIMIT %s"""
# UIDs are given in the order of time, so the oldest come first and the first that is young enough ends the search.
_OLDEST = """SELECT m.uid, m.savedate, m.internaldate, c.subject, c.from_address, c.from_name, c.to_text
    FROM store_message m JOIN store_content c ON c.blob_id = m.blob_id WHERE m.folder_id = %s AND m.uid > %s ORDER BY m.uid LIMIT %s"""
_COUNT = """SELECT COUNT(*), COALESCE(SUM(size), 0) FROM store_message WHERE folder_id = %s AND savedate < %s"""
_FOLDERS_OF = """SELECT f.id, f.mailbox_id, f.name, CASE WHEN f.special_use = '' THEN f.name ELSE f.special_use END
    FROM store_folder f WHERE f.mailbox_id IN ({}) AND f.messages > 0 AND (f.special_use <> '' OR f.name = 'INBOX') ORDER BY f.id"""
_position = 0
"""Where the last run of this process stopped. Lost with the process, which costs nothing but a look at folders seen before."""


@dataclass(frozen=True, slots=True)
class Going:
    """What the next runs would remove from one folder, before holds are looked at."""

    mailbox_id: int
    folder: str
    days: int
    messages: int
    bytes: int


def preview(*, mailbox_ids: Sequence[int], proposed: Mapping[str, int] | None = None, now: int | None = None) -> list[Going]:
    """Folders from which something would go, with `proposed` periods in place of those that hold now."""
    now = int(time.time()) if now is None else now
    found: list[Going] = []
    for start in range(0, len(mailbox_ids), BATCH):
        part = mailbox_ids[start : start + BATCH]
        periods = levels.find_all(list(PERIODS.values()), part)
        with connection.cursor() as cursor:
            cursor.execute(_FOLDERS_OF.format(marks(part)), list(part))
            for folder_id, mailbox_id, name, use in cursor.fetchall():
                period = PERIODS.get(use, "")
                days = {**periods[mailbox_id], **(proposed or {})}.get(period, 0)
                if days:
                    cursor.execute(_COUNT, [folder_id, now - days * levels.DAY])
                    messages, octets = cursor.fetchone()
                    found += [Going(mailbox_id, name, days, int(messages), int(octets))] if messages else []
    return found


def run(*, now: int | None = None, folders: int = FOLDERS) -> int:
    """Look at the next folders and remove what is over its period; how many messages went."""
    global _position
    now = int(time.time()) if now is None else now
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, [_position, *_USES, folders])
        rows = cursor.fetchall()
    _position = rows[-1][0] if len(rows) == folders else 0
    periods = levels.find_all(list(PERIODS.values()), sorted({row[1] for row in rows})) if rows else {}
    holds = held.list_in_force()
    removed = 0
    for folder_id, mailbox_id, use, oldest in rows:
        days = periods[mailbox_id][PERIODS[use]]
        if days and oldest is not None and oldest < now - days * levels.DAY and removed < MAX_REMOVED:
            removed += _empty(mailbox_id, folder_id, now - days * levels.DAY, holds, MAX_REMOVED - removed)
    return removed


def _empty(mailbox_id: int, folder_id: int, before: int, holds: Sequence[Hold], room: int) -> int:
    removed = 0
    for batch in _list_old(folder_id, before):
        domain = levels.find_domains([mailbox_id]).get(mailbox_id, "") if holds else ""
        going = [uid for uid, one in batch if not held.is_held(replace(one, mailbox_id=mailbox_id, domain=domain), holds)][: room - removed]
        if going:
            done = writer.expunge(mailbox_id=MailboxId(mailbox_id), folder_id=FolderId(folder_id), uids=going, only_deleted=False)
            removed += len(done)
        if removed >= room:
            break
    if removed:
        log.info("retention removed %d messages from folder %d of mailbox %d", removed, folder_id, mailbox_id)
    return removed


def _list_old(folder_id: int, before: int) -> Iterator[list[tuple[int, Subject]]]:
    """UIDs of what came before, in batches, each with what a hold asks about."""
    uid = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_OLDEST, [folder_id, uid, BATCH])
            rows = cursor.fetchall()
        old = [row for row in rows if row[1] < before]
        if old:
            yield [(row[0], Subject(None, "", row[2], " ".join(row[4:]), row[3])) for row in old]
        if len(old) < len(rows) or len(rows) < BATCH:
            return
        uid = rows[-1][0]
