"""The writer keeps counters, quota, journal and messages in step."""

from collections.abc import Callable
from typing import Any

import pytest

from mailcore import bus
from mailcore.directory.models import Address, Domain, Mailbox
from mailcore.kernel.errors import BadSyntax, Conflict, Denied, NotFound, OverQuota
from mailcore.kernel.events import FolderChanged
from mailcore.kernel.flags import DELETED, FLAGGED, SEEN
from mailcore.kernel.ids import MailboxId
from mailcore.kernel.mailstore import FlagMode, NewMessage
from mailcore.store import blobs, checking, writer
from mailcore.store.mailstore import LocalMailStore
from mailcore.store.models import Blob, Message, Usage
from mailcore.store.writer import Delivery, Outcome

from .conftest import MAILBOX
from .letters import letter

Add = Callable[..., int]


def make_delivery(raw: bytes, key: str, **fields: Any) -> Delivery:
    return Delivery(**({"mailbox_id": MAILBOX, "folder": "INBOX", "blob_id": blobs.put(raw), "key": key} | fields))


def make_mailbox(quota: int | None, domain_quota: int = 0) -> MailboxId:
    domain = Domain.objects.create(name="quota.example", shown_name="quota.example", default_quota_bytes=domain_quota)
    address = Address.objects.create(domain=domain, local="ann", kind="mailbox")
    return MailboxId(Mailbox.objects.create(address=address, quota_bytes=quota).pk)


def test_append_counts(store: LocalMailStore, add: Add) -> None:
    raw = letter()
    assert [add(raw), add(raw, flags=SEEN), add(letter())] == [1, 2, 3]
    info = store.get_folder("INBOX")
    assert (info.messages, info.unseen, info.uidnext) == (3, 2, 4)
    assert info.bytes == store.quota().used_bytes == sum(row[1] for row in store.fetch(info.id, [1, 2, 3], ["size"]))
    assert checking.check_mail() == []


def test_the_same_bytes_are_stored_once(store: LocalMailStore, add: Add) -> None:
    raw = letter()
    add(raw)
    add(raw, "Sent")
    assert Blob.objects.count() == 1
    assert Message.objects.count() == 2


def test_append_to_no_folder_keeps_nothing(store: LocalMailStore, add: Add) -> None:
    with pytest.raises(NotFound):
        add(letter(), "Nowhere")
    assert store.quota().messages == 0


def test_quota_is_that_of_the_mailbox_or_its_domain(db: None) -> None:
    raw = letter()
    mailbox_id = make_mailbox(None, domain_quota=len(raw) + 10)
    store = LocalMailStore(mailbox_id)
    store.append("INBOX", raw, flags=0, keywords=frozenset(), internaldate=None)
    with pytest.raises(OverQuota):
        store.append("INBOX", letter(), flags=0, keywords=frozenset(), internaldate=None)
    with pytest.raises(OverQuota):
        store.copy(store.get_folder("INBOX").id, [1], "Sent")
    assert len(store.move(store.get_folder("INBOX").id, [1], "Sent").pairs) == 1
    assert store.quota().used_bytes == len(raw)
    assert store.quota().limit_bytes == len(raw) + 10


def test_delivery_over_quota_holds_up_no_other(db: None) -> None:
    raw = letter()
    full = make_mailbox(len(raw) + 5)
    results = writer.deliver(
        [
            make_delivery(raw, "1", mailbox_id=full),
            make_delivery(letter(), "2", mailbox_id=full),
            make_delivery(letter(), "3"),
        ]
    )
    assert [result.outcome for result in results] == [Outcome.STORED, Outcome.OVER_QUOTA, Outcome.STORED]
    assert checking.check_mail() == []


def test_delivery_is_idempotent_by_key(store: LocalMailStore) -> None:
    items = [make_delivery(letter(), "a"), make_delivery(letter(), "b"), make_delivery(letter(), "a")]
    first = writer.deliver(items)
    assert [result.outcome for result in first] == [Outcome.STORED, Outcome.STORED, Outcome.ALREADY_THERE]
    again = writer.deliver([*items[:2], make_delivery(letter(), "c")])
    assert [result.outcome for result in again] == [Outcome.ALREADY_THERE, Outcome.ALREADY_THERE, Outcome.STORED]
    assert [result.uid for result in again] == [1, 2, 3]
    assert store.get_folder("INBOX").messages == 3
    assert checking.check_mail() == []


