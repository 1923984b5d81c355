"""A mailbox put back is as it was: after anything, at any moment, by halves, and there and back again."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailcore.archive import levels, sweeping, undeleting
from mailcore.archive.models import Beginning, Removal
from mailcore.archive.rewinding import applying, planning
from mailcore.audit.models import Event
from mailcore.directory import mailboxes
from mailcore.kernel.errors import BadSyntax, Conflict, MailError, NotFound
from mailcore.kernel.flags import DELETED, FLAGGED, SEEN
from mailcore.kernel.ids import FolderId, MailboxId
from mailcore.kernel.mailstore import FlagMode, NewMessage
from mailcore.store import checking, snapshots, writer
from mailcore.store.mailstore import LocalMailStore
from mailcore.store.models import Folder, Message
from tests.builders import message

from .cast import DAY, Clock, expunge, folder_id, make_domain, open_store, put, set_clock, subjects

pytestmark = pytest.mark.django_db
NOW = 1_900_000_000
NAMES = ("INBOX", "Trash", "A", "B", "A/C")
_mailboxes = count(100_000)
_letters = count(1)

Item = tuple[int, int, str, int]
State = dict[int, list[Item]]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return set_clock(monkeypatch, NOW)


class World:
    """A mailbox to which things happen, and what it was like at the end of each second."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        clock.now = NOW
        self.store = LocalMailStore(MailboxId(next(_mailboxes)))
        self.box = self.store.mailbox_id
        self.states: dict[int, State] = {clock.now: self.look()}
        self.last_names: dict[int, str] = {}

    def look(self) -> State:
        found: State = {pk: [] for pk in Folder.objects.filter(mailbox_id=self.box).values_list("pk", flat=True)}
        for row in Message.objects.filter(mailbox_id=self.box):
            found[row.folder_id].append((row.blob_id, row.flags, row.keywords, row.internaldate))
        return found

    def do(self, step: tuple[Any, ...]) -> None:
        verb, wait, name, other, picks, flags = step
        self.clock.now += wait
        with suppress(MailError):
            getattr(self, verb)(name, other, picks, flags)
        for row in Removal.objects.filter(mailbox_id=self.box).order_by("pk").values_list("folder_id", "folder"):
            self.last_names[row[0]] = row[1]
        self.states[self.clock.now] = self.look()

    def pick(self, name: str, picks: list[int]) -> tuple[FolderId, list[int]]:
        folder = self.store.get_folder(name)
        uids = list(Message.objects.filter(folder_id=folder.id).order_by("uid").values_list("uid", flat=True))
        return folder.id, sorted({uids[pick % len(uids)] for pick in picks}) if uids else []

    def add(self, name: str, other: str, picks: list[int], flags: int) -> None:
        raw = message(subject=f"Letter {next(_letters)}")
        self.store.append(name, raw, flags=flags, keywords=frozenset({"k"} if flags & 4 else ()), internaldate=picks[0])

    def move(self, name: str, other: str, picks: list[int], flags: int) -> None:
        self.store.move(*self.pick(name, picks), other)

    def copy(self, name: str, other: str, picks: list[int], flags: int) -> None:
        self.store.copy(*self.pick(name, picks), other)

    def flag(self, name: str, other: str, picks: list[int], flags: int) -> None:
        mode = list(FlagMode)[picks[0] % 3]
        self.store.store_flags(*self.pick(name, picks), mode=mode, flags=flags, keywords=frozenset({"k", "w"} if flags & 1 else ()))

    def expunge(self, name: str, other: str, picks: list[int], flags: int) -> None:
        self.store.expunge(*self.pick(name, picks), only_deleted=False)

    def replace(self, name: str, other: str, picks: list[int], flags: int) -> None:
        folder, uids = self.pick(name, picks)
        letter = NewMessage(message(subject=f"Letter {next(_letters)}"), flags, frozenset(), 7)
        self.store.append_many(name, [letter], replacing=(folder, uids[0]) if uids else None)

    def make(self, name: str, other: str, picks: list[int], flags: int) -> None:
        self.store.create_folder(name)

    def rename(self, name: str, other: str, picks: list[int], flags: int) -> None:
        self.store.rename_folder(name, other)

    def drop(self, name: str, other: str, picks: list[int], flags: int) -> None:
        self.store.delete_folder(name)

    def restore(self, name: str, other: str, picks: list[int], flags: int) -> None:
        rows = undeleting.list_removed(mailbox_id=self.box, now=self.clock.now).rows
        chosen = sorted({rows[pick % len(rows)].id for pick in picks}) if rows else []
        undeleting.restore(mailbox_id=self.box, removal_ids=chosen, folder=other if flags & 1 else "")

    def rewind(self, name: str, other: str, picks: list[int], flags: int) -> None:
        moments = sorted(self.states)
        moment = moments[picks[0] % len(moments)]
        applying.apply(mailbox_id=self.box, moment=moment, folder=name if flags & 1 else "", drop_new=bool(flags & 2))

    def named(self, state: State) -> dict[str, Counter[Item]]:
        """By the names that the folders have now, or last had."""
        names = dict(Folder.objects.filter(mailbox_id=self.box).values_list("pk", "name"))
        found: dict[str, Counter[Item]] = {}
        for pk, items in state.items():
            if items:
                found.setdefault(names.get(pk) or self.last_names[pk], Counter()).update(items)
        return found


