"""What FETCH reads of a message without reading all of it."""

import pytest

from mailcore.kernel.errors import NotFound
from mailcore.kernel.ids import BlobId, MailboxId
from mailcore.store import blobs, writer
from mailcore.store.mailstore import LocalMailStore
from mailcore.store.writer import Delivery

MAILBOX = MailboxId(4_790)
PREFIX = b"Return-Path: <a@example.org>\r\n"
RAW = b"Subject: one\r\n\r\nThe text\r\n"


@pytest.fixture
def store(db: None) -> LocalMailStore:
    blob_id: BlobId = blobs.put(RAW)
    writer.deliver([Delivery(mailbox_id=MAILBOX, folder="INBOX", blob_id=blob_id, key="k", prefix=PREFIX)])
    return LocalMailStore(MAILBOX)


def test_any_stretch_is_what_a_slice_would_be(store: LocalMailStore) -> None:
    [(_, raw, octets)] = store.fetch(store.get_folder("INBOX").id, [1], ["raw", "octets"])
    assert raw == PREFIX + RAW
    places = [0, 1, len(PREFIX) - 1, len(PREFIX), len(PREFIX) + 1, len(raw) - 1, len(raw), len(raw) + 5, 1 << 62]
    for start in places:
        for stop in places:
            assert octets.read(start, stop) == raw[start:stop], (start, stop)


def test_a_folder_of_another_mailbox_is_not_found_after_one_of_ones_own(store: LocalMailStore) -> None:
    own = store.open("INBOX", read_only=True).folder.id
    stranger = LocalMailStore(MailboxId(4_791))
    stranger.open("INBOX", read_only=True)
    with pytest.raises(NotFound):
        list(stranger.fetch(own, [1], ["size"]))