def test_delivery_makes_folders_and_serves_the_prefix(db: None) -> None:
    raw = letter()
    prefix = b"Return-Path: <x@example.org>\r\n"
    [result] = writer.deliver([make_delivery(raw, "k", folder="Lists/Django", prefix=prefix, keywords=frozenset({"a"}), internaldate=99)])
    store = LocalMailStore(MAILBOX)
    assert result.folder_id == store.get_folder("Lists/Django").id
    assert store.get_folder("Lists").messages == 0
    rows = list(store.fetch(result.folder_id, [result.uid], ["raw", "header", "size", "prefix_size", "internaldate"]))
    header = prefix + raw[: raw.index(b"\r\n\r\n") + 4]
    assert rows == [(1, prefix + raw, header, len(prefix + raw), len(prefix), 99)]
    assert store.open("Lists/Django", read_only=True).keywords == {1: "a"}


def test_a_failed_batch_leaves_no_trace(store: LocalMailStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **options: object) -> None:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr("mailcore.store.writer.books.insert", fail)
        with pytest.raises(RuntimeError):
            writer.deliver([make_delivery(letter(), "a")])
    assert store.get_folder("INBOX").uidnext == 1
    assert writer.deliver([make_delivery(letter(), "a")])[0].outcome is Outcome.STORED
    assert checking.check_mail() == []


def test_flags_change_only_what_differs(store: LocalMailStore, add: Add) -> None:
    for _ in range(3):
        add(letter())
    folder_id = store.get_folder("INBOX").id
    changed = store.store_flags(folder_id, [1, 2], mode=FlagMode.ADD, flags=SEEN, keywords=frozenset({"$Work"}))
    assert [(state.uid, state.flags, state.keywords) for state in changed] == [(1, SEEN, "$Work"), (2, SEEN, "$Work")]
    again = store.store_flags(folder_id, [1, 2, 3], mode=FlagMode.ADD, flags=SEEN, keywords=frozenset({"$work"}))
    assert [(state.uid, state.keywords) for state in again] == [(3, "$work")]
    assert store.get_folder("INBOX").unseen == 0
    replaced = store.store_flags(folder_id, [1], mode=FlagMode.REPLACE, flags=FLAGGED, keywords=frozenset())
    assert [(state.flags, state.keywords) for state in replaced] == [(FLAGGED, "")]
    assert store.get_folder("INBOX").unseen == 1
    removed = store.store_flags(folder_id, [2], mode=FlagMode.REMOVE, flags=SEEN, keywords=frozenset({"$WORK"}))
    assert [(state.flags, state.keywords) for state in removed] == [(0, "")]
    assert checking.check_mail() == []


def test_unchanged_since_leaves_newer_messages_alone(store: LocalMailStore, add: Add) -> None:
    add(letter())
    add(letter())
    info = store.get_folder("INBOX")
    store.store_flags(info.id, [2], mode=FlagMode.ADD, flags=SEEN, keywords=frozenset())
    changed = store.store_flags(info.id, [1, 2], mode=FlagMode.ADD, flags=FLAGGED, keywords=frozenset(), unchanged_since=info.highestmodseq)
    assert [state.uid for state in changed] == [1]


def test_copy_and_move(store: LocalMailStore, add: Add) -> None:
    for flags in (0, SEEN, FLAGGED):
        add(letter(), flags=flags, keywords=frozenset({"k"}))
    inbox = store.get_folder("INBOX")
    copied = store.copy(inbox.id, [1, 3, 9], "Archive")
    assert copied.pairs == [(1, 1), (3, 2)]
    assert copied.uidvalidity == store.get_folder("Archive").uidvalidity
    moved = store.move(inbox.id, [2], "Archive")
    assert moved.pairs == [(2, 3)]
    assert list(store.open("INBOX", read_only=True).uids) == [1, 3]
    archive = store.open("Archive", read_only=True)
    assert list(archive.flags) == [0, FLAGGED, SEEN]
    assert archive.keywords == {1: "k", 2: "k", 3: "k"}
    assert store.move(inbox.id, [1], "INBOX").pairs == [(1, 4)]
    assert list(store.open("INBOX", read_only=True).uids) == [3, 4]
    with pytest.raises(NotFound):
        store.copy(inbox.id, [3], "Nowhere")
    assert checking.check_mail() == []


