"""What nobody should send: an answer at once, nothing kept, nothing half done, and the session goes on."""

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailcore.imap.grammar.framing import Command, CommandReader, Continuation, TooLong
from mailcore.imap.session.config import SessionConfig
from mailcore.kernel.limits import ImapLimits

from .builders import SMALL, Client, filled

LIMITS = ImapLimits()


def opened(count: int = 3) -> Client:
    client = Client(filled(count))
    client.ok(b"SELECT INBOX")
    return client


def lives(client: Client) -> bool:
    return b" OK " in client.run(b"NOOP")


def test_a_literal_beyond_the_limit_is_refused_before_an_octet_of_it_is_kept() -> None:
    for verb in (b"APPEND INBOX", b"REPLACE 1 INBOX", b"UID REPLACE 1 INBOX", b"APPEND INBOX (\\Seen)"):
        reader = CommandReader(LIMITS)
        reader.feed(b"a %b {%d}\r\n" % (verb, LIMITS.max_literal_bytes + 1))
        assert reader.next() == TooLong(b"a NO [TOOBIG] That is more than this server takes\r\n")


def test_what_is_sent_unasked_beyond_the_limit_takes_no_memory() -> None:
    reader = CommandReader(ImapLimits(max_literal_bytes=4_000_000))
    reader.feed(b"a APPEND INBOX {7000000+}\r\n")
    piece = b"x" * 100_000
    tracemalloc.start()
    for _ in range(70):
        assert reader.next() is None
        reader.feed(piece)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000
    reader.feed(b"\r\nb NOOP\r\n")
    assert isinstance(reader.next(), TooLong) and reader.next() == Command(b"b NOOP")


def test_many_messages_share_the_room_of_one() -> None:
    client = Client(filled(0), config=SessionConfig(clear_login=True, limits=SMALL))
    half = b"{600+}\r\n" + b"x" * 600
    assert b"x NO [TOOBIG]" in client.send(b"x APPEND INBOX " + half + b" " + half + b"\r\n")
    assert lives(client) and client.store.get_folder("INBOX").messages == 0


def test_other_commands_cannot_take_the_room_of_a_message() -> None:
    for text in (b"a LOGIN", b"a SEARCH SUBJECT", b"a XAPPEND x", b"APPEND x", b"a  APPEND x"):
        reader = CommandReader(LIMITS)
        reader.feed(text + b" {2000000}\r\n")
        item = reader.next()
        assert isinstance(item, TooLong) and b"[LIMIT]" in item.reply, text


def test_a_line_without_end_takes_no_memory() -> None:
    reader = CommandReader(LIMITS)
    tracemalloc.start()
    for _ in range(100):
        reader.feed(b"a" * 100_000)
        assert reader.next() is None
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000
    reader.feed(b"\r\n")
    assert reader.next() == TooLong(b"* BAD That line is too long\r\n")


@pytest.mark.parametrize(
    "command",
    [
        b"SEARCH " + b"(" * 5_000 + b"ALL" + b")" * 5_000,
        b"SEARCH " + b"NOT " * 10_000 + b"ALL",
        b"SEARCH " + b"OR ALL " * 8_000 + b"ALL",
        b"FETCH 1 (" + b"(" * 30_000,
        b"FETCH 1 BODY[" + b"1." * 20_000 + b"1]",
        b"FETCH 1 BINARY[" + b"1." * 20_000 + b"1]",
        b'LIST () "" (' + b"(" * 30_000,
        b"STORE 1 FLAGS (" + b"((" * 20_000,
        b"NOTIFY SET (" + b"(" * 30_000,
        b"GETMETADATA (" + b"(" * 30_000,
        b"APPEND INBOX CATENATE " + b"(" * 30_000,
    ],
    ids=lambda command: command[:24].decode("ascii"),
)
def test_deep_nesting_is_refused(command: bytes) -> None:
    client = opened()
    assert b" BAD " in client.run(command)
    assert lives(client)


def test_a_set_of_a_hundred_thousand_numbers() -> None:
    """As long as a line may be: numbers, ranges, backwards, beyond the end."""
    client = opened()
    long = b",".join(b"%d" % number for number in range(1, 11_000))
    assert b" BAD " in client.run(b"FETCH " + long + b" (FLAGS)")
    assert client.ok(b"UID FETCH " + long + b" (UID)").count(b"\r\n") == 3
    assert client.ok(b"UID SEARCH UID " + long) == b"* SEARCH 1 2 3\r\n"
    spaced = b",".join(b"%d:%d" % (number + 1, number) for number in range(1, 10_000, 2))[:60_000].rpartition(b",")[0]
    assert client.ok(b"UID FETCH " + spaced + b" (UID)").count(b"\r\n") == 3
    assert b" OK " in client.run(b"UID STORE 4294967295:1 +FLAGS (\\Seen)")
    assert b" BAD " in client.run(b"UID FETCH 4294967296 (UID)")
    # A literal brings no longer one either: the set is no string.
    assert b" BAD " in client.send(b"x UID FETCH {3+}\r\n1:3 (UID)\r\n")


