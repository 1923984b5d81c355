"""Messages that were removed, put into a folder again as the archive kept them."""

from collections.abc import Sequence
from dataclasses import dataclass

from mailcore.archive import keeping
from mailcore.archive.models import Removal
from mailcore.kernel.ids import BlobId, MailboxId

from .. import names
from ..inserting import insert
from ..models import Change, Folder, Message
from .books import Books, open_books
from .folders import make_folder
from .messages import add_message, check_room, load_limits


@dataclass(frozen=True, slots=True)
class Return:
    removal: Removal
    folder: str | int
    """A name, made where there is none, or the id of a folder that is there."""
    flags: int
    keywords: str


def bring_back(*, mailbox_id: MailboxId, items: Sequence[Return]) -> list[tuple[int, int]]:
    """(folder id, UID) of each, in order; all or none. OverQuota without room, NotFound where a folder id is gone.

    Which of them are still missing is the caller's to know: nothing here looks for a second return.
    """
    limit = load_limits([mailbox_id]).get(mailbox_id, 0)
    with open_books([mailbox_id]) as books:
        check_room(books, mailbox_id, limit, sum(item.removal.size for item in items))
        added = [_add(books, mailbox_id, item) for item in items]
        insert(added)
        by_folder: dict[int, list[int]] = {}
        for row in added:
            by_folder.setdefault(row.folder_id, []).append(row.uid)
        for folder_id, uids in by_folder.items():
            books.record(books.get_folder_by_id(mailbox_id, folder_id), Change.Kind.ADDED, uids)
        keeping.note_return([(item.removal.pk, row.folder_id, row.uid) for item, row in zip(items, added, strict=True)])
        return [(row.folder_id, row.uid) for row in added]


def _add(books: Books, mailbox_id: MailboxId, item: Return) -> Message:
    kept = item.removal
    return add_message(
        books, _find(books, mailbox_id, item.folder), blob_id=BlobId(kept.blob_id), size=kept.size, thread_id=kept.thread_id,
        flags=item.flags, keywords=item.keywords, internaldate=kept.internaldate, prefix=bytes(kept.prefix),
    )  # fmt: skip


def _find(books: Books, mailbox_id: MailboxId, folder: str | int) -> Folder:
    if isinstance(folder, int):
        return books.get_folder_by_id(mailbox_id, folder)
    name = names.normalise(folder)
    return books.find_folder(mailbox_id, name) or make_folder(books, mailbox_id, name)
