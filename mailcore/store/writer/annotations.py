"""Notes on folders and on the mailbox itself: what IMAP calls METADATA (RFC 5464)."""

from collections.abc import Mapping

from mailcore.kernel.errors import LimitReached
from mailcore.kernel.ids import FolderId, MailboxId
from mailcore.kernel.limits import MAX_ANNOTATIONS

from .. import names
from ..models import Annotation
from .books import Books, open_books


def set_annotations(*, mailbox_id: MailboxId, folder: str | FolderId, values: Mapping[str, bytes | None]) -> None:
    """All or none; None removes. `folder` "" is the mailbox itself, an id may be another's; entries are folded names.

    NotFound without the folder, LimitReached where it would have too many.
    """
    with open_books([mailbox_id]) as books:
        folder_id = _find_id(books, mailbox_id, folder)
        rows = {row.entry: row for row in Annotation.objects.filter(mailbox_id=mailbox_id, folder_id=folder_id)}
        held = {entry for entry, row in rows.items() if row.value is not None}
        after = held - values.keys() | {entry for entry, value in values.items() if value is not None}
        if len(after) > max(MAX_ANNOTATIONS, len(held)):
            raise LimitReached("There are too many notes on this folder already.", f"folder {folder_id} of mailbox {mailbox_id}")
        last = Annotation.objects.filter(mailbox_id=mailbox_id).order_by("-version").values_list("version", flat=True).first() or 0
        for version, (entry, value) in enumerate(sorted(values.items()), last + 1):
            row = rows.get(entry) or Annotation(mailbox_id=mailbox_id, folder_id=folder_id, entry=entry)
            if row.pk is None and value is None:
                continue
            row.value, row.version = value, version
            row.save()
        books.announce(mailbox_id)


def _find_id(books: Books, mailbox_id: MailboxId, folder: str | FolderId) -> int:
    if not folder:
        return 0
    return books.get_folder(mailbox_id, names.normalise(folder)).pk if isinstance(folder, str) else folder
