"""The session as a whole: the table, states, errors, IDLE, garbage."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailcore.imap.grammar.framing import Command
from mailcore.imap.session.core import IllegalTransition, State
from mailcore.imap.session.session import MAX_BAD_COMMANDS
from mailcore.imap.session.table import REV2_PARTS, TABLE, list_capabilities
from mailcore.kernel.errors import Deferred

from .builders import Client, filled, message


@pytest.mark.parametrize("row", TABLE.values(), ids=lambda row: row.verb.decode())
def test_every_row_answers_in_its_states_only(row) -> None:  # type: ignore[no-untyped-def]
    for state, client in (
        (State.NOT_AUTHENTICATED, Client(filled(1), log_in=False)),
        (State.AUTHENTICATED, Client(filled(1))),
        (State.SELECTED, Client(filled(1))),
    ):
        if state is State.SELECTED:
            client.ok(b"SELECT INBOX")
        answer = client.run(row.verb)
        assert (b" BAD Not in this state" not in answer) is (state in row.states)
        assert b"SERVERBUG" not in answer
    assert not (row.keeps_numbers and row.verb.startswith(b"UID"))


def test_capabilities_come_from_the_table() -> None:
    client = Client()
    claimed = set(list_capabilities(client.session).split())
    limit = b"APPENDLIMIT=%d" % client.config.limits.max_literal_bytes
    from_rows = {name for row in TABLE.values() for name in row.capabilities}
    assert claimed - {b"IMAP4rev2"} == from_rows | {limit}
    assert (b"IMAP4rev2" in claimed) == (from_rows >= REV2_PARTS)
    assert {b"IMAP4rev1", b"IDLE", b"UIDPLUS", b"MOVE", b"LITERAL+", b"CONDSTORE", b"LIST-STATUS"} <= claimed


def test_illegal_transitions_raise() -> None:
    with pytest.raises(IllegalTransition):
        Client(log_in=False).session.enter(State.SELECTED)


def test_small_commands() -> None:
    client = Client()
    assert b'* ID ("name" "Facteur")' in client.ok(b'ID ("name" "test" "version" NIL)')
    assert client.ok(b"ID NIL")
    assert client.ok(b"ENABLE CONDSTORE X-NEW") == b"* ENABLED CONDSTORE\r\n"
    assert client.ok(b"LOGOUT").startswith(b"* BYE ")
    assert client.session.close and client.session.state is State.LOGOUT


def test_what_is_quick() -> None:
    client = Client()
    noop, fetch = Command(b"a NOOP"), Command(b"a FETCH 1 FLAGS")
    assert client.session.is_quick(noop) and not client.session.is_quick(fetch)
    assert client.session.is_quick(Command(b"a capability")) and not client.session.is_quick(Command(b"nonsense"))
    assert not any(client.session.is_quick(Command(b"a uid " + verb)) for verb in (b"fetch 1 FLAGS", b"search ALL", b"noop"))
    client.ok(b"SELECT INBOX")
    assert not client.session.is_quick(noop)


def test_errors_of_the_store_are_answers_and_the_session_lives_on(caplog: pytest.LogCaptureFixture) -> None:
    client = Client()
    client.store.fail_with = Deferred("Not now.")
    assert b" NO [UNAVAILABLE] Not now." in client.run(b"SELECT INBOX")
    client.store.fail_with = ZeroDivisionError("secret detail")
    answer = client.run(b"SELECT INBOX")
    assert b" NO [SERVERBUG] " in answer and b"secret detail" not in answer
    assert answer.split()[-1].decode() in caplog.text
    client.store.fail_with = None
    client.ok(b"SELECT INBOX")


def test_select_says_what_a_client_needs() -> None:
    client = Client(filled(2))
    answer = client.run(b"SELECT inbox")
    for part in (b"* 2 EXISTS", b"* 2 RECENT", b"[UNSEEN 1]", b"[UIDVALIDITY 1001]", b"[UIDNEXT 3]", b"\\*)]", b"OK [READ-WRITE]"):
        assert part in answer
    assert b"* OK [CLOSED]" in client.run(b"EXAMINE INBOX")
    assert client.session.selected_folder_id == 1
    assert b" NO [NONEXISTENT] " in client.run(b"SELECT nowhere")
    assert client.session.state is State.AUTHENTICATED and client.session.selected_folder_id is None


def test_idle_reports_what_happens() -> None:
    client = Client(filled(2))
    client.ok(b"SELECT INBOX")
    assert client.run(b"IDLE") == b"+ idling\r\n"
    assert client.session.idling and client.session.poll() == b""
    client.store.append("INBOX", message(), flags=0, keywords=frozenset(), internaldate=None)
    client.store.expunge(client.store.folders["INBOX"].id, [1], only_deleted=False)
    assert client.session.poll() == b"* 3 EXISTS\r\n* 3 RECENT\r\n* 1 EXPUNGE\r\n"
    assert client.send(b"done\r\n") == b"a%d OK Done\r\n" % client.tag
    assert not client.session.idling and client.session.poll() == b""
    client.run(b"IDLE")
    assert b" BAD " in client.send(b"x NOOP\r\n")


def test_idle_bears_a_store_that_cannot_answer() -> None:
    client = Client(filled(1))
    client.ok(b"SELECT INBOX")
    client.run(b"IDLE")
    client.store.append("INBOX", message(), flags=0, keywords=frozenset(), internaldate=None)
    client.store.fail_with = Deferred("Not now.")
    assert client.session.poll() == b""
    client.store.fail_with = None
    assert client.session.poll().startswith(b"* 2 EXISTS\r\n")


def test_silence_and_nonsense_end_the_connection() -> None:
    client = Client()
    for _ in range(MAX_BAD_COMMANDS):
        answer = client.run(b"GET / HTTP/1.1")
    assert b"* BYE" in answer and client.session.close
    assert Client().session.timeout().startswith(b"* BYE ")


VERBS = st.sampled_from([row.verb for row in TABLE.values() if row.verb != b"LOGOUT"])
PIECES = st.sampled_from(
    [b" ", b"1:*", b"INBOX", b"(", b")", b'"', b"{3+}\r\nabc", b"FLAGS", b"BODY[", b"]", b"+FLAGS", b"\\Seen", b"NOT",
     b"OR", b"SUBJECT", b"*", b"%",
     b"<0.1>",
     b"RETURN", b"\xff", b"&", b"UNCHANGEDSINCE", b"9", b"4294967296", b"\x00", b"2-Feb-2026", b"NIL", b"=", b"TEXT"]
)  # fmt: skip


@settings(max_examples=100)
@given(VERBS, st.lists(PIECES | st.binary(max_size=6), max_size=12))
def test_garbage_gets_an_answer_and_no_more(verb: bytes, pieces: list[bytes]) -> None:
    client = Client(filled(2))
    client.ok(b"SELECT INBOX")
    answer = client.send(b"t " + verb + b" " + b"".join(pieces) + b"\r\n")
    assert b"SERVERBUG" not in answer
    assert not client.session.close or b"BYE" in answer


@given(st.binary(max_size=200))
def test_any_bytes_are_borne(data: bytes) -> None:
    assert b"SERVERBUG" not in Client().send(data + b"\r\n")
