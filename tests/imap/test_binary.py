"""BINARY (RFC 3516): parts with their encoding undone, and messages that come in with NULs."""

from .builders import Client
from .memory_store import MemoryStore

MAIL = (
    b'Subject: parts\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ncaf=C3=A9\r\n"
    b"--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\nAAECAw==\r\n"
    b"--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: x-secret\r\n\r\nzzz\r\n"
    b"--b--\r\n"
)


def opened() -> Client:
    store = MemoryStore()
    store.append("INBOX", MAIL, flags=0, keywords=frozenset(), internaldate=None)
    client = Client(store)
    client.ok(b"SELECT INBOX")
    return client


def test_parts_are_decoded() -> None:
    client = opened()
    assert client.ok(b"FETCH 1 (BINARY.SIZE[1] BINARY.SIZE[2] BINARY.PEEK[1])") == (
        b"* 1 FETCH (BINARY.SIZE[1] 5 BINARY.SIZE[2] 4 BINARY[1] {5}\r\ncaf\xc3\xa9)\r\n"
    )
    assert client.ok(b"FETCH 1 BINARY.PEEK[2]") == b"* 1 FETCH (BINARY[2] ~{4}\r\n\0\1\2\3)\r\n"
    assert client.ok(b"FETCH 1 BINARY.PEEK[2]<1.2>") == b"* 1 FETCH (BINARY[2]<1> {2}\r\n\1\2)\r\n"
    assert client.ok(b"FETCH 1 (BINARY.PEEK[9] BINARY.SIZE[9])") == b"* 1 FETCH (BINARY[9] NIL BINARY.SIZE[9] 0)\r\n"
    assert client.ok(b"FETCH 1 BINARY.PEEK[]") == b"* 1 FETCH (BINARY[] {%d}\r\n%b)\r\n" % (len(MAIL), MAIL)


def test_reading_sets_seen_and_peeking_does_not() -> None:
    client = opened()
    client.ok(b"FETCH 1 (BINARY.PEEK[1] BINARY.SIZE[1])")
    assert client.session.selected.flags[0] == 0
    assert b"FLAGS (\\Seen" in client.ok(b"FETCH 1 BINARY[1]")


def test_an_unknown_encoding_is_said() -> None:
    client = opened()
    assert b"NO [UNKNOWN-CTE]" in client.run(b"FETCH 1 BINARY[3]")
    assert client.ok(b"FETCH 1 BODY.PEEK[3]") == b"* 1 FETCH (BODY[3] {3}\r\nzzz)\r\n"


def test_what_is_not_of_the_grammar() -> None:
    client = opened()
    for item in (b"BINARY", b"BINARY[HEADER]", b"BINARY.SIZE[1]<0.3>", b"BINARY[1]<0.0>", b"BINARY[0]", b"BINARY[1", b"BINARY.NEXT[1]"):
        assert b" BAD " in client.run(b"FETCH 1 " + item), item


def test_a_message_with_nuls_comes_back_without() -> None:
    client = opened()
    raw = b"Content-Type: image/png\r\nContent-Transfer-Encoding: binary\r\n\r\n\x89\0\r\n\0"
    answer = client.send(b"x APPEND INBOX ~{%d+}\r\n%b\r\n" % (len(raw), raw))
    assert answer.endswith(b"x OK [APPENDUID 1001 2] Kept\r\n")
    assert client.ok(b"FETCH 2 BINARY.PEEK[1]").startswith(b"* 2 FETCH (BINARY[1] ~{5}\r\n\x89\0\r\n\0)")
    assert b"\0" not in client.ok(b"FETCH 2 BODY.PEEK[]")


def test_utf8_literals_need_to_be_enabled() -> None:
    client = opened()
    assert b"BAD" in client.send(b"x APPEND INBOX UTF8 (~{3+}\r\nabc)\r\n")
    assert b"BAD" in client.send(b"x APPEND INBOX UTF8 ({3+}\r\nabc)\r\n")
