"""What ADDTO and REMOVEFROM say, applied to the first answer, is what the same search finds anew (RFC 5267 §4.3)."""

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailcore.imap.grammar.sequences import list_numbers, read_set
from mailcore.kernel.errors import Deferred
from mailcore.kernel.ids import MailboxId
from mailcore.kernel.mailstore import FlagMode
from mailcore.store.mailstore import LocalMailStore

from .builders import Client, filled, message

_NEWS = re.compile(rb'\* ESEARCH \(TAG "(\w+)"\)( UID)? (ADDTO|REMOVEFROM) \(([^)]*)\)|\* (\d+) EXPUNGE')
_KEYS = (b"FLAGGED", b"NOT KEYWORD late", b"OR DELETED SUBJECT odd", b"UID 2:6 UNFLAGGED", b"1:*")


class Kept:
    """A client's picture of one result: UIDs of a SORT in their order, or the numbers of a SEARCH."""

    def __init__(self, client: Client, tag: bytes, command: bytes) -> None:
        self.client, self.tag, self.command = client, tag, command
        self.is_sorted = command.startswith(b"UID SORT")
        self.found = self.ask(tag, b"UPDATE ALL")

    def ask(self, tag: bytes, returns: bytes) -> list[int]:
        answer = self.client.send(b"%b %b\r\n" % (tag, self.command % returns))
        assert b"NOUPDATE" not in answer
        told = re.search(rb'TAG "%b"\)(?: UID)?(?: ALL (\S+))?\r' % tag, answer)
        assert told, answer
        return [number for part in (told[1] or b"").split(b",") if part for number in list_numbers(read_set(part))]

    def take(self, data: bytes) -> None:
        for tag, is_uid, verb, pairs, expunged in _NEWS.findall(data):
            if expunged and not self.is_sorted:
                assert int(expunged) not in self.found, "it leaves while it still has its number"
                self.found = [number - (number > int(expunged)) for number in self.found]
            elif tag == self.tag:
                assert bool(is_uid) == self.is_sorted
                words = pairs.split()
                for place, told in zip(words[::2], words[1::2], strict=True):
                    self.apply(verb == b"ADDTO", int(place), list(list_numbers(read_set(told))))

    def apply(self, is_added: bool, place: int, numbers: list[int]) -> None:
        assert bool(place) == self.is_sorted
        if is_added:
            assert not set(numbers) & set(self.found)
            self.found[place - 1 if place else 0 : place - 1 if place else 0] = numbers
        elif place:
            assert self.found[place - 1 : place - 1 + len(numbers)] == numbers
            del self.found[place - 1 : place - 1 + len(numbers)]
        else:
            assert set(numbers) <= set(self.found)
            self.found = [number for number in self.found if number not in numbers]


def act(client: Client, other: Client, what: int, number: int) -> bytes:
    folder = client.store.folders["INBOX"]
    uids = sorted(folder.messages)
    uid = uids[number % len(uids)] if uids else 0
    if what == 0:
        raw, bits = message("odd" if number % 2 else "even"), 4 * (number % 3 == 0)
        client.store.append("INBOX", raw, flags=bits, keywords=frozenset(), internaldate=number * 7 % 50)
        return client.run(b"NOOP")
    if what == 1:
        other.run(b"UID STORE %d %bFLAGS (\\Flagged late)" % (uid or 1, b"+" if number % 2 else b"-"))
        return b""
    if what == 2:
        client.store.expunge(folder.id, [uid] if uid else [], only_deleted=False)
        return client.run(b"FETCH 1:* (FLAGS)") if number % 2 and uids else b""
    if what == 3:
        return client.run(b"UID STORE %d +FLAGS.SILENT (\\Deleted)" % (uid or 1))
    return client.run((b"EXPUNGE", b"SEARCH UNSEEN", b"CHECK", b"UID FETCH 1:* (FLAGS)")[number % 4])


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 400)), max_size=25), st.sampled_from(_KEYS))
def test_what_was_told_adds_up_to_the_result(steps: list[tuple[int, int]], key: bytes) -> None:
    store = filled(4)
    client, other = Client(store), Client(store)
    client.ok(b"SELECT INBOX")
    other.ok(b"SELECT INBOX")
    kept = [
        Kept(client, b"k1", b"SEARCH RETURN (%b) " + key),
        Kept(client, b"k2", b"UID SORT RETURN (%b) (REVERSE ARRIVAL SUBJECT) UTF-8 " + key),
    ]
    for what, number in [*steps, (4, 0)]:
        told = act(client, other, what, number)
        for one in kept:
            one.take(told)
    last = client.run(b"NOOP")
    for one in kept:
        one.take(last)
        assert (one.found if one.is_sorted else sorted(one.found)) == one.ask(b"z", b"ALL")


