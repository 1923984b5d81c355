"""What is removed can be brought back for a while, to where it was, and then is gone."""

import pytest

from mailcore.archive import levels, sweeping, undeleting
from mailcore.archive.models import Removal
from mailcore.audit.models import Event
from mailcore.directory import mailboxes
from mailcore.kernel.errors import BadSyntax, NotFound, OverQuota
from mailcore.kernel.flags import DELETED, FLAGGED, SEEN
from mailcore.kernel.mailstore import FlagMode, NewMessage
from mailcore.store import checking, writer
from mailcore.store.models import Blob, Message
from tests.builders import message

from .cast import DAY, expunge, folder_id, make_domain, open_store, put, set_clock, subjects

pytestmark = pytest.mark.django_db
NOW = 1_800_000_000


def test_what_was_removed_comes_back_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    set_clock(monkeypatch, NOW)
    make_domain()
    store = open_store()
    uid = put(store, "Lunch", flags=FLAGGED | SEEN)
    store.store_flags(folder_id(store), [uid], mode=FlagMode.ADD, flags=DELETED, keywords=frozenset({"work"}))
    before = Message.objects.get()
    assert store.expunge(folder_id(store), None) == [uid]
    assert store.quota().used_bytes == 0
    [row] = undeleting.list_removed(mailbox_id=store.mailbox_id).rows
    assert (row.subject, row.folder, row.at, row.until) == ("Lunch", "INBOX", NOW, NOW + 30 * DAY)
    assert undeleting.restore(mailbox_id=store.mailbox_id, removal_ids=[row.id]) == 1
    after = Message.objects.get()
    assert (after.flags, after.keywords, after.internaldate) == (FLAGGED | SEEN, "work", before.internaldate)
    assert (after.thread_id, after.blob_id, after.folder_id) == (before.thread_id, before.blob_id, before.folder_id)
    assert after.uid > uid
    assert not undeleting.list_removed(mailbox_id=store.mailbox_id).rows
    assert checking.check_mail() == []
    with pytest.raises(NotFound):
        undeleting.restore(mailbox_id=store.mailbox_id, removal_ids=[row.id])


def test_moves_and_drafts_written_anew_are_not_deleted_mail() -> None:
    make_domain()
    store = open_store()
    uid = put(store)
    store.move(folder_id(store), [uid], "Trash")
    assert not undeleting.list_removed(mailbox_id=store.mailbox_id).rows
    [moved] = Removal.objects.all()
    assert (moved.kind, moved.went_folder_id, moved.went_uid) == ("moved", folder_id(store, "Trash"), 1)


def test_many_moved_messages_are_each_followed() -> None:
    make_domain()
    store = open_store()
    letters = [NewMessage(message(subject=f"Letter {number}"), 0, frozenset(), None) for number in range(1_200)]
    uids = [one.uid for one in store.append_many("INBOX", letters)]
    chosen = [uid for uid in uids if uid % 3]
    pairs = dict(store.move(folder_id(store), chosen, "Archive").pairs)
    assert {row.uid: row.went_uid for row in Removal.objects.all()} == pairs


def test_a_folder_that_is_gone_is_made_again_and_one_renamed_is_found() -> None:
    make_domain()
    store = open_store()
    store.create_folder("Work")
    store.create_folder("Old")
    first, second = put(store, "One", "Work"), put(store, "Two", "Old")
    expunge(store, first, folder="Work")
    expunge(store, second, folder="Old")
    store.rename_folder("Work", "Office")
    store.delete_folder("Old")
    assert undeleting.restore_all(mailbox_id=store.mailbox_id) == 2
    assert subjects(store, "Office") == ["One"]
    assert subjects(store, "Old") == ["Two"]


def test_search_and_restore_to_a_folder_and_the_record_of_it() -> None:
    make_domain()
    store = open_store()
    expunge(store, put(store, "Café au lait"), put(store, "Tea"))
    box = store.mailbox_id
    assert [row.subject for row in undeleting.list_removed(mailbox_id=box, search="CAFÉ ann").rows] == ["Café au lait"]
    assert undeleting.restore_all(mailbox_id=box, search="café", folder="Saved", name="ann@here.test", domain="here.test") == 1
    assert [row.subject for row in undeleting.list_removed(mailbox_id=box).rows] == ["Tea"]
    event = Event.objects.get(action="archive.restored")
    assert (event.object_name, event.domain, event.after) == ("ann@here.test", "here.test", {"messages": 1, "folder": "Saved"})