def test_expunge_takes_only_deleted_ones(store: LocalMailStore, add: Add) -> None:
    for flags in (DELETED, 0, DELETED, DELETED):
        add(letter(), flags=flags)
    folder_id = store.get_folder("INBOX").id
    assert store.expunge(folder_id, [1, 2]) == [1]
    assert store.expunge(folder_id, None) == [3, 4]
    assert store.expunge(folder_id, [2], only_deleted=False) == [2]
    assert Usage.objects.get(pk=MAILBOX).bytes == 0
    assert checking.check_mail() == []


def test_another_mailbox_s_folder_is_not_found(store: LocalMailStore, add: Add) -> None:
    add(letter())
    folder_id = store.get_folder("INBOX").id
    stranger = LocalMailStore(MailboxId(MAILBOX + 1))
    for attempt in (
        lambda: stranger.fetch(folder_id, [1], ["raw"]),
        lambda: stranger.changes_since(folder_id, 0),
        lambda: stranger.expunge(folder_id, [1], only_deleted=False),
        lambda: stranger.copy(folder_id, [1], "INBOX"),
        lambda: stranger.store_flags(folder_id, [1], mode=FlagMode.ADD, flags=SEEN, keywords=frozenset()),
    ):
        with pytest.raises(NotFound):
            attempt()


def test_default_folders_are_made_once(store: LocalMailStore) -> None:
    assert {info.name: info.special_use for info in store.list_folders()} == {
        "INBOX": "", "Drafts": "\\Drafts", "Sent": "\\Sent", "Archive": "\\Archive", "Junk": "\\Junk", "Trash": "\\Trash",
    }  # fmt: skip
    assert store.list_folders()[0].name == "INBOX"
    store.delete_folder("Junk")
    assert "Junk" not in [info.name for info in LocalMailStore(MAILBOX).list_folders()]
    assert "Junk" in store.list_subscribed()


def test_create_and_delete_folders(store: LocalMailStore, add: Add) -> None:
    first = store.create_folder("a/b/c")
    assert {"a", "a/b", "a/b/c"} <= {info.name for info in store.list_folders()}
    with pytest.raises(Conflict):
        store.create_folder("a/b")
    with pytest.raises(Conflict):
        store.create_folder("inbox")
    with pytest.raises(Conflict):
        store.create_folder("Other", "\\Sent")
    for bad in ("", "/", "a//b", "a/", "/a", "a\nb"):
        with pytest.raises(BadSyntax):
            store.create_folder(bad)
    with pytest.raises(Conflict):
        store.delete_folder("a/b")
    with pytest.raises(Denied):
        store.delete_folder("Inbox")
    add(letter(), "a/b/c")
    store.delete_folder("a/b/c")
    assert store.quota().messages == 0
    again = store.create_folder("a/b/c")
    assert again.uidvalidity > first.uidvalidity
    with pytest.raises(NotFound):
        store.changes_since(first.id, 0)
    assert checking.check_mail() == []


def test_rename_takes_children_along(store: LocalMailStore, add: Add) -> None:
    store.create_folder("a/b_c/d")
    store.create_folder("a/bxc")
    store.set_subscribed("a/b_c/d", True)
    add(letter(), "a/b_c/d")
    before = store.get_folder("a/b_c/d")
    store.rename_folder("a/b_c", "new/place")
    after = store.get_folder("new/place/d")
    assert (after.id, after.uidvalidity, after.messages, after.subscribed) == (before.id, before.uidvalidity, 1, True)
    assert {info.name for info in store.list_folders()} >= {"a", "a/bxc", "new", "new/place"}
    with pytest.raises(Conflict):
        store.rename_folder("new", "a")
    with pytest.raises(Conflict):
        store.rename_folder("new", "new/place/deeper")
    with pytest.raises(NotFound):
        store.rename_folder("gone", "else")


def test_renaming_inbox_moves_its_messages(store: LocalMailStore, add: Add) -> None:
    store.create_folder("INBOX/child")
    add(letter())
    store.rename_folder("INBOX", "Old mail")
    assert (store.get_folder("INBOX").messages, store.get_folder("Old mail").messages) == (0, 1)
    assert store.get_folder("INBOX/child").messages == 0
    assert checking.check_mail() == []


