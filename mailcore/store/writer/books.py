"""The books of a mailbox, open for one transaction: locks, UIDs, modseqs, counters, journal.

Nothing else allocates a UID or a modseq, changes a counter or writes the journal, so these
agree after every commit and after every rollback. Who writes to a mailbox locks its Usage
row first, in ascending order of mailboxes: two writers can wait but not deadlock.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from operator import attrgetter

from django.db import connection, transaction

from mailcore import bus
from mailcore.kernel.errors import NotFound
from mailcore.kernel.events import Event, FolderChanged, MailboxChanged
from mailcore.kernel.flags import SEEN
from mailcore.kernel.ids import FolderId, MailboxId

from ..inserting import insert
from ..loading import load, marks
from ..models import Change, Folder, Usage
from ..statements import run_each
from ..uidsets import join

_FOLDER_COLUMNS = ("name", "uidnext", "highestmodseq", "recent_from", "messages", "unseen", "bytes")
_WRITE_FOLDER = f"UPDATE store_folder SET {', '.join(f'{name} = %s' for name in _FOLDER_COLUMNS)} WHERE id = %s"
_FOLDER_VALUES = attrgetter(*_FOLDER_COLUMNS, "id")
_USAGE_VALUES = attrgetter("bytes", "messages", "last_uidvalidity", "mailbox_id")
_WRITE_USAGE = "UPDATE store_usage SET bytes = %s, messages = %s, last_uidvalidity = %s WHERE mailbox_id = %s"


class Books:
    def __init__(self, usages: dict[int, Usage]) -> None:
        self.now = int(time.time())
        self.usages = usages
        self._before = {pk: _USAGE_VALUES(usage) for pk, usage in usages.items()}
        self._folders: dict[int, Folder] = {}
        self._by_name: dict[tuple[int, str], Folder] = {}
        self._advanced: set[int] = set()
        self._touched: dict[int, Folder] = {}
        self._journal: list[Change] = []
        self._renamed_mailboxes: set[int] = set()

    def find_folder(self, mailbox_id: int, name: str) -> Folder | None:
        known = self._by_name.get((mailbox_id, name))
        if known is not None:
            return known
        found = load(Folder, "mailbox_id = %s AND name = %s", [mailbox_id, name])
        return self._keep(found[0]) if found else None

    def load_folders(self, name: str) -> None:
        """Fetch the folders of one name of all these mailboxes at once: a batch asks for the same one again and again."""
        mailbox_ids = list(self.usages)
        for folder in load(Folder, f"mailbox_id IN ({marks(mailbox_ids)}) AND name = %s", [*mailbox_ids, name]):
            self._keep(folder)

    def get_folder(self, mailbox_id: int, name: str) -> Folder:
        folder = self.find_folder(mailbox_id, name)
        if folder is None:
            raise NotFound("There is no such folder.", f"{name!r} of mailbox {mailbox_id}")
        return folder

    def get_folder_by_id(self, mailbox_id: int, folder_id: int) -> Folder:
        known = self._folders.get(folder_id)
        found = [known] if known is not None else load(Folder, "id = %s", [folder_id])
        if not found or found[0].mailbox_id != mailbox_id:
            raise NotFound("The folder is gone.", f"folder {folder_id} of mailbox {mailbox_id}")
        return self._keep(found[0])

    def add_folder(self, mailbox_id: int, name: str, special_use: str = "") -> Folder:
        usage = self.usages[mailbox_id]
        usage.last_uidvalidity = max(self.now, usage.last_uidvalidity + 1)
        folder = Folder.objects.create(mailbox_id=mailbox_id, name=name, special_use=special_use, uidvalidity=usage.last_uidvalidity)
        self._renamed_mailboxes.add(mailbox_id)
        return self._keep(folder)

    def rename_folder(self, folder: Folder, name: str) -> None:
        self._by_name.pop((folder.mailbox_id, folder.name), None)
        folder.name = name
        self._renamed_mailboxes.add(folder.mailbox_id)
        self._touched[folder.pk] = self._keep(folder)

    def tell_of_folders(self, mailbox_id: int) -> None:
        """The list of folders looks otherwise after the commit."""
        self._renamed_mailboxes.add(mailbox_id)

    def announce(self, mailbox_id: int) -> None:
        """Have those who watch the mailbox look at its folders again."""
        self._renamed_mailboxes.add(mailbox_id)

    def drop_folder(self, folder: Folder) -> None:
        """Remove the row; its messages were removed before."""
        folder_id = folder.pk
        self._by_name.pop((folder.mailbox_id, folder.name), None)
        self._folders.pop(folder_id, None)
        self._touched.pop(folder_id, None)
        self._renamed_mailboxes.add(folder.mailbox_id)
        Folder.objects.filter(pk=folder_id).delete()

    def claim_recent(self, folder: Folder) -> int:
        """The first UID that is \\Recent to this session; later sessions do not see these so."""
        first = folder.recent_from
        if first < folder.uidnext:
            folder.recent_from = folder.uidnext
            self._touched[folder.pk] = folder
        return first

    def take_uid(self, folder: Folder) -> int:
        uid = folder.uidnext
        folder.uidnext = uid + 1
        self._touched[folder.pk] = folder
        return uid

    def advance(self, folder: Folder) -> int:
        """The modseq of this transaction in a folder; everything it changes there carries the same."""
        if folder.pk not in self._advanced:
            self._advanced.add(folder.pk)
            folder.highestmodseq += 1
            self._touched[folder.pk] = folder
        return folder.highestmodseq

    def count_added(self, folder: Folder, *, size: int, flags: int) -> None:
        self._count(folder, size, 1, flags)

    def count_removed(self, folder: Folder, *, size: int, flags: int) -> None:
        self._count(folder, -size, -1, flags)

    def count_reflagged(self, folder: Folder, *, before: int, after: int, count: int) -> None:
        folder.unseen += (bool(before & SEEN) - bool(after & SEEN)) * count
        self._touched[folder.pk] = folder

    def record(self, folder: Folder, kind: Change.Kind, uids: Iterable[int], *, source_id: int = 0) -> None:
        """A line of the journal at this transaction's modseq; nothing where no UID is named."""
        text = join(sorted(uids))
        if text:
            self._journal.append(
                Change(
                    mailbox_id=folder.mailbox_id, folder_id=folder.pk, modseq=self.advance(folder), kind=kind, uids=text, at=self.now,
                    source_id=source_id,
                )
            )  # fmt: skip

    def close(self) -> None:
        """Write everything down, and tell the bus once the transaction is committed."""
        # Plain statements: bulk_update builds one CASE a column, 10 ms for twenty folders against 0.3 ms.
        run_each(_WRITE_FOLDER, list(map(_FOLDER_VALUES, self._touched.values())))
        run_each(_WRITE_USAGE, [values for pk, usage in self.usages.items() if (values := _USAGE_VALUES(usage)) != self._before[pk]])
        insert(self._journal)
        events: list[Event] = [MailboxChanged(MailboxId(mailbox_id)) for mailbox_id in sorted(self._renamed_mailboxes)]
        for folder_id in sorted(self._advanced & self._folders.keys()):
            folder = self._folders[folder_id]
            events.append(FolderChanged(MailboxId(folder.mailbox_id), FolderId(folder_id), folder.highestmodseq))
        if events:
            # After the commit: a session woken early would read the old modseq and sleep through the change.
            transaction.on_commit(partial(bus.publish, *events))

    def _keep(self, folder: Folder) -> Folder:
        self._folders[folder.pk] = folder
        self._by_name[folder.mailbox_id, folder.name] = folder
        return folder

    def _count(self, folder: Folder, size: int, messages: int, flags: int) -> None:
        folder.bytes += size
        folder.messages += messages
        folder.unseen += 0 if flags & SEEN else messages
        usage = self.usages[folder.mailbox_id]
        usage.bytes += size
        usage.messages += messages
        self._touched[folder.pk] = folder


@contextmanager
def open_books(mailbox_ids: Iterable[int]) -> Iterator[Books]:
    """One transaction over these mailboxes; no network and no disk but the database's inside it."""
    wanted = sorted(set(mailbox_ids))
    with transaction.atomic():
        rows = _lock(wanted)
        if len(rows) < len(wanted):
            Usage.objects.bulk_create([Usage(mailbox_id=mailbox_id) for mailbox_id in wanted], ignore_conflicts=True)
            rows = _lock(wanted)
        books = Books(rows)
        yield books
        books.close()


def _lock(mailbox_ids: list[int]) -> dict[int, Usage]:
    lock = " FOR UPDATE" if connection.features.has_select_for_update else ""
    found = load(Usage, f"mailbox_id IN ({marks(mailbox_ids)}) ORDER BY mailbox_id{lock}", mailbox_ids)
    return {usage.mailbox_id: usage for usage in found}
