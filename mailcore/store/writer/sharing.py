"""What is written for folders that several mailboxes see: grants, what each has read, and mail from one to the other."""

from collections.abc import Callable, Sequence

from mailcore.archive.keeping import Leaving
from mailcore.archive.models import Removal
from mailcore.kernel.ids import BlobId, FolderId, MailboxId

from .. import contents, uidsets
from ..inserting import insert
from ..models import Change, Folder, Grant, Message, SeenBy
from . import threads
from .books import Books, open_books
from .messages import add_message, check_room, lineage_of, load_limits
from .rows import BATCH, Picked, remove, select

Flags = Callable[[int, int, str], tuple[int, str]]
"""From a message's UID, flags and keywords to those of its copy."""


def set_grant(*, folder: Folder, grantee_id: int, is_negative: bool, rights: str) -> None:
    """No rights at all removes the grant."""
    with open_books([folder.mailbox_id]):
        place = Grant.objects.filter(folder_id=folder.pk, grantee_id=grantee_id, is_negative=is_negative)
        if not rights:
            place.delete()
        elif not place.update(rights=rights):
            Grant.objects.create(folder_id=folder.pk, grantee_id=grantee_id, is_negative=is_negative, rights=rights)


def inherit_grants(*, folder: Folder, parent: Folder) -> None:
    """A new folder is open to whom the one around it is (RFC 4314 §3)."""
    with open_books([folder.mailbox_id]):
        Grant.objects.bulk_create(
            [
                Grant(folder_id=folder.pk, grantee_id=one.grantee_id, is_negative=one.is_negative, rights=one.rights)
                for one in Grant.objects.filter(folder_id=parent.pk)
            ],
            ignore_conflicts=True,
        )


def mark_seen(*, mailbox_id: MailboxId, folder_id: FolderId, reader_id: MailboxId, uids: Sequence[int], seen: bool) -> list[int]:
    """Remember what a reader has read in a folder of another's mailbox; the UIDs for which that is new.

    Journalled like a change of flags, so that the reader's other sessions hear of it.
    """
    with open_books([mailbox_id]) as books:
        folder = books.get_folder_by_id(mailbox_id, folder_id)
        before = read_seen(folder_id, reader_id)
        there = {row.uid for row in select(folder, sorted(set(uids)))}
        changed = sorted(there - before if seen else there & before)
        if changed:
            after = before | set(changed) if seen else before - set(changed)
            SeenBy.objects.update_or_create(folder_id=folder_id, reader_id=reader_id, defaults={"uids": uidsets.join(sorted(after))})
            _touch(books, folder, changed)
        return changed


def read_seen(folder_id: int, reader_id: int) -> set[int]:
    text = SeenBy.objects.filter(folder_id=folder_id, reader_id=reader_id).values_list("uids", flat=True).first()
    return set(uidsets.split(text)) if text else set()


def _touch(books: Books, folder: Folder, uids: list[int]) -> None:
    modseq = books.advance(folder)
    for part in uidsets.chunk(uids, BATCH):
        Message.objects.filter(folder_id=folder.pk, uid__in=list(part)).update(modseq=modseq)
    books.record(folder, Change.Kind.FLAGS, uids)


def copy_between(
    *, source: tuple[MailboxId, FolderId], uids: Sequence[int], target: tuple[MailboxId, FolderId], flags: Flags, moving: bool = False
) -> list[tuple[int, int]]:
    """Copy, or move, between mailboxes, all or nothing; (source UID, new UID). OverQuota where the target has no room."""
    limit = load_limits([target[0]]).get(target[0], 0)
    with open_books([source[0], target[0]]) as books:
        from_folder = books.get_folder_by_id(*source)
        to_folder = books.get_folder_by_id(*target)
        rows = _read(from_folder, uids)
        if source[0] != target[0] or not moving:
            check_room(books, target[0], limit, sum(row.size for row in rows))
        known = contents.load_lineages([BlobId(row.blob_id) for row in rows])
        thread_ids = threads.assign([(target[0], lineage_of(known[BlobId(row.blob_id)])) for row in rows])
        copies = [_copy_row(books, row, to_folder, thread_id, flags) for row, thread_id in zip(rows, thread_ids, strict=True)]
        insert(copies)
        books.record(to_folder, Change.Kind.ADDED, [copy.uid for copy in copies])
        if moving:
            _note_move(books, from_folder, select(from_folder, [row.uid for row in rows]), to_folder, copies)
        return [(row.uid, copy.uid) for row, copy in zip(rows, copies, strict=True)]


def _note_move(books: Books, source: Folder, rows: Sequence[Picked], goal: Folder, copies: Sequence[Message]) -> None:
    is_within = source.mailbox_id == goal.mailbox_id
    went = (goal.pk, copies[0].uid) if is_within and copies else (0, 0)
    remove(books, source, rows, leaving=Leaving(Removal.Kind.MOVED, *went))


def _read(folder: Folder, uids: Sequence[int]) -> list[Message]:
    rows: list[Message] = []
    for part in uidsets.chunk(sorted(set(uids)), BATCH):
        rows += Message.objects.filter(folder_id=folder.pk, uid__in=list(part)).order_by("uid")
    return rows


def _copy_row(books: Books, row: Message, goal: Folder, thread_id: int, flags: Flags) -> Message:
    bits, keywords = flags(row.uid, row.flags, row.keywords)
    return add_message(
        books, goal, blob_id=BlobId(row.blob_id), size=row.size, thread_id=thread_id, flags=bits, keywords=keywords,
        internaldate=row.internaldate, prefix=bytes(row.prefix),
    )  # fmt: skip
