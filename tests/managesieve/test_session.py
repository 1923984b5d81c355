"""RFC 5804: the scripts of tests/transcripts/managesieve, whole and octet by octet, and what they cannot say."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailcore.kernel.peers import MAX_LOGINS
from mailcore.managesieve.grammar import Command, CommandReader, Fault, string
from mailcore.managesieve.session import COMMANDS, MAX_ERRORS
from tests.transcripts.runner import load, play

from .fakes import MAX, Client

SCRIPTS = sorted((Path(__file__).parent.parent / "transcripts" / "managesieve").glob("*.txt"))


@pytest.mark.parametrize("piece", [0, 1, 7])
@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_transcript(path: Path, piece: int) -> None:
    play(load(path), Client(), piece=piece)


def test_every_command_of_the_standard_is_known() -> None:
    scripts = {"HAVESPACE", "PUTSCRIPT", "LISTSCRIPTS", "SETACTIVE", "GETSCRIPT", "DELETESCRIPT", "RENAMESCRIPT", "CHECKSCRIPT"}
    assert set(COMMANDS) == scripts | {"AUTHENTICATE", "STARTTLS", "LOGOUT", "CAPABILITY", "NOOP", "UNAUTHENTICATE"}


def test_guessing_is_slow_and_ends() -> None:
    client = Client(has_tls=True)
    pauses = []
    for _ in range(MAX_LOGINS):
        client.send(b'AUTHENTICATE "PLAIN" "AGFubgB3cm9uZw=="\r\n')
        pauses.append(client.session.pause)
    assert pauses == sorted(pauses) and pauses[0] > 0
    assert client.session.is_closed and client.said.endswith(b'BYE "wrong name or password"\r\n')


def test_errors_without_end_close_the_session() -> None:
    client = Client(has_tls=True)
    for _ in range(MAX_ERRORS):
        client.send(b"NOSUCH\r\n")
    assert client.session.is_closed


def test_a_fault_of_ours_is_an_incident_not_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client()
    client.happen("ready")
    monkeypatch.setattr(client.scripts, "list", lambda: 1 / 0)
    client.send(b"LISTSCRIPTS\r\nNOOP\r\n")
    assert client.said.startswith(b'NO (TRYLATER) "internal error, incident ') and client.said.endswith(b'OK "done"\r\n')


_ARGUMENTS = st.lists(st.binary(max_size=60) | st.integers(0, 10**9), max_size=5)


@given(st.lists(st.tuples(st.sampled_from(["NOOP", "PUTSCRIPT", "X1"]), _ARGUMENTS), max_size=5), st.integers(1, 20))
@settings(max_examples=80, deadline=None)
def test_what_is_written_is_read_however_it_is_split(commands: list[tuple[str, list[bytes | int]]], piece: int) -> None:
    data = b"".join(b" ".join([verb.encode(), *(_write(one) for one in arguments)]) + b"\r\n" for verb, arguments in commands)
    reader = CommandReader(MAX)
    found = [one for start in range(0, len(data), piece) for one in reader.feed(data[start : start + piece])]
    assert found == [Command(verb, tuple(arguments)) for verb, arguments in commands]


def _write(argument: bytes | int) -> bytes:
    if isinstance(argument, int):
        return b"%d" % argument
    return string(argument).replace(b"}\r\n", b"+}\r\n", 1) if string(argument).startswith(b"{") else string(argument)


@given(st.binary(max_size=300), st.integers(1, 50))
@settings(max_examples=80, deadline=None)
def test_any_octets_are_borne(data: bytes, piece: int) -> None:
    client = Client()
    client.happen("ready")
    for start in range(0, len(data), piece):
        client.send(data[start : start + piece])
        assert len(client.reader._buffer) <= 10_000
    assert client.said == b"" or client.said.endswith(b"\r\n")


def test_memory_stays_bounded_while_a_large_literal_passes() -> None:
    reader = CommandReader(MAX)
    assert list(reader.feed(b'PUTSCRIPT "a" {8000000+}\r\n')) == []
    for _ in range(80):
        assert list(reader.feed(b"x" * 100_000)) == []
        assert len(reader._buffer) == 0
    assert list(reader.feed(b"\r\n")) == [Fault(f"a string may have {MAX} octets", is_too_large=True)]
    endless = CommandReader(MAX)
    for _ in range(50):
        assert list(endless.feed(b"y" * 5_000)) == []
        assert len(endless._buffer) <= 15_000
    assert list(endless.feed(b"\r\n")) == [Fault("line too long")]
