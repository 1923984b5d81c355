"""Pages: paging by key, few queries, nothing of another mailbox."""

from collections.abc import Callable

import pytest

from mailcore.kernel.errors import NotFound
from mailcore.kernel.flags import SEEN
from mailcore.kernel.ids import MailboxId
from mailcore.store import reading
from mailcore.store.mailstore import LocalMailStore

from .conftest import MAILBOX
from .letters import letter

Add = Callable[..., int]


@pytest.fixture
def dated(store: LocalMailStore) -> LocalMailStore:
    for received in (50, 10, 30, 30, 20, 30):
        store.append("INBOX", letter(), flags=SEEN, keywords=frozenset(), internaldate=received)
    return store


def test_pages_follow_each_other_without_gap_or_repeat(dated: LocalMailStore) -> None:
    folder_id = dated.get_folder("INBOX").id
    seen: list[reading.Key] = []
    key: reading.Key | None = None
    while True:
        page = reading.list_page(mailbox_id=MAILBOX, folder_id=folder_id, before=key, limit=2)
        seen += [row.key for row in page.rows]
        key = page.older
        if key is None:
            break
    assert seen == [(50, 1), (30, 6), (30, 4), (30, 3), (20, 5), (10, 2)]


def test_a_page_costs_two_queries(dated: LocalMailStore, django_assert_num_queries: Callable[..., object]) -> None:
    folder_id = dated.get_folder("INBOX").id
    with django_assert_num_queries(2):  # type: ignore[attr-defined]
        reading.list_page(mailbox_id=MAILBOX, folder_id=folder_id)


def test_rows_hold_what_a_list_shows(store: LocalMailStore, add: Add) -> None:
    add(letter(subject="=?utf-8?q?H=C3=A9?=", body="First words\r\n", message_id="<1@r>"), flags=SEEN)
    add(letter(message_id="<2@r>", references="<1@r>"), "Sent")
    [row] = reading.list_page(mailbox_id=MAILBOX, folder_id=store.get_folder("INBOX").id).rows
    assert (row.subject, row.from_name, row.from_address, row.snippet) == ("Hé", "Ann", "ann@example.org", "First words")
    assert (row.thread_count, row.is_unread, row.has_attachment) == (2, False, False)
    assert [item.uid for item in reading.list_thread(mailbox_id=MAILBOX, thread_id=row.thread_id)] == [1, 1]


def test_one_message(store: LocalMailStore, add: Add) -> None:
    raw = letter()
    uid = add(raw)
    folder_id = store.get_folder("INBOX").id
    view = reading.get_message(mailbox_id=MAILBOX, folder_id=folder_id, uid=uid)
    assert (view.raw, view.structure.content_type, view.row.uid) == (raw, "text/plain", uid)
    for mailbox_id, asked in ((MAILBOX, 9), (MailboxId(1), uid)):
        with pytest.raises(NotFound):
            reading.get_message(mailbox_id=mailbox_id, folder_id=folder_id, uid=asked)
    assert reading.list_page(mailbox_id=MailboxId(1), folder_id=folder_id).rows == []


def test_neighbours(dated: LocalMailStore) -> None:
    folder_id = dated.get_folder("INBOX").id
    assert reading.find_neighbours(mailbox_id=MAILBOX, folder_id=folder_id, key=(30, 4)) == (6, 3)
    assert reading.find_neighbours(mailbox_id=MAILBOX, folder_id=folder_id, key=(50, 1)) == (None, 6)
    assert reading.find_neighbours(mailbox_id=MAILBOX, folder_id=folder_id, key=(10, 2)) == (5, None)


def test_tree_puts_special_folders_first(store: LocalMailStore) -> None:
    for name in ("Aardvark", "Sent/2025", "zoo/a"):
        store.create_folder(name)
    nodes = reading.list_tree(mailbox_id=MAILBOX)
    assert [node.info.name for node in nodes] == [
        "INBOX", "Drafts", "Sent", "Sent/2025", "Archive", "Junk", "Trash", "Aardvark", "zoo", "zoo/a",
    ]  # fmt: skip
    assert [(node.depth, node.label) for node in nodes][3] == (1, "2025")
