"""The columns of a folder: written down behind deliveries, read again elsewhere, and never believed when they cannot be true."""

from collections.abc import Iterator
from typing import Any

import pytest

from mailcore.kernel.ids import MailboxId
from mailcore.kernel.mailstore import TextLeaf
from mailcore.store import blobs, writer
from mailcore.store.mailstore import LocalMailStore
from mailcore.store.models import Folder
from mailcore.store.search import blocks, columns, index_pending
from mailcore.store.search.index import open_index
from mailcore.store.writer import Delivery

pytestmark = pytest.mark.django_db(transaction=True)
COUNT = 12


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch, db: None) -> Iterator[LocalMailStore]:
    monkeypatch.setattr(blocks, "FULL", 5)
    columns._cache.clear()
    # Tests before this one gave the same ids to other blobs.
    open_index().set_progress(0)
    yield LocalMailStore(MailboxId(4_712))
    columns._cache.clear()


def deliver(store: LocalMailStore, numbers: range, folder: str = "INBOX") -> None:
    for number in numbers:
        raw = f"From: p{number}@x.example\r\nSubject: tale {number}\r\n\r\nbody {number}\r\n".encode()
        writer.deliver([Delivery(mailbox_id=store.mailbox_id, folder=folder, blob_id=blobs.put(raw), key="")])


def find(store: LocalMailStore, needle: str, last: int, field: str = "subject") -> set[int]:
    return store.match(store.get_folder("INBOX").id, TextLeaf(field, needle), range(1, last + 1))


def list_blocks(store: LocalMailStore) -> list[int]:
    row = Folder.objects.get(pk=store.get_folder("INBOX").id)
    return [part.last_uid for part in blocks.list_saved(open_index(), row)]


def test_they_are_written_behind_deliveries_and_read_again(store: LocalMailStore) -> None:
    deliver(store, range(COUNT))
    assert list_blocks(store) == []
    index_pending(100_000)
    assert list_blocks(store) == [COUNT]
    deliver(store, range(COUNT, COUNT + 3))
    index_pending(100_000)
    assert list_blocks(store) == [COUNT]
    assert find(store, "tale 1", COUNT + 3) == {2, 11, 12, 13, 14, 15}
    # As another process would: nothing but the file.
    columns._cache.clear()
    assert find(store, "tale 1", COUNT + 3) == {2, 11, 12, 13, 14, 15}
    assert find(store, "p14@", COUNT + 3, "from") == {15}
    assert find(store, "body 11", COUNT + 3, "body") == {12}


def test_what_is_not_indexed_ends_a_block(store: LocalMailStore) -> None:
    deliver(store, range(7))
    index_pending(6)
    assert list_blocks(store) == [6]
    deliver(store, range(7, 12))
    index_pending(3)
    assert list_blocks(store) == [6]
    index_pending(100)
    assert list_blocks(store) == [6, 12]
    assert find(store, "tale", 12) == set(range(1, 13))


def test_an_emptied_folder_is_written_anew(store: LocalMailStore) -> None:
    deliver(store, range(COUNT))
    index_pending(100_000)
    folder_id = store.get_folder("INBOX").id
    store.expunge(folder_id, range(1, COUNT), only_deleted=False)
    assert find(store, "tale", COUNT) == {COUNT}
    assert list_blocks(store) == []


def test_blocks_of_other_messages_are_not_believed(store: LocalMailStore) -> None:
    """A database that was put back gives the UIDs of lost messages to others."""
    deliver(store, range(COUNT))
    index_pending(100_000)
    folder_id = store.get_folder("INBOX").id
    store.expunge(folder_id, [COUNT], only_deleted=False)
    Folder.objects.filter(pk=folder_id).update(uidnext=COUNT)
    columns._cache.clear()
    deliver(store, range(900, 901))
    assert find(store, "tale 900", COUNT) == {COUNT}
    assert find(store, "tale 11", COUNT) == set()


def test_blocks_dropped_by_another_process_are_read_anew(store: LocalMailStore) -> None:
    deliver(store, range(COUNT))
    index_pending(100_000)
    assert find(store, "tale 3", COUNT) == {4}
    blocks.drop(open_index(), store.get_folder("INBOX").id)
    # The senders were not read yet, and their block is gone.
    assert find(store, "p3@", COUNT, "from") == {4}


def test_progress_beyond_what_there_is_starts_over(store: LocalMailStore) -> None:
    deliver(store, range(COUNT))
    open_index().set_progress(10**9)
    index_pending(100_000)
    assert list_blocks(store) == [COUNT]


def test_what_is_kept_of_a_removed_folder_is_swept(store: LocalMailStore) -> None:
    store.create_folder("Work")
    deliver(store, range(COUNT))
    deliver(store, range(COUNT), "Work")
    index_pending(100_000)
    row = Folder.objects.get(name="Work")
    assert blocks.list_saved(open_index(), row)
    store.delete_folder("Work")
    blocks.sweep()
    assert not blocks.list_saved(open_index(), row)
    assert list_blocks(store) == [COUNT]


def test_a_new_index_file_is_noticed(store: LocalMailStore, settings: Any) -> None:
    deliver(store, range(COUNT))
    index_pending(100_000)
    assert find(store, "body 4", COUNT, "body") == {5}
    index = open_index()
    index.connection.execute("PRAGMA user_version = 0")
    index._start_over()
    assert find(store, "body 4", COUNT, "body") == {5}


def test_moved_messages_are_found_where_they_are(store: LocalMailStore) -> None:
    deliver(store, range(COUNT))
    index_pending(100_000)
    inbox = store.get_folder("INBOX").id
    store.move(inbox, range(1, 7), "Archive")
    archive = store.get_folder("Archive").id
    assert store.match(archive, TextLeaf("subject", "tale"), range(1, 7)) == set(range(1, 7))
    assert store.match(inbox, TextLeaf("subject", "tale"), range(7, COUNT + 1)) == set(range(7, COUNT + 1))
    assert list(store.sort(inbox, [("from", True)], range(7, COUNT + 1))) == [10, 9, 8, 7, 12, 11]