def test_a_set_of_a_hundred_thousand_numbers_resyncs_in_bounded_time() -> None:
    client = opened()
    client.ok(b"ENABLE QRESYNC")
    assert b" BAD " in client.run(b"SELECT INBOX (QRESYNC (1001 1 1:4294967295 (1:4294967295 1:4294967295)))")
    assert b" OK " in client.run(b"SELECT INBOX (QRESYNC (1001 1 1:4294967295 (1:100000 1:100000)))")


@pytest.mark.parametrize(
    "line",
    [b"a NOOP\0", b"\0 NOOP", b"a\0b NOOP", b"a LOGIN ann se\0t", b'a LOGIN ann "se\0t"', b"a SELECT IN\0BOX", b'a ID ("x" "\0")'],
)
def test_nuls_are_refused(line: bytes) -> None:
    client = Client(log_in=line.startswith((b"a SELECT", b"a ID")))
    assert b" BAD " in client.send(line + b"\r\n")
    assert client.session.state.name != "LOGOUT"


def test_nuls_in_names_and_secrets_by_literal() -> None:
    assert b"x BAD" in Client(log_in=False).send(b"x LOGIN {3+}\r\na\0b {6+}\r\nsecret\r\n")
    client = Client()
    for command in (b"CREATE", b"SELECT", b"SUBSCRIBE", b"GETMETADATA"):
        answer = client.send(b"x %b {3+}\r\na\0b%b\r\n" % (command, b" /private/comment" if command == b"GETMETADATA" else b""))
        assert answer.startswith((b"x NO ", b"x BAD ")), answer
    assert lives(client)


def test_a_flood_of_pipelined_commands_is_answered_in_order() -> None:
    client = opened()
    answer = client.send(b"".join(b"t%d NOOP\r\n" % number for number in range(5_000)))
    assert [line.split()[0] for line in answer.splitlines()] == [b"t%d" % number for number in range(5_000)]


def test_whoever_speaks_nonsense_for_long_is_sent_away() -> None:
    client = Client(log_in=False)
    for _ in range(60):
        client.send(b"GET / HTTP/1.0\r\n")
        if client.session.close:
            break
    assert client.session.close


def test_half_a_command_waits() -> None:
    reader = CommandReader(LIMITS)
    for data in (b"a", b" NOOP", b"\r"):
        reader.feed(data)
        assert reader.next() is None
    reader.feed(b"\n")
    assert reader.next() == Command(b"a NOOP")
    reader.feed(b"a APPEND INBOX {3}\r\n")
    assert reader.next() == Continuation(3)
    assert reader.next() is None


VERBS = (
    b"FETCH", b"UID FETCH", b"SEARCH", b"STORE", b"SELECT", b"LIST", b"STATUS", b"APPEND", b"REPLACE", b"NOTIFY", b"GETMETADATA",
    b"SETMETADATA", b"SORT", b"THREAD", b"SETACL", b"GETQUOTA", b"ENABLE", b"CREATE", b"RENAME", b"COPY", b"IDLE", b"ID", b"COMPRESS",
)  # fmt: skip
WORDS = st.sampled_from([
    b"1", b"*", b"1:*", b"(", b")", b"((", b"INBOX", b"{3+}\r\nabc", b"~{3+}\r\na\0c", b'"', b'"x"', b"\\Seen", b"BODY[", b"]", b"<0.1>",
    b"NIL", b"$", b"UTF-8", b"CATENATE (URL", b"(QRESYNC (1001 1", b"RETURN (", b"CHANGEDSINCE 1", b"/private/x", b"SET (personal", b"\xff",
    b"{9999999999999999999}", b"ALL", b"(ARRIVAL)", b"REFERENCES", b"SUBJECT",
])  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(VERBS), st.lists(WORDS, max_size=6)), max_size=8))
def test_any_mixture_of_words_is_answered_without_a_fault(commands: list[tuple[bytes, list[bytes]]]) -> None:
    client = opened()
    for verb, words in commands:
        answer = client.send(b"x " + b" ".join([verb, *words]) + b"\r\n")
        assert b"SERVERBUG" not in answer, (verb, words, answer)
        if client.session.idling:
            client.send(b"DONE\r\n")
        client.reader.clear()
        if client.session.close:
            return
    assert lives(client)
