"""What pages show: lists of fifty, one message, the tree of folders. Frozen rows, never models.

Lists are paged by key (date, uid), so the last page of 100,000 messages costs what the first does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

from mailcore.kernel.errors import NotFound
from mailcore.kernel.flags import FLAGGED, SEEN, split_keywords
from mailcore.kernel.ids import BlobId, FolderId, MailboxId
from mailcore.kernel.mailstore import FolderInfo
from mailcore.mime import structure
from mailcore.mime.structure import Part

from . import blobs, folders
from .models import Message
from .uidsets import chunk
from .writer.folders import DEFAULTS

PAGE = 50
Key = tuple[int, int]
"""(internaldate, uid) of the last row seen."""


@dataclass(frozen=True, slots=True)
class ListRow:
    folder_id: FolderId
    uid: int
    internaldate: int
    flags: int
    keywords: frozenset[str]
    size: int
    from_name: str
    from_address: str
    to_text: str
    subject: str
    snippet: str
    has_attachment: bool
    thread_id: int
    thread_count: int
    """Messages of this conversation in the whole mailbox."""

    @property
    def key(self) -> Key:
        return self.internaldate, self.uid

    @property
    def is_unread(self) -> bool:
        return not self.flags & SEEN

    @property
    def is_flagged(self) -> bool:
        return bool(self.flags & FLAGGED)


@dataclass(frozen=True, slots=True)
class Page:
    rows: Sequence[ListRow]
    older: Key | None
    """The key to ask for the next page with; None at the end."""


@dataclass(frozen=True, slots=True)
class MessageView:
    row: ListRow
    raw: bytes
    """As served, trace header included."""
    prefix_size: int
    structure: Part
    """Offsets count from the blob's start: add `prefix_size` to reach into `raw`."""
    message_id: str
    references: Sequence[str]
    list_id: str
    sent_at: int | None
    modseq: int


@dataclass(frozen=True, slots=True)
class FolderNode:
    info: FolderInfo
    depth: int
    label: str
    """The last level of the name."""


_COLUMNS = """m.folder_id, m.uid, m.internaldate, m.flags, m.keywords, m.size, c.from_name, c.from_address, c.to_text, c.subject,
    c.snippet, c.has_attachment, m.thread_id"""
SELECT = f"SELECT {_COLUMNS} FROM store_message m JOIN store_content c ON c.blob_id = m.blob_id"
_NEWEST = "ORDER BY m.internaldate DESC, m.uid DESC"


def list_page(*, mailbox_id: MailboxId, folder_id: FolderId, before: Key | None = None, limit: int = PAGE) -> Page:
    """Newest first. Two queries, whatever the folder's size (0.5 ms at 100,000 messages)."""
    where, params = "m.folder_id = %s AND m.mailbox_id = %s", [folder_id, mailbox_id]
    if before is not None:
        # Written out: SQLite uses the index's range only for the first term of a row comparison.
        where += " AND m.internaldate <= %s AND (m.internaldate < %s OR m.uid < %s)"
        params += [before[0], before[0], before[1]]
    rows = read_rows(mailbox_id, f"{SELECT} WHERE {where} {_NEWEST} LIMIT %s", [*params, limit + 1])
    shown = rows[:limit]
    return Page(shown, shown[-1].key if len(rows) > limit else None)


def list_rows(*, mailbox_id: MailboxId, folder_id: FolderId, uids: Sequence[int]) -> list[ListRow]:
    """Rows of given messages (a search's result), newest first; those that are gone are left out."""
    found: list[ListRow] = []
    for part in chunk(uids, blobs.IN_CHUNK):
        marks = ",".join(["%s"] * len(part))
        where = f"m.folder_id = %s AND m.mailbox_id = %s AND m.uid IN ({marks})"
        found += read_rows(mailbox_id, f"{SELECT} WHERE {where} {_NEWEST}", [folder_id, mailbox_id, *part])
    return sorted(found, key=lambda row: row.key, reverse=True)


def list_thread(*, mailbox_id: MailboxId, thread_id: int, limit: int = 200) -> list[ListRow]:
    """A conversation, oldest first, from all folders."""
    where = "m.mailbox_id = %s AND m.thread_id = %s"
    sql = f"{SELECT} WHERE {where} ORDER BY m.internaldate, m.folder_id, m.uid LIMIT %s"
    return read_rows(mailbox_id, sql, [mailbox_id, thread_id, limit])


def list_thread_uids(*, mailbox_id: MailboxId, folder_id: FolderId, uids: Sequence[int]) -> list[int]:
    """Every message in a folder that shares a conversation with these."""
    found: set[int] = set()
    with connection.cursor() as cursor:
        for part in chunk(uids, blobs.IN_CHUNK):
            marks = ",".join(["%s"] * len(part))
            threads = f"SELECT thread_id FROM store_message WHERE folder_id = %s AND mailbox_id = %s AND uid IN ({marks})"
            sql = f"SELECT uid FROM store_message WHERE mailbox_id = %s AND folder_id = %s AND thread_id IN ({threads})"
            cursor.execute(sql, [mailbox_id, folder_id, folder_id, mailbox_id, *part])
            found |= {row[0] for row in cursor.fetchall()}
    return sorted(found)


