"""SEARCH, SORT and THREAD over the store compare as i;unicode-casemap does (RFC 5255 §4.2, RFC 5051)."""

import pytest

from mailcore.kernel.ids import MailboxId
from mailcore.mime.collation import casemap
from mailcore.store.mailstore import LocalMailStore
from mailcore.store.search import index_pending
from mailcore.store.search.texts import fold

from .builders import Client, message

pytestmark = pytest.mark.django_db(transaction=True)
SUBJECTS = ("Café crème", "CAFE", "cafe\u0301", "zèbre", "Zebra", "ΟΔΟΣ", "οδος", "Straße", "ｆｕｌｌ width", "ÎLE")


def open_client(mailbox: int) -> Client:
    store = LocalMailStore(MailboxId(mailbox))
    for subject in SUBJECTS:
        store.append("INBOX", message(subject, body=f"Body: {subject}"), flags=0, keywords=frozenset(), internaldate=None)
    client = Client(store)  # type: ignore[arg-type]
    client.ok(b"SELECT INBOX")
    return client


@pytest.mark.parametrize("key", [b"SUBJECT", b"BODY", b"TEXT", b"HEADER SUBJECT"])
@pytest.mark.parametrize(
    ("needle", "found"),
    [
        ("cafe", b"1 2 3"),
        ("CAFÉ", b"1 3"),
        ("cafe\u0301", b"1 3"),
        ("zeb", b"5"),
        ("zèb", b"4"),
        ("οδοσ", b"6 7"),
        ("STRASSE", b"8"),
        ("full", b"9"),
        ("île", b"10"),
        ("i", b"9 10"),
        ("creme", b""),
        ("wıdth", b"9"),
    ],
)
def test_what_search_finds(key: bytes, needle: str, found: bytes) -> None:
    client = open_client(900)
    octets = needle.encode()
    command = b"SEARCH CHARSET UTF-8 %b {%d+}\r\n%b" % (key, len(octets), octets)
    before = client.ok(command)
    index_pending()
    expected = b"* SEARCH%b\r\n" % (b" " + found if found else b"")
    assert before == client.ok(command) == expected


def test_the_order_of_sort() -> None:
    client = open_client(901)
    order = sorted(range(len(SUBJECTS)), key=lambda place: (casemap(SUBJECTS[place]), place))
    assert client.ok(b"SORT (SUBJECT) UTF-8 ALL") == b"* SORT %b\r\n" % b" ".join(b"%d" % (place + 1) for place in order)


def test_one_thread_for_subjects_that_are_equal() -> None:
    client = open_client(902)
    assert b"(6 7)" in client.ok(b"THREAD ORDEREDSUBJECT UTF-8 ALL")


def test_what_the_collation_calls_equal_is_found() -> None:
    """Every character with a case or a decomposition finds what it stands for."""
    marked = [char for number in range(0x30000) if not 0xD800 <= number < 0xE000 and casemap(char := chr(number)) != char]
    assert len(marked) > 5_000
    assert [char for char in marked if fold(casemap(char)) != fold(char)] == []
