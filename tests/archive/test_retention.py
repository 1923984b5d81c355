"""What lies too long in Junk or Trash goes, as was shown beforehand, and what is held stays."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from config.celery import app
from mailcore.archive import holds, levels, retention, sweeping, undeleting
from mailcore.archive.holds import NewHold
from mailcore.archive.models import Removal
from mailcore.audit.models import Event
from mailcore.directory import mailboxes
from mailcore.directory.models import Mailbox
from mailcore.kernel.errors import BadSyntax, Conflict, Denied, NotFound
from mailcore.store import sweeping as store_sweeping
from mailcore.store.mailstore import LocalMailStore
from mailcore.store.models import Message
from mailcore.workers import tasks

from .cast import DAY, ROOT, Clock, expunge, folder_id, look_after, make_domain, open_store, put, set_clock, subjects

pytestmark = pytest.mark.django_db
NOW = 1_800_000_000


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    monkeypatch.setattr(retention, "_position", 0)
    return set_clock(monkeypatch, NOW)


@pytest.fixture
def store(clock: Clock) -> LocalMailStore:
    make_domain()
    return open_store()


def test_junk_and_trash_go_after_their_days_in_the_folder(store: LocalMailStore, clock: Clock) -> None:
    for folder in ("Junk", "Trash", "INBOX", "Archive"):
        put(store, "Old", folder)
    clock.now += 29 * DAY
    store.move(folder_id(store), [put(store, "Just moved")], "Trash")
    clock.now += 2 * DAY
    going = retention.preview(mailbox_ids=[store.mailbox_id])
    assert [(one.folder, one.days, one.messages) for one in going] == [("Junk", 30, 1), ("Trash", 30, 1)]
    assert retention.run() == 2
    assert (subjects(store, "Junk"), subjects(store, "Trash"), subjects(store, "Archive")) == ([], ["Just moved"], ["Old"])
    assert undeleting.count_removed(mailbox_id=store.mailbox_id) == 2
    assert retention.run() == 0


def test_the_nearest_period_wins_and_none_is_for_ever(store: LocalMailStore, clock: Clock) -> None:
    put(store, "Old", "Junk")
    put(store, "Old", "INBOX")
    levels.put(owner="domain:here.test", name="junk_days", value=0)
    clock.now += 400 * DAY
    assert retention.run() == 0
    assert [one.messages for one in retention.preview(mailbox_ids=[store.mailbox_id], proposed={"inbox_days": 365})] == [1]
    levels.put(owner=f"mailbox:{store.mailbox_id}", name="inbox_days", value=365)
    assert retention.run() == 1
    assert subjects(store, "Junk") == ["Old"]


def test_it_goes_in_small_batches_and_round_all_folders(store: LocalMailStore, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 3)
    other = open_store("bo@here.test")
    for one in (store, other):
        for number in range(7):
            put(one, f"Letter {number}", "Junk")
    clock.now += 31 * DAY
    assert sum(retention.run(folders=1) for _ in range(6)) == 14


def test_what_is_held_stays_wherever_it_is(store: LocalMailStore, clock: Clock) -> None:
    hold = holds.place(ROOT, NewHold(name="Case 7", scope="ann@here.test", words="MERGER"))
    put(store, "Lunch", "Junk")
    put(store, "The merger", "Junk")
    expunge(store, put(store, "Merger plan"), put(store, "Tea"))
    clock.now += 61 * DAY
    assert retention.run() == 1
    assert subjects(store, "Junk") == ["The merger"]
    assert sweeping.sweep() == 1
    assert undeleting.count_removed(mailbox_id=store.mailbox_id) == 1
    clock.now += 31 * DAY
    assert sweeping.sweep() == 1
    assert undeleting.count_removed(mailbox_id=store.mailbox_id) == 0
    assert Removal.objects.count() == 1
    holds.release(ROOT, hold_id=hold.pk)
    clock.now += DAY
    assert sweeping.sweep() == 1
    assert retention.run() == 1


def test_a_period_of_a_hold(store: LocalMailStore, clock: Clock) -> None:
    holds.place(ROOT, NewHold(name="Spring", scope="here.test", since=1_700_000_001, until=1_700_000_002))
    expunge(store, put(store))
    clock.now += 31 * DAY
    assert sweeping.sweep() == 1


@pytest.mark.parametrize("scope", ["ann@here.test", "here.test", ""])
def test_a_held_mailbox_is_not_removed(store: LocalMailStore, clock: Clock, scope: str) -> None:
    put(store)
    hold = holds.place(ROOT, NewHold(name="Case 7", scope=scope))
    mailboxes.remove_later(mailbox_id=store.mailbox_id, at=timezone.now() - timedelta(days=1))
    assert mailboxes.remove_due(now=timezone.now()) == 0
    with pytest.raises(Conflict):
        mailboxes.remove(mailbox_id=store.mailbox_id)
    store_sweeping.sweep()
    assert Message.objects.count() == 1
    holds.release(ROOT, hold_id=hold.pk)
    assert mailboxes.remove_due(now=timezone.now()) == 1
    store_sweeping.sweep()
    assert Message.objects.count() == 0


def test_mail_of_a_mailbox_that_went_before_the_hold_could_stop_it_stays(store: LocalMailStore) -> None:
    put(store)
    holds.place(ROOT, NewHold(name="Case 7", scope="ann@here.test"))
    Mailbox.objects.all().delete()
    store_sweeping.sweep()
    assert Message.objects.count() == 1


def test_who_may_place_and_release_what(store: LocalMailStore) -> None:
    with pytest.raises(Denied):
        holds.place(look_after("here.test"), NewHold(name="All"))
    with pytest.raises(NotFound):
        holds.place(look_after("there.test"), NewHold(name="Theirs", scope="here.test"))
    with pytest.raises(NotFound):
        holds.place(look_after("there.test"), NewHold(name="Theirs", scope="ann@here.test"))
    hold = holds.place(look_after("here.test"), NewHold(name="Ours", scope="ann@here.test"))
    with pytest.raises(NotFound):
        holds.release(look_after("there.test"), hold_id=hold.pk)
    assert holds.list_all(domains=["there.test"]) == [] and holds.list_all(domains=None) == [hold]
    holds.release(look_after("here.test"), hold_id=hold.pk)
    with pytest.raises(Conflict):
        holds.release(look_after("here.test"), hold_id=hold.pk)
    assert list(Event.objects.filter(action__startswith="archive.hold").values_list("action", "object_name", "domain")) == [
        ("archive.hold_placed", "ann@here.test", "here.test"), ("archive.hold_released", "ann@here.test", "here.test"),
    ]  # fmt: skip


@pytest.mark.parametrize("fields", [{"name": " "}, {"name": "x", "since": 5, "until": 5}])
def test_holds_that_are_none(store: LocalMailStore, fields: dict[str, Any]) -> None:
    with pytest.raises(BadSyntax):
        holds.place(ROOT, NewHold(**fields))


def test_beat_rings_for_all_of_it(store: LocalMailStore, clock: Clock) -> None:
    put(store, "Old", "Junk")
    expunge(store, put(store, "Older"))
    clock.now += 31 * DAY
    assert app.conf.beat_schedule["retain"]["task"] == tasks.retain.name
    tasks.retain()
    assert subjects(store, "Junk") == []
    assert [row.subject for row in undeleting.list_removed(mailbox_id=store.mailbox_id).rows] == ["Old"]
    assert Removal.objects.count() == 1
