"""The store's signature: an old snapshot with the delta applied is what a fresh opening shows."""

import random
import threading
from collections.abc import Callable

import pytest
from django.db import connection

from mailcore.kernel.flags import DELETED, FLAGGED, SEEN
from mailcore.kernel.ids import MailboxId
from mailcore.kernel.mailstore import Delta, FlagMode, Snapshot, Vanished
from mailcore.store import checking, snapshots
from mailcore.store.mailstore import LocalMailStore
from mailcore.store.models import Change

from .letters import letter

Add = Callable[..., int]
State = dict[int, tuple[int, int, str]]


def read_state(snapshot: Snapshot) -> State:
    rows = zip(snapshot.uids, snapshot.modseqs, snapshot.flags, strict=True)
    return {uid: (modseq, flags, snapshot.keywords.get(uid, "")) for uid, modseq, flags in rows}


def apply(state: State, delta: Delta) -> State:
    after = dict(state)
    for uid in delta.expunged:
        after.pop(uid, None)
    for message in delta.changed:
        after[message.uid] = (message.modseq, message.flags, message.keywords)
    return after


def act(store: LocalMailStore, chance: random.Random) -> None:
    """One thing a person or a delivery may do."""
    snapshot = store.open("INBOX", read_only=True)
    uids = sorted(chance.sample(list(snapshot.uids), min(len(snapshot.uids), chance.randint(0, 4))))
    folder_id = snapshot.folder.id
    keywords = frozenset(chance.sample(["a", "b", "c"], chance.randint(0, 2)))
    match chance.randrange(6):
        case 0 | 1:
            store.append("INBOX", letter(), flags=chance.choice([0, SEEN, DELETED]), keywords=keywords, internaldate=None)
        case 2:
            store.store_flags(folder_id, uids, mode=chance.choice(list(FlagMode)), flags=chance.choice([SEEN, FLAGGED]), keywords=keywords)
        case 3:
            store.expunge(folder_id, None if chance.random() < 0.5 else uids, only_deleted=chance.random() < 0.5)
        case 4:
            store.move(folder_id, uids, chance.choice(["Archive", "INBOX"]))
        case 5:
            store.copy(folder_id, uids, "INBOX")


@pytest.mark.parametrize("seed", range(6))
def test_old_snapshot_and_delta_equal_a_fresh_one(store: LocalMailStore, seed: int) -> None:
    chance = random.Random(seed)
    known = [store.open("INBOX", read_only=True)]
    for _ in range(15):
        act(store, chance)
        known.append(store.open("INBOX", read_only=True))
    fresh = store.open("INBOX", read_only=True)
    for old in known:
        delta = store.changes_since(fresh.folder.id, old.folder.highestmodseq)
        assert apply(read_state(old), delta) == read_state(fresh)
        assert read_state(snapshots.advance(old, delta)) == read_state(fresh)
        assert delta.folder == fresh.folder
        assert list(delta.expunged) == sorted(set(delta.expunged))
        assert [message.uid for message in delta.changed] == sorted(message.uid for message in delta.changed)
    assert list(fresh.uids) == sorted(fresh.uids)
    assert fresh.folder.messages == len(fresh.uids)
    assert checking.check_mail() == []


def test_recent_messages_are_claimed_by_one_session(store: LocalMailStore, add: Add) -> None:
    add(letter())
    assert store.open("INBOX", read_only=True).recent_from == 1
    assert store.open("INBOX", read_only=False).recent_from == 1
    assert store.open("INBOX", read_only=False).recent_from == 2
    add(letter())
    assert store.open("INBOX", read_only=False).recent_from == 2


@pytest.mark.django_db(transaction=True)
def test_sessions_of_a_process_share_the_arrays() -> None:
    store = LocalMailStore(MailboxId(5))
    store.append("INBOX", letter(), flags=0, keywords=frozenset(), internaldate=None)
    first, second = store.open("INBOX", read_only=True), store.open("INBOX", read_only=False)
    assert first.uids is second.uids
    store.append("INBOX", letter(), flags=0, keywords=frozenset(), internaldate=None)
    third = store.open("INBOX", read_only=True)
    assert (list(first.uids), list(third.uids)) == ([1], [1, 2])


def test_what_a_transaction_sees_is_not_shared(store: LocalMailStore, add: Add) -> None:
    add(letter())
    snapshot = store.open("INBOX", read_only=True)
    assert snapshot.folder.id not in snapshots._cache


@pytest.mark.django_db(transaction=True)
def test_writers_at_once_never_share_a_uid_and_readers_see_whole_states() -> None:
    store = LocalMailStore(MailboxId(6))
    folder_id = store.get_folder("INBOX").id
    failures: list[BaseException] = []

    def write() -> None:
        try:
            for _ in range(8):
                store.append("INBOX", letter(), flags=0, keywords=frozenset(), internaldate=None)
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    writers = [threading.Thread(target=write) for _ in range(3)]
    for thread in writers:
        thread.start()
    modseq = 0
    state: State = {}
    while any(thread.is_alive() for thread in writers):
        delta = store.changes_since(folder_id, modseq)
        newest = max(state, default=0)
        assert all(message.uid > newest for message in delta.changed)
        state, modseq = apply(state, delta), delta.folder.highestmodseq
        assert len(state) == delta.folder.messages
    for thread in writers:
        thread.join()
    assert failures == []
    assert apply(state, store.changes_since(folder_id, modseq)) == read_state(store.open("INBOX", read_only=True))
    assert list(store.open("INBOX", read_only=True).uids) == list(range(1, 25))
    assert checking.check_mail() == []


def test_what_vanished_comes_from_the_journal_and_says_where_it_ends(store: LocalMailStore, add: Add) -> None:
    for _ in range(9):
        add(letter())
    info = store.get_folder("INBOX")
    store.expunge(info.id, [2, 3, 7], only_deleted=False)
    between = store.get_folder("INBOX").highestmodseq
    store.expunge(info.id, [4], only_deleted=False)
    assert store.vanished_since(info.id, info.highestmodseq) == Vanished([(2, 4), (7, 7)], True)
    assert store.vanished_since(info.id, between) == Vanished([(4, 4)], True)
    assert store.vanished_since(info.id, between + 1) == Vanished((), True)
    assert store.vanished_since(info.id, 0).exact
    # Once the beginning of the journal is gone, the answer is all that does not exist.
    Change.objects.filter(folder_id=info.id, modseq__lte=between).delete()
    assert store.vanished_since(info.id, info.highestmodseq) == Vanished([(2, 4), (7, 7)], False)
    assert store.vanished_since(info.id, between).exact