def test_a_store_that_fails_ends_a_context_and_not_the_session() -> None:
    store = filled(3)
    client = Client(store)
    client.ok(b"SELECT INBOX")
    kept = Kept(client, b"k", b"SEARCH RETURN (%b) SUBJECT Number")
    store.append("INBOX", message("Number 9"), flags=0, keywords=frozenset(), internaldate=None)
    ask = store.match

    def fail(*_: object) -> set[int]:
        raise Deferred("The index is busy.")

    store.match = fail  # type: ignore[method-assign]
    answer = client.run(b"NOOP")
    assert b'* OK [NOUPDATE "k"]' in answer and b" OK Done" in answer
    store.match = ask  # type: ignore[method-assign]
    store.store_flags(store.folders["INBOX"].id, [1], mode=FlagMode.ADD, flags=4, keywords=frozenset())
    assert b"ESEARCH" not in client.run(b"NOOP") and kept.found == [1, 2, 3]


def test_only_so_many_are_kept() -> None:
    client = Client(filled(1))
    client.ok(b"SELECT INBOX")
    for number in range(20):
        assert b"NOUPDATE" not in client.send(b"c%d SEARCH RETURN (UPDATE COUNT) SEEN\r\n" % number)
    assert b'NOUPDATE "more"' in client.send(b"more SEARCH RETURN (UPDATE COUNT) SEEN\r\n")
    client.ok(b'CANCELUPDATE "c3"')
    assert b"NOUPDATE" not in client.send(b"more SEARCH RETURN (UPDATE COUNT) SEEN\r\n")
    client.ok(b"SELECT INBOX")
    assert b"NOUPDATE" not in client.send(b"c5 SEARCH RETURN (UPDATE COUNT) SEEN\r\n")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", range(3))
def test_over_the_store_that_is_really_used(seed: int) -> None:
    chance, mailbox = random.Random(seed), MailboxId(950 + seed)
    for number in range(5):
        LocalMailStore(mailbox).append("INBOX", message(f"odd {number % 3}"), flags=0, keywords=frozenset(), internaldate=number * 7 % 50)
    client, other = Client(LocalMailStore(mailbox)), Client(LocalMailStore(mailbox))  # type: ignore[arg-type]
    client.ok(b"SELECT INBOX")
    other.ok(b"SELECT INBOX")
    kept = [
        Kept(client, b"k1", b"SEARCH RETURN (%b) OR FLAGGED SUBJECT odd"),
        Kept(client, b"k2", b"UID SORT RETURN (%b) (SUBJECT REVERSE ARRIVAL) UTF-8 UNDELETED"),
    ]
    for step in range(40):
        uid = chance.randrange(1, 12)
        command = (
            chance.choice((b"UID STORE %d +FLAGS (\\Flagged)", b"UID STORE %d -FLAGS (\\Flagged)", b"UID STORE %d +FLAGS (\\Deleted)"))
            % uid
        )
        actor = chance.choice((client, other))
        told = actor.run(command)
        if step % 5 == 0:
            other.store.append("INBOX", message(chance.choice(("odd", "even"))), flags=0, keywords=frozenset(), internaldate=step * 11 % 60)
        if step % 7 == 0:
            other.run(b"EXPUNGE")
        told = (told if actor is client else b"") + client.run(chance.choice((b"NOOP", b"FETCH 1:* (FLAGS)", b"EXPUNGE")))
        for one in kept:
            one.take(told)
    last = client.run(b"NOOP")
    for one in kept:
        one.take(last)
        assert (one.found if one.is_sorted else sorted(one.found)) == one.ask(b"z", b"ALL")
