import pytest

from mailcore.kernel import flags

from .builders import Client, message
from .memory_store import MemoryStore


def opened() -> Client:
    store = MemoryStore()
    for number, (bits, words) in enumerate(
        [
            (0, ()),
            (flags.SEEN, ("$Work",)),
            (flags.SEEN | flags.FLAGGED, ()),
            (flags.DELETED, ("$work", "Other")),
            (flags.ANSWERED | flags.DRAFT, ()),
        ],
        1,
    ):
        raw = message(f"Tale {number}", "x" * 100 * number, date=f"0{number} Feb 2026 10:00:00 +0000")
        store.append("INBOX", raw, flags=bits, keywords=frozenset(words), internaldate=1_767_225_600 + number * 86_400)
    client = Client(store)
    client.ok(b"SELECT INBOX")
    return client


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        (b"ALL", b" 1 2 3 4 5"), (b"SEEN", b" 2 3"), (b"UNSEEN", b" 1 4 5"), (b"FLAGGED", b" 3"), (b"UNFLAGGED", b" 1 2 4 5"),
        (b"DELETED", b" 4"), (b"UNDELETED", b" 1 2 3 5"), (b"ANSWERED", b" 5"), (b"UNANSWERED", b" 1 2 3 4"), (b"DRAFT", b" 5"),
        (b"UNDRAFT", b" 1 2 3 4"), (b"NEW", b" 1 4 5"), (b"OLD", b""), (b"RECENT", b" 1 2 3 4 5"), (b"KEYWORD $WORK", b" 2 4"),
        (b"UNKEYWORD $Work", b" 1 3 5"), (b"2:3", b" 2 3"), (b"4:*", b" 4 5"), (b"NOT 2:3", b" 1 4 5"), (b"UID 5,1", b" 1 5"),
        (b"7:9", b""), (b"OR SEEN DELETED", b" 2 3 4"), (b"SEEN NOT FLAGGED", b" 2"), (b"(OR 1 2) NOT (SEEN)", b" 1"),
        (b'SUBJECT "tale 3"', b" 3"), (b"FROM ann", b" 1 2 3 4 5"), (b"TO nobody", b""), (b"HEADER Subject 4", b" 4"),
        (b'HEADER Date ""', b" 1 2 3 4 5"), (b"BODY xxx TEXT tale", b" 1 2 3 4 5"), (b"LARGER 450", b" 4 5"), (b"SMALLER 450", b" 1 2 3"),
        (b"BEFORE 3-Jan-2026", b" 1"), (b'ON "3-Jan-2026"', b" 2"), (b"SINCE 4-Jan-2026", b" 3 4 5"), (b"SENTBEFORE 2-Feb-2026", b" 1"),
        (b"SENTON 2-Feb-2026", b" 2"), (b"SENTSINCE 4-Feb-2026", b" 4 5"), (b"SAVEDON 3-Jan-2026", b" 2"),
        (b"CHARSET UTF-8 SUBJECT {6}\r\nTale 1", b" 1"), (b"OR NOT SUBJECT tale UID 2", b" 2"), (b"CC x", b""), (b"BCC x", b""),
    ],
)  # fmt: skip
def test_keys(key: bytes, wanted: bytes) -> None:
    assert opened().ok(b"SEARCH " + key).removeprefix(b"+ OK\r\n") == b"* SEARCH" + wanted + b"\r\n"


def test_uid_search_and_return_options() -> None:
    client = opened()
    client.store.expunge(client.store.folders["INBOX"].id, [1], only_deleted=False)
    client.ok(b"NOOP")
    assert client.ok(b"UID SEARCH SEEN") == b"* SEARCH 2 3\r\n"
    assert client.ok(b"SEARCH SEEN") == b"* SEARCH 1 2\r\n"
    answer = client.ok(b"UID SEARCH RETURN (MIN MAX ALL COUNT) UNDELETED")
    assert answer == b'* ESEARCH (TAG "a%d") UID MIN 2 MAX 5 ALL 2:3,5 COUNT 3\r\n' % client.tag
    assert client.ok(b"SEARCH RETURN () KEYWORD nothing") == b'* ESEARCH (TAG "a%d")\r\n' % client.tag


def test_modseq() -> None:
    assert opened().ok(b'SEARCH MODSEQ "/flags/\\\\draft" all 5') == b"* SEARCH 4 5 (MODSEQ 6)\r\n"


def test_errors() -> None:
    client = opened()
    assert b" NO [BADCHARSET (US-ASCII UTF-8" in client.run(b"SEARCH CHARSET KOI8-R SUBJECT x")
    assert b" NO [BADCHARSET " in client.run(b'SEARCH SUBJECT "\xff"')
    for bad in (
        b"SEARCH",
        b"SEARCH WEATHER",
        b"SEARCH (SEEN",
        b"SEARCH ON 99-Feb-2026",
        b"SEARCH OR SEEN",
        b"SEARCH " + b"(" * 200,
        b"SEARCH LARGER x",
    ):
        assert b" BAD " in client.run(bad)


def test_gone_messages_are_not_found_and_not_announced() -> None:
    client = opened()
    client.store.expunge(client.store.folders["INBOX"].id, [2], only_deleted=False)
    assert client.ok(b"SEARCH SEEN") == b"* SEARCH 3\r\n"
    assert b"* 2 EXPUNGE\r\n" in client.ok(b"UID SEARCH SEEN")
