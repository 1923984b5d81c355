"""Clients that keep what they know by UID, and come back after being cut off: what they were told is the truth.

The companion of test_interleaving for QRESYNC, UIDONLY, NOTIFY and the commands that put one message in place of another.
"""

import random
import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailcore.imap.grammar.sequences import list_numbers, read_set
from mailcore.kernel.ids import MailboxId
from mailcore.kernel.mailstore import MailStore
from mailcore.store.mailstore import LocalMailStore

from .builders import Client, filled, message
from .test_interleaving import Model
from .test_interleaving import act as act_by_number

_LINE = re.compile(
    rb"^\* (?:(?P<exists>\d+) EXISTS|VANISHED (?P<earlier>\(EARLIER\) )?(?P<gone>[\d:,]+)"
    rb"|(?P<number>\d+) (?P<verb>FETCH|UIDFETCH) \((?P<items>.*)|OK \[HIGHESTMODSEQ (?P<highest>\d+)\].*)\r$",
    re.MULTILINE,
)
_TAGGED = re.compile(rb"^[ax]\d* OK \[HIGHESTMODSEQ (\d+)\]", re.MULTILINE)
_UID, _FLAGS, _MODSEQ = re.compile(rb"UID (\d+)"), re.compile(rb"FLAGS \(([^)]*)\)"), re.compile(rb"MODSEQ \((\d+)\)")
Connect = Callable[[], Client]


class Keeper:
    """A client that keeps {uid: flags} over connections."""

    def __init__(self, connect: Connect, *extras: bytes) -> None:
        self.connect, self.extras = connect, extras
        self.messages: dict[int, frozenset[bytes]] = {}
        self.modseq = 0
        self.count = 0
        self.open()

    def open(self) -> None:
        """Connect (again) and take over what happened meanwhile (RFC 7162 §3.2.5)."""
        self.client = self.connect()
        self.client.ok(b"ENABLE QRESYNC" + b"".join(b" " + extra for extra in self.extras))
        known = b" (QRESYNC (%d %d))" % (self.uidvalidity, self.modseq) if self.modseq else b""
        self.count = 0
        answer = self.client.ok(b"SELECT INBOX" + known)
        self.uidvalidity = int(re.search(rb"UIDVALIDITY (\d+)", answer)[1])  # type: ignore[index]
        self.take(answer)
        if not known:
            self.run(b"UID FETCH 1:* (FLAGS)")
        self.learn_new()

    def run(self, command: bytes) -> bytes:
        answer = self.client.run(command)
        assert b" OK " in answer or b" NO [" in answer, answer
        self.take(answer)
        self.learn_new()
        return answer

    def take(self, data: bytes) -> None:
        highest, told = 0, 0
        for line in _LINE.finditer(data):
            if line["exists"]:
                assert int(line["exists"]) >= self.count
                self.count = int(line["exists"])
            elif line["gone"]:
                gone = set(list_numbers(read_set(line["gone"])))
                self.count -= 0 if line["earlier"] else len(gone)
                for uid in gone:
                    self.messages.pop(uid, None)
            elif line["highest"]:
                told = int(line["highest"])
            else:
                highest = max(highest, self.take_fetch(line["verb"], int(line["number"]), line["items"]))
        tagged = _TAGGED.search(data)
        self.modseq = int(tagged[1]) if tagged else told or max(self.modseq, highest)

    def take_fetch(self, verb: bytes, number: int, items: bytes) -> int:
        named = _UID.search(items)
        if verb == b"FETCH" and named is None:
            # It was asked for by number, and says nothing that is not told by UID as well.
            return int(_MODSEQ.search(items)[1])  # type: ignore[index]
        uid = int(named[1]) if named else number
        assert (verb == b"UIDFETCH") == (b"UIDONLY" in self.extras)
        flags, modseq = _FLAGS.search(items), _MODSEQ.search(items)
        if flags:
            self.messages[uid] = frozenset(flags[1].split()) - {b"\\Recent"}
        return int(modseq[1]) if modseq else 0

    def learn_new(self) -> None:
        """The number of messages tells whether some have come that are not known yet."""
        if len(self.messages) < self.count:
            answer = self.client.run(b"UID FETCH %d:* (FLAGS)" % (max(self.messages, default=0) + 1))
            for line in _LINE.finditer(answer):
                if line["verb"]:
                    self.take_fetch(line["verb"], int(line["number"]), line["items"])
            # What else the answer says is taken as always, but a modseq of new mail proves nothing about old.
            before = self.modseq
            self.take(answer)
            self.modseq = min(before, self.modseq)