def test_the_bus_is_told_after_the_commit_only(
    store: LocalMailStore, add: Add, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    told: list[object] = []
    monkeypatch.setattr(bus, "publish", told.append)
    with django_capture_on_commit_callbacks(execute=False) as callbacks:
        add(letter())
    assert told == []
    for callback in callbacks:
        callback()
    info = store.get_folder("INBOX")
    assert told == [FolderChanged(MAILBOX, info.id, info.highestmodseq)]


def test_threads_follow_references(store: LocalMailStore, add: Add) -> None:
    add(letter(message_id="<root@x>"))
    add(letter(message_id="<answer@x>", references="<root@x>"))
    add(letter(message_id="<late@x>", references="<root@x> <unseen@x>"))
    add(letter(message_id="<other@x>"))
    add(letter(message_id="<cousin@x>", references="<unseen@x>"))
    info = store.get_folder("INBOX")
    threads = [row[1] for row in store.fetch(info.id, [1, 2, 3, 4, 5], ["thread_id"])]
    assert threads[0] == threads[1] == threads[2] == threads[4] != threads[3]


def test_one_delivery_threads_its_own_messages(store: LocalMailStore) -> None:
    items = [
        make_delivery(letter(message_id="<1@b>"), "1"),
        make_delivery(letter(message_id="<2@b>", references="<1@b>"), "2"),
    ]
    writer.deliver(items)
    assert len({row.thread_id for row in Message.objects.all()}) == 1


def test_a_removed_mailbox_leaves_nothing(store: LocalMailStore, add: Add) -> None:
    add(letter())
    writer.deliver([make_delivery(letter(), "k"), make_delivery(letter(), "other", mailbox_id=MailboxId(MAILBOX + 1))])
    writer.remove_mailbox(mailbox_id=MAILBOX)
    assert set(Message.objects.values_list("mailbox_id", flat=True)) == {MAILBOX + 1}
    assert not Usage.objects.filter(pk=MAILBOX).exists()
    assert writer.deliver([make_delivery(letter(), "k")])[0].outcome is Outcome.STORED
    assert checking.check_mail() == []


def test_a_damaged_blob_and_a_wrong_counter_are_found(store: LocalMailStore, add: Add) -> None:
    add(letter())
    add(letter())
    blob = Blob.objects.order_by("pk").first()
    assert blob is not None
    Blob.objects.filter(pk=blob.pk).update(offset=blob.offset + 1)
    Message.objects.filter(uid=2).update(flags=SEEN, modseq=99)
    texts = [str(finding) for finding in checking.check_mail()]
    assert any(f"blob {blob.pk}" in text and "digest" in text for text in texts)
    assert any("counts 2 unseen, holds 1" in text for text in texts)
    assert any("UID 2: the journal says" in text for text in texts)
    assert any("HIGHESTMODSEQ" in text for text in texts)


def test_several_messages_are_kept_together_or_not_at_all(store: LocalMailStore) -> None:
    same = letter()
    kept = store.append_many("INBOX", [NewMessage(same, SEEN), NewMessage(same), NewMessage(letter(), 0, frozenset(("k",)), 77)])
    assert [one.uid for one in kept] == [1, 2, 3]
    rows = list(store.fetch(store.get_folder("INBOX").id, [1, 2, 3], ["raw", "internaldate"]))
    assert rows[0][1] == rows[1][1] == same and rows[2][2] == 77
    with pytest.raises(NotFound):
        store.append_many("Nowhere", [NewMessage(letter())])
    tight = LocalMailStore(make_mailbox(len(same) + 10))
    with pytest.raises(OverQuota):
        tight.append_many("INBOX", [NewMessage(same), NewMessage(same)])
    assert store.get_folder("INBOX").messages == store.quota().messages == 3
    assert tight.get_folder("INBOX").messages == tight.quota().messages == 0


def test_a_message_is_replaced_in_one_step(store: LocalMailStore, add: Callable[..., int]) -> None:
    uid = add(letter())
    folder = store.get_folder("INBOX")
    [kept] = store.append_many("Drafts", [NewMessage(letter())], replacing=(folder.id, uid))
    assert kept.uid == 1
    assert store.get_folder("INBOX").messages == 0 and store.get_folder("Drafts").messages == store.quota().messages == 1
    with pytest.raises(NotFound):
        store.append_many("Drafts", [NewMessage(letter())], replacing=(folder.id, uid))
    assert store.get_folder("Drafts").messages == 1
    assert store.vanished_since(folder.id, folder.highestmodseq).ranges == [(uid, uid)]