_VERBS = (
    *["add"] * 6, *["move"] * 4, *["flag"] * 5, "copy", "expunge", "expunge", "replace", "make", "rename", "drop", "restore", "rewind",
)  # fmt: skip
_relaxed = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def make_history(chance: Random, length: int) -> list[tuple[Any, ...]]:
    """Drawn by chance and not by hypothesis, whose short lists leave mailboxes nearly empty."""
    steps: list[tuple[Any, ...]] = [("add", 0, "INBOX", "", [day], day) for day in range(8)]
    steps += [("make", 1, name, "", [0], 0) for name in ("A", "B")]
    for _ in range(length):
        picks = [chance.randint(0, 40) for _ in range(chance.randint(1, 3))]
        names = chance.choices(NAMES, (5, 3, 3, 2, 1), k=2)
        steps.append((chance.choice(_VERBS), chance.randint(0, 2), *names, picks, chance.randint(0, 7)))
    return steps


@given(seed=st.integers(0, 1 << 32), length=st.integers(5, 40), kill_after=st.none() | st.integers(0, 6))
@_relaxed
def test_any_moment_after_anything(clock: Clock, seed: int, length: int, kill_after: int | None) -> None:
    world, chance = World(clock), Random(seed)
    for step in make_history(chance, length):
        world.do(step)
    before = world.look()
    moment = chance.choice(sorted(world.states))
    plan = planning.make_plan(mailbox_id=world.box, moment=moment)
    if kill_after is None:
        done = applying.apply(mailbox_id=world.box, moment=moment)
        expected, found = world.named(world.states[moment]), world.named(world.look())
        extra = {name: items - expected.get(name, Counter()) for name, items in found.items()}
        assert not any(items - found.get(name, Counter()) for name, items in expected.items()), "something did not come back"
        assert sum(items.total() for items in extra.values()) == len(plan.new)
        undone = applying.undo(mailbox_id=world.box, rewind_id=done.rewind_id)
        assert world.named(world.look()) == world.named(before), "the way back led elsewhere"
        assert done.lost == undone.lost == 0
    else:
        _apply_and_die(world, moment, kill_after)
    applying.apply(mailbox_id=world.box, moment=moment, drop_new=True)
    assert world.named(world.look()) == world.named(world.states[moment])
    assert planning.make_plan(mailbox_id=world.box, moment=moment).is_empty
    assert [finding for finding in checking.check_folders() if f"mailbox {world.box}:" in str(finding)] == []