def act(keeper: Keeper, what: int, number: int) -> None:
    uids = sorted(keeper.messages)
    uid = uids[number % len(uids)] if uids else 0
    if what == 0 or not uid:
        keeper.take(keeper.client.send(b"x APPEND INBOX {3+}\r\none {3+}\r\ntwo\r\n") if number % 2 else b"")
        keeper.run(b"NOOP")
    elif what == 1:
        keeper.run(b"UID STORE %d +FLAGS (\\Deleted)" % uid)
    elif what == 2:
        keeper.run(b"EXPUNGE")
    elif what == 3:
        keeper.run(b"UID STORE %d (UNCHANGEDSINCE %d) FLAGS (\\Flagged k%d)" % (uid, keeper.modseq, number % 3))
    elif what == 4:
        keeper.take(keeper.client.send(b"x UID REPLACE %d INBOX (\\Seen) {3+}\r\nnew\r\n" % uid))
        keeper.learn_new()
    elif what == 5:
        keeper.run(b"UID MOVE %d INBOX" % uid)
    elif what == 6:
        # By number: expunges are held back, and the modseq up to which all is told is behind what is shown.
        keeper.run(b"UID SEARCH UNSEEN" if b"UIDONLY" in keeper.extras else b"FETCH 1:* (FLAGS MODSEQ)")
    elif what == 7:
        keeper.run(b"UID FETCH %d (FLAGS BODY[])" % uid)
    elif what == 8:
        keeper.open()
    elif what == 9:
        keeper.run(b"UNSELECT")
        keeper.open()
    elif what == 10:
        keeper.take(keeper.client.session.poll())
        keeper.learn_new()


def truth(store: MailStore) -> dict[int, frozenset[bytes]]:
    fresh = Client(store)
    fresh.ok(b"EXAMINE INBOX")
    lines = [line["items"] for line in _LINE.finditer(fresh.ok(b"UID FETCH 1:* (FLAGS)")) if line["verb"]]
    pairs = [(_UID.search(items), _FLAGS.search(items)) for items in lines]
    return {int(uid[1]): frozenset(flags[1].split()) - {b"\\Recent"} for uid, flags in pairs if uid and flags}


def play(store: MailStore, connect: Connect, steps: list[tuple[int, int, int]]) -> None:
    keepers = [Keeper(connect), Keeper(connect, b"UIDONLY"), Keeper(connect, b"IMAP4rev2")]
    keepers[2].run(b"NOTIFY SET (selected-delayed (MessageNew MessageExpunge FlagChange))")
    counting = Model(connect())
    counting.run(b"SELECT INBOX")
    counting.learn_new()
    for who, what, number in steps:
        if who == 3:
            act_by_number(counting, what % 10, number)
            counting.learn_new()
        else:
            act(keepers[who], what, number)
    known = truth(store)
    for keeper in keepers:
        keeper.run(b"NOOP")
        assert keeper.messages == known
        # And nothing is lost by being cut off just now.
        keeper.open()
        assert keeper.messages == known
    counting.run(b"NOOP")
    counting.learn_new()
    assert {entry[0]: entry[1] for entry in counting.messages} == known


STEP = st.tuples(st.integers(0, 3), st.integers(0, 10), st.integers(0, 1_000))


@settings(max_examples=100, deadline=None)
@given(st.lists(STEP, max_size=25))
def test_whoever_comes_back_knows_the_truth(steps: list[tuple[int, int, int]]) -> None:
    store = filled(4)
    play(store, lambda: Client(store), steps)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", range(3))
def test_over_the_store_that_is_really_used(seed: int) -> None:
    chance = random.Random(seed)
    store = LocalMailStore(MailboxId(1_200 + seed))
    for number in range(5):
        store.append("INBOX", message(f"Number {number}"), flags=0, keywords=frozenset(), internaldate=None)
    steps = [(chance.randrange(4), chance.randrange(11), chance.randrange(1_000)) for _ in range(50)]
    play(store, lambda: Client(LocalMailStore(store.mailbox_id)), steps)


def test_a_client_cut_off_while_expunges_are_held_back_hears_of_them() -> None:
    store = filled(4)
    keeper, other = Keeper(lambda: Client(store)), Keeper(lambda: Client(store))
    other.run(b"UID STORE 2 +FLAGS (\\Deleted)")
    keeper.run(b"NOOP")
    other.run(b"EXPUNGE")
    other.run(b"UID STORE 3 +FLAGS (\\Flagged)")
    keeper.run(b"FETCH 1:* (FLAGS MODSEQ)")
    assert 2 in keeper.messages
    keeper.open()
    assert keeper.messages == truth(store)


def test_what_was_never_announced_does_not_vanish() -> None:
    store = filled(3)
    keeper = Keeper(lambda: Client(store))
    store.append("INBOX", message(), flags=8, keywords=frozenset(), internaldate=None)
    store.append("INBOX", message(), flags=0, keywords=frozenset(), internaldate=None)
    assert b"VANISHED" not in keeper.run(b"EXPUNGE")
    assert keeper.messages == truth(store)
