"""SORT and THREAD give what a plain reading of RFC 5256 gives, over generated mail."""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailcore.kernel.ids import MailboxId
from mailcore.kernel.mailstore import SortKey, Threading, Threads
from mailcore.mime import addresses
from mailcore.mime.collation import casemap
from mailcore.mime.subjects import base_subject
from mailcore.store import blobs, writer
from mailcore.store.mailstore import LocalMailStore
from mailcore.store.writer import Delivery

from . import naive_threads
from .naive_threads import Letter, Tree

KEYS: tuple[SortKey, ...] = ("arrival", "cc", "date", "displayfrom", "displayto", "from", "size", "subject", "to")
_mailboxes = count(70_000)

ids = st.integers(0, 7).map("<{}@x>".format)
people = st.sampled_from(
    ["Ann <b@x.example>", "b@x.example", "=?utf-8?q?=C3=89lo?= <a@y.example>", "zoe@z.example, Ann <b@x>", "", "A_b <Q@x>"]
)
subjects = st.sampled_from(["x", "Re: x", "[l] X", "Fwd: y", "y", "", "é", "É (fwd)", "Re: =?utf-8?q?=C3=A9?="])
letters = st.lists(
    st.tuples(
        st.none() | ids, st.lists(ids, max_size=4), st.none() | ids, subjects, people, people, people,
        st.none() | st.integers(0, 5), st.integers(0, 5), st.integers(0, 3),
    ),
    max_size=12,
)  # fmt: skip


def write(fields: Sequence[object]) -> tuple[bytes, int]:
    own, refs, answered, subject, sender, to, cc, sent, arrived, size = fields
    assert isinstance(refs, list) and isinstance(arrived, int) and isinstance(size, int)
    lines = [f"Subject: {subject}", f"From: {sender}", f"To: {to}", f"Cc: {cc}"]
    lines += [f"Message-ID: {own}"] if own else []
    lines += [f"References: {' '.join(refs)}"] if refs else []
    lines += [f"In-Reply-To: {answered}"] if answered else []
    if isinstance(sent, int):
        lines.append("Date: " + format_datetime(datetime.fromtimestamp(1_700_000_000 + sent, UTC)))
    return ("\r\n".join(lines) + "\r\n\r\n" + "x" * size).encode(), 1_700_000_002 + arrived


def fill(drawn: Sequence[Sequence[object]]) -> tuple[LocalMailStore, list[Letter]]:
    store = LocalMailStore(MailboxId(next(_mailboxes)))
    written = [write(fields) for fields in drawn]
    deliver(store, written)
    return store, [Letter(uid, raw, arrived) for uid, (raw, arrived) in enumerate(written, 1)]


def deliver(store: LocalMailStore, written: Sequence[tuple[bytes, int]]) -> None:
    blob_ids = blobs.put_many([raw for raw, _ in written])
    writer.deliver(
        [
            Delivery(mailbox_id=store.mailbox_id, folder="INBOX", blob_id=blob_id, key="", internaldate=arrived)
            for blob_id, (_, arrived) in zip(blob_ids, written, strict=True)
        ]
    )


def first(letter: Letter, name: str) -> addresses.Mailbox | None:
    return next(iter(addresses.list_mailboxes(letter.headers.get_text(name) or "")), None)


def value_of(letter: Letter, key: SortKey) -> int | str:
    match key:
        case "arrival":
            return letter.internaldate
        case "date":
            return letter.date
        case "size":
            return len(letter.raw)
        case "subject":
            return casemap(base_subject(letter.headers.get("subject") or ""))
        case "displayfrom" | "displayto":
            one = first(letter, key.removeprefix("display"))
            return casemap(one.name or one.address) if one else ""
    one = first(letter, key)
    return casemap(one.local) if one else ""


def grow(threads: Threads) -> list[Tree]:
    """The trees that preorder and numbers of children mean."""
    rows = iter(zip(threads.uids, threads.children, strict=True))

    def take(uid: int, children: int) -> Tree:
        return uid, [take(*next(rows)) for _ in range(children)]

    return [take(uid, children) for uid, children in rows]


@pytest.mark.django_db
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(letters, st.lists(st.tuples(st.sampled_from(KEYS), st.booleans()), min_size=1, max_size=3), st.integers(0, 2**12))
def test_sort_as_by_hand(db: None, drawn: list[tuple[object, ...]], keys: list[tuple[SortKey, bool]], choice: int) -> None:
    store, found = fill(drawn)
    asked = [letter for place, letter in enumerate(found) if choice >> place & 1]
    wanted = list(asked)
    for key, is_reversed in reversed(keys):
        wanted.sort(key=lambda letter: value_of(letter, key), reverse=is_reversed)
    given_order = store.sort(store.get_folder("INBOX").id, keys, [letter.uid for letter in asked])
    assert list(given_order) == [letter.uid for letter in wanted]


@pytest.mark.django_db
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(letters, st.sampled_from(["orderedsubject", "references", "refs"]), st.integers(0, 2**12) | st.just(2**12 - 1))
def test_thread_as_by_hand(db: None, drawn: list[tuple[object, ...]], how: Threading, choice: int) -> None:
    store, found = fill(drawn)
    asked = [letter for place, letter in enumerate(found) if choice >> place & 1]
    threads = store.thread(store.get_folder("INBOX").id, how, [letter.uid for letter in asked])
    assert grow(threads) == naive_threads.thread(how, asked)


@pytest.mark.django_db
def test_a_chain_of_a_thousand(store: LocalMailStore) -> None:
    header = "Message-ID: <{}@x>\r\nIn-Reply-To: <{}@x>\r\nSubject: {}\r\n\r\n"
    deliver(store, [(header.format(number, number - 1, number).encode(), number) for number in range(1_000)])
    threads = store.thread(store.get_folder("INBOX").id, "references", range(1, 1_001))
    assert list(threads.uids) == list(range(1, 1_001))
    assert list(threads.children) == [1] * 999 + [0]