def test_pages_of_removed_mail() -> None:
    make_domain()
    store = open_store()
    expunge(store, *[put(store, f"Letter {number}") for number in range(7)])
    seen: list[str] = []
    before = None
    while True:
        page = undeleting.list_removed(mailbox_id=store.mailbox_id, before=before, limit=3)
        seen += [row.subject for row in page.rows]
        before = page.older
        if before is None:
            break
    assert seen == [f"Letter {number}" for number in range(6, -1, -1)]


def test_nobody_brings_back_what_is_another_mailboxs() -> None:
    make_domain()
    ann, cy = open_store(), open_store("cy@here.test")
    expunge(ann, put(ann))
    removal = Removal.objects.get()
    with pytest.raises(NotFound):
        undeleting.restore(mailbox_id=cy.mailbox_id, removal_ids=[removal.pk])
    with pytest.raises(NotFound):
        undeleting.access_removal(mailbox_id=cy.mailbox_id, removal_id=removal.pk)


def test_no_room_restores_nothing() -> None:
    make_domain()
    store = open_store()
    expunge(store, put(store, "One"), put(store, "Two"))
    mailboxes.set_quota(mailbox_id=store.mailbox_id, quota_bytes=300)
    with pytest.raises(OverQuota):
        undeleting.restore_all(mailbox_id=store.mailbox_id)
    assert Message.objects.count() == 0
    assert len(undeleting.list_removed(mailbox_id=store.mailbox_id).rows) == 2


def test_the_window_is_the_nearest_one_set_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = set_clock(monkeypatch, NOW)
    make_domain()
    store = open_store()
    expunge(store, put(store))
    box = store.mailbox_id
    levels.put(owner="domain:here.test", name="undelete_days", value=10)
    assert undeleting.get_window(box) == 10 * DAY
    levels.put(owner=f"mailbox:{box}", name="undelete_days", value=3)
    clock.now += 2 * DAY
    assert sweeping.sweep() == 0
    assert undeleting.count_removed(mailbox_id=box) == 1
    clock.now += DAY
    assert undeleting.count_removed(mailbox_id=box) == 0
    with pytest.raises(NotFound):
        undeleting.access_removal(mailbox_id=box, removal_id=Removal.objects.get().pk)
    assert sweeping.sweep() == 1
    assert not Removal.objects.exists()
    assert levels.reset(owner=f"mailbox:{box}", name="undelete_days")
    assert undeleting.get_window(box) == 10 * DAY


def test_off_shows_nothing_at_once_and_keeps_nothing_past_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = set_clock(monkeypatch, NOW)
    make_domain()
    store = open_store()
    levels.put(owner="system", name="undelete_days", value=0)
    expunge(store, put(store))
    assert undeleting.list_removed(mailbox_id=store.mailbox_id).rows == []
    clock.now += DAY
    assert sweeping.sweep() == 1


def test_the_sweep_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = set_clock(monkeypatch, NOW)
    monkeypatch.setattr(sweeping, "BATCH", 10)
    make_domain()
    store = open_store()
    expunge(store, *[put(store, f"Letter {number}") for number in range(25)])
    clock.now += 31 * DAY
    assert sweeping.sweep(rounds=2) == 20
    assert sweeping.sweep(rounds=2) == 5


def test_bytes_of_removed_mail_cannot_be_deleted() -> None:
    from django.db import IntegrityError, connection, transaction

    make_domain()
    store = open_store()
    expunge(store, put(store))
    blob = Blob.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM store_content WHERE blob_id = %s", [blob.pk])
        cursor.execute("DELETE FROM store_blob WHERE id = %s", [blob.pk])
        connection.check_constraints()


def test_with_the_mailbox_everything_goes() -> None:
    make_domain()
    store = open_store()
    expunge(store, put(store))
    writer.remove_mailbox(mailbox_id=store.mailbox_id)
    assert not Removal.objects.exists()


@pytest.mark.parametrize(
    ("owner", "name", "value"),
    [("system", "nonsense", 1), ("system", "undelete_days", -1), ("system", "undelete_days", 36_501), ("mailbox:1", "journal", 1),
     ("domain:here.test", "journal", 2)],
)  # fmt: skip
def test_periods_that_are_none(owner: str, name: str, value: int) -> None:
    with pytest.raises(BadSyntax):
        levels.put(owner=owner, name=name, value=value)
