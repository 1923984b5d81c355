"""Any split of the stream gives the same commands; limits bite before memory does."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mailcore.imap.grammar.framing import Command, CommandReader, Continuation, TooLong
from mailcore.kernel.limits import ImapLimits

from .builders import SMALL

DEFAULT = ImapLimits()
STREAM = (
    b"a1 LOGIN ann secret\r\n"
    b'a2 SELECT "in box"\r\n'
    b"a3 APPEND INBOX (\\Seen) {12+}\r\nhello\r\nyou\r\n\r\n"
    b"a4 LOGIN {3+}\r\nann {5+}\r\nse\r\nsx\r\n"
    b"a5 APPEND {5+}\r\nINBOX {0+}\r\n\r\n"
    b"a6 NOOP\n"
)
WANTED = [
    Command(b"a1 LOGIN ann secret"),
    Command(b'a2 SELECT "in box"'),
    Command(b"a3 APPEND INBOX (\\Seen) {12+}\r\n", (b"hello\r\nyou\r\n",)),
    Command(b"a4 LOGIN {3+}\r\n {5+}\r\nx", (b"ann", b"se\r\ns")),
    Command(b"a5 APPEND {5+}\r\n {0+}\r\n", (b"INBOX", b"")),
    Command(b"a6 NOOP"),
]


def read(chunks: list[bytes], limits: ImapLimits = DEFAULT, **options: bool) -> list[object]:
    reader = CommandReader(limits, **options)
    found: list[object] = []
    for chunk in chunks:
        reader.feed(chunk)
        while (item := reader.next()) is not None:
            found.append(item)
    return found


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_any_split_gives_the_same_commands(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(STREAM)]
    assert read([STREAM[first:last] for first, last in pairwise(places)]) == WANTED


def test_a_synchronising_literal_asks_first() -> None:
    assert read([b"a LOGIN {3}\r\n", b"ann secret\r\n"]) == [Continuation(3), Command(b"a LOGIN {3}\r\n secret", (b"ann",))]


def test_an_append_beyond_the_limit_is_refused_before_it_is_sent() -> None:
    found = read([b"a APPEND INBOX {1001}\r\n", b"b NOOP\r\n"], SMALL)
    assert found == [TooLong(b"a NO [TOOBIG] That is more than this server takes\r\n"), Command(b"b NOOP")]


def test_other_literals_have_the_smaller_limit() -> None:
    assert read([b"a LOGIN {500}\r\n"], SMALL) == [TooLong(b"a NO [LIMIT] That is more than this server takes\r\n")]
    assert read([b"a APPEND x {900}\r\n"], SMALL) == [Continuation(900)]
    assert read([b"a APPEND x {900}\r\n"], SMALL, allow_append=False) == [TooLong(b"a NO [LIMIT] That is more than this server takes\r\n")]


@given(st.integers(1, 300))
def test_an_unasked_literal_beyond_the_limit_is_swallowed_with_its_command(step: int) -> None:
    data = b"a APPEND x {1500+}\r\n" + b"b NOOP\r\n" * 187 + b"1234 {3+}\r\nxyz tail\r\nc NOOP\r\n"
    found = read([data[at : at + step] for at in range(0, len(data), step)], SMALL)
    assert found == [TooLong(b"a NO [TOOBIG] That is more than this server takes\r\n"), Command(b"c NOOP")]


def test_an_unasked_literal_far_beyond_the_limit_ends_the_connection() -> None:
    assert read([b"a APPEND x {99999+}\r\n"], SMALL) == [TooLong(b"a NO [TOOBIG] That is more than this server takes\r\n", True)]


@given(st.integers(1, 700))
def test_a_line_too_long_is_dropped_up_to_its_end(step: int) -> None:
    data = b"a NOOP " + b"x" * 5_000 + b"\r\nb NOOP\r\n"
    found = read([data[at : at + step] for at in range(0, len(data), step)], SMALL)
    assert found == [TooLong(b"a BAD That line is too long\r\n"), Command(b"b NOOP")]


def test_a_line_too_long_before_an_unasked_literal_ends_the_connection() -> None:
    assert read([b"a NOOP " + b"x" * 500 + b" {9+}\r\n"], SMALL) == [TooLong(b"a BAD That line is too long\r\n", True)]


def test_many_small_literals_count_together() -> None:
    found = read([b"a SEARCH" + b" SUBJECT {100+}\r\n" + b"x" * 100 + (b" {100+}\r\n" + b"x" * 100) * 3 + b"\r\n"], SMALL)
    assert found == [TooLong(b"a NO [LIMIT] That is more than this server takes\r\n")]


def test_clear_forgets_what_was_sent_in_clear() -> None:
    reader = CommandReader(ImapLimits())
    reader.feed(b"a STARTTLS\r\nb LOGIN ann secret\r\nc NO")
    assert reader.next() == Command(b"a STARTTLS")
    reader.clear()
    reader.feed(b"d NOOP\r\n")
    assert reader.next() == Command(b"d NOOP")
    assert reader.next() is None


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_garbage_never_raises(chunks: list[bytes]) -> None:
    assert all(isinstance(item, Command | Continuation | TooLong) for item in read(chunks, SMALL))