def _apply_and_die(world: World, moment: int, after: int) -> None:
    """The process ends before or after one of its operations."""
    patch = pytest.MonkeyPatch()
    left = [after]

    def dying(operation: Callable[..., Any]) -> Callable[..., Any]:
        def run(**arguments: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
            return operation(**arguments)

        return run

    for name in ("bring_back", "move", "store_flags", "expunge", "create_folder"):
        patch.setattr(writer, name, dying(getattr(writer, name)))
    with suppress(KeyboardInterrupt):
        applying.apply(mailbox_id=world.box, moment=moment, drop_new=True)
    patch.undo()


def test_one_folder_alone(clock: Clock) -> None:
    make_domain()
    store = open_store()
    one, two = put(store, "One"), put(store, "Two")
    put(store, "Apart", "Archive")
    moment = clock.now
    clock.now += 10
    store.move(folder_id(store), [one], "Archive")
    store.store_flags(folder_id(store, "Archive"), [2], mode=FlagMode.ADD, flags=FLAGGED, keywords=frozenset())
    expunge(store, two)
    expunge(store, 1, folder="Archive")
    put(store, "New")
    clock.now += 10
    plan = planning.make_plan(mailbox_id=store.mailbox_id, moment=moment, folder="INBOX")
    assert (len(plan.restores), len(plan.moves), len(plan.reflags), len(plan.new), plan.lost) == (1, 1, 0, 1, 0)
    done = applying.apply(mailbox_id=store.mailbox_id, moment=moment, folder="INBOX", name="ann@here.test", domain="here.test")
    assert (done.restored, done.moved, done.removed) == (1, 1, 0)
    assert (subjects(store), subjects(store, "Archive")) == (["New", "One", "Two"], [])
    assert not Message.objects.filter(flags=FLAGGED).exists()
    assert Event.objects.get(action="archive.rewound").object_name == "ann@here.test"


def test_sessions_hear_of_it_like_of_any_change(clock: Clock) -> None:
    make_domain()
    store = open_store()
    uids = [put(store, f"Letter {number}") for number in range(3)]
    moment = clock.now
    clock.now += 10
    expunge(store, uids[0])
    store.store_flags(folder_id(store), [uids[1]], mode=FlagMode.ADD, flags=SEEN, keywords=frozenset())
    store.move(folder_id(store), [uids[2]], "Trash")
    seen = store.open("INBOX", read_only=True)
    applying.apply(mailbox_id=store.mailbox_id, moment=moment)
    after = snapshots.advance(seen, store.changes_since(folder_id(store), seen.folder.highestmodseq))
    fresh = store.open("INBOX", read_only=True)
    assert (list(after.uids), list(after.flags)) == (list(fresh.uids), list(fresh.flags))
    assert len(fresh.uids) == 3 and not any(fresh.flags)


def test_undo_touches_nothing_else(clock: Clock) -> None:
    make_domain()
    store = open_store()
    one = put(store, "One")
    moment = clock.now
    clock.now += 10
    store.move(folder_id(store), [one], "Trash")
    done = applying.apply(mailbox_id=store.mailbox_id, moment=moment)
    clock.now += 10
    put(store, "Later")
    expunge(store, put(store, "Later still"))
    applying.undo(mailbox_id=store.mailbox_id, rewind_id=done.rewind_id)
    assert (subjects(store), subjects(store, "Trash")) == (["Later"], ["One"])
    with pytest.raises(Conflict):
        applying.undo(mailbox_id=store.mailbox_id, rewind_id=done.rewind_id)
    with pytest.raises(NotFound):
        applying.undo(mailbox_id=MailboxId(store.mailbox_id + 1), rewind_id=done.rewind_id)


def test_moments_that_cannot_be_rebuilt(clock: Clock) -> None:
    make_domain()
    store = open_store()
    levels.put(owner="domain:here.test", name="undelete_days", value=7)
    assert planning.find_earliest(store.mailbox_id) == NOW - 7 * DAY
    for moment in (NOW + 1, NOW - 7 * DAY - 1):
        with pytest.raises(BadSyntax):
            planning.make_plan(mailbox_id=store.mailbox_id, moment=moment)
    with pytest.raises(NotFound):
        planning.make_plan(mailbox_id=store.mailbox_id, moment=NOW, folder="Nowhere")
    Beginning.objects.update(at=NOW - 60)
    assert planning.find_earliest(store.mailbox_id) == NOW - 60


def test_what_is_lost_is_counted(clock: Clock) -> None:
    make_domain()
    store = open_store()
    uids = [put(store, f"Letter {number}") for number in range(3)]
    moment = clock.now
    levels.put(owner=f"mailbox:{store.mailbox_id}", name="undelete_days", value=1)
    clock.now += 60
    expunge(store, *uids[:2])
    clock.now += DAY
    assert sweeping.sweep() == 2
    levels.reset(owner=f"mailbox:{store.mailbox_id}", name="undelete_days")
    plan = planning.make_plan(mailbox_id=store.mailbox_id, moment=moment)
    assert (plan.lost, len(plan.restores)) == (2, 0)


def test_no_room_does_nothing(clock: Clock) -> None:
    make_domain()
    store = open_store()
    uids = [put(store, "One"), put(store, "Two", flags=DELETED)]
    moment = clock.now
    clock.now += 10
    expunge(store, *uids)
    mailboxes.set_quota(mailbox_id=store.mailbox_id, quota_bytes=400)
    with pytest.raises(Conflict):
        applying.apply(mailbox_id=store.mailbox_id, moment=moment)
    assert subjects(store) == [] and applying.list_rewinds(mailbox_id=store.mailbox_id) == []


def test_what_somebody_brings_back_meanwhile_is_not_brought_back_twice(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    make_domain()
    store = open_store()
    uids = [put(store, "One"), put(store, "Two")]
    moment = clock.now
    clock.now += 10
    expunge(store, *uids)
    made = planning.make_plan

    def plan_and_be_overtaken(**about: Any) -> planning.Plan:
        plan = made(**about)
        undeleting.restore_all(mailbox_id=store.mailbox_id, search="Two")
        return plan

    monkeypatch.setattr(applying, "make_plan", plan_and_be_overtaken)
    assert applying.apply(mailbox_id=store.mailbox_id, moment=moment).restored == 1
    assert subjects(store) == ["One", "Two"]