def list_heaviest(*, mailbox_id: MailboxId, limit: int) -> list[ListRow]:
    """The largest messages of all folders, the largest first. Reads every row of the mailbox: 40 ms for 100,000."""
    ids = "SELECT id FROM store_message WHERE mailbox_id = %s ORDER BY size DESC, id DESC LIMIT %s"
    with connection.cursor() as cursor:
        cursor.execute(ids, [mailbox_id, limit])
        found = [row[0] for row in cursor.fetchall()]
    if not found:
        return []
    marks = ",".join(["%s"] * len(found))
    return read_rows(mailbox_id, f"{SELECT} WHERE m.id IN ({marks}) ORDER BY m.size DESC, m.id DESC", found)


def get_message(*, mailbox_id: MailboxId, folder_id: FolderId, uid: int) -> MessageView:
    """NotFound where it is gone, or belongs to another mailbox."""
    rows = list_rows(mailbox_id=mailbox_id, folder_id=folder_id, uids=[uid])
    message = Message.objects.filter(mailbox_id=mailbox_id, folder_id=folder_id, uid=uid).select_related("blob__content").first()
    if not rows or message is None:
        raise NotFound("The message is gone.", f"uid {uid} of folder {folder_id}")
    content, prefix = message.blob.content, bytes(message.prefix)
    return MessageView(
        row=rows[0],
        raw=prefix + blobs.read(BlobId(message.blob_id)),
        prefix_size=len(prefix),
        structure=structure.load(bytes(content.structure)),
        message_id=content.message_id,
        references=content.references.split(),
        list_id=content.list_id,
        sent_at=content.sent_at,
        modseq=message.modseq,
    )


def find_neighbours(*, mailbox_id: MailboxId, folder_id: FolderId, key: Key) -> tuple[int | None, int | None]:
    """UIDs of the next newer and the next older message in the list."""
    day, uid = key
    base = "SELECT uid FROM store_message m WHERE folder_id = %s AND mailbox_id = %s"
    newer = f"{base} AND internaldate >= %s AND (internaldate > %s OR uid > %s) ORDER BY internaldate, uid LIMIT 1"
    older = f"{base} AND internaldate <= %s AND (internaldate < %s OR uid < %s) {_NEWEST} LIMIT 1"
    found: list[int | None] = []
    with connection.cursor() as cursor:
        for sql in (newer, older):
            cursor.execute(sql, [folder_id, mailbox_id, day, day, uid])
            row = cursor.fetchone()
            found.append(row[0] if row else None)
    return found[0], found[1]


def list_tree(*, mailbox_id: MailboxId) -> list[FolderNode]:
    """Every folder with its counters: INBOX, then those with a special use, then by name."""
    rank = {use: position for position, (_, use) in enumerate(DEFAULTS)}
    infos = folders.list_folders(mailbox_id)
    by_name = {info.name: info for info in infos}

    def place(info: FolderInfo) -> tuple[int, list[str]]:
        top = by_name.get(info.name.split("/")[0], info)
        position = 0 if top.name == "INBOX" else rank.get(top.special_use, len(rank)) if top.special_use else len(rank)
        return position, [level.casefold() for level in info.name.split("/")]

    return [FolderNode(info, info.name.count("/"), info.name.rpartition("/")[2]) for info in sorted(infos, key=place)]


def read_rows(mailbox_id: MailboxId, sql: str, params: Sequence[Any]) -> list[ListRow]:
    """What a statement made of SELECT finds, with the lengths of the conversations."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        rows = cursor.fetchall()
        counts = _count_threads(cursor, mailbox_id, {row[12] for row in rows})
    return [_make_row(row, counts.get(row[12], 1)) for row in rows]


def _make_row(row: tuple[Any, ...], thread_count: int) -> ListRow:
    folder_id, uid, internaldate, flags, keywords, size, *texts, has_attachment, thread_id = row
    from_name, from_address, to_text, subject, snippet = texts
    return ListRow(
        folder_id=folder_id,
        uid=uid,
        internaldate=internaldate,
        flags=flags,
        keywords=split_keywords(keywords),
        size=size,
        from_name=from_name,
        from_address=from_address,
        to_text=to_text,
        subject=subject,
        snippet=snippet,
        has_attachment=bool(has_attachment),
        thread_id=thread_id,
        thread_count=thread_count,
    )


def _count_threads(cursor: CursorWrapper, mailbox_id: MailboxId, thread_ids: set[int]) -> dict[int, int]:
    if not thread_ids:
        return {}
    marks = ",".join(["%s"] * len(thread_ids))
    sql = f"SELECT thread_id, COUNT(*) FROM store_message WHERE mailbox_id = %s AND thread_id IN ({marks}) GROUP BY thread_id"
    cursor.execute(sql, [mailbox_id, *thread_ids])
    return dict(cursor.fetchall())
