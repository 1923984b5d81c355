"""FETCH: every item, sections, partials, \\Seen, and messages that are gone."""

import pytest

from mailcore.imap.session.core import CHUNK
from mailcore.kernel import flags

from .builders import Client, filled, message
from .memory_store import MemoryStore

NESTED = (
    b"From: ann@example.org\r\nSubject: outer\r\nX-Long: one\r\n two\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/plain\r\n\r\nfirst\r\n"
    b"--b\r\nContent-Type: message/rfc822\r\n\r\n"
    b"Subject: inner\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n"
    b"--c\r\n\r\nplain\r\n--c\r\nContent-Type: text/html\r\n\r\n<p>\r\n--c--\r\n"
    b"\r\n--b--\r\n"
)


def opened(raw: bytes = NESTED) -> Client:
    store = MemoryStore()
    store.append("INBOX", raw, flags=0, keywords=frozenset(), internaldate=0)
    client = Client(store)
    client.ok(b"SELECT INBOX")
    return client


def body(client: Client, section: bytes) -> bytes:
    """The literal that answers one body item."""
    answer = client.ok(b"UID FETCH 1 BODY.PEEK" + section)
    head, _, rest = answer.partition(b"}\r\n")
    return rest[: int(head.rpartition(b"{")[2])]


@pytest.mark.parametrize(
    ("section", "wanted"),
    [
        (b"[]", NESTED),
        (b"[HEADER]", NESTED[: NESTED.index(b"--b")]),
        (b"[TEXT]", NESTED[NESTED.index(b"--b") :]),
        (b"[]<6.13>", b"ann@example.o"),
        (b"[]<100000.5>", b""),
        (b"[HEADER.FIELDS (subject X-LONG)]", b"Subject: outer\r\nX-Long: one\r\n two\r\n\r\n"),
        (b"[HEADER.FIELDS (Nothing)]", b"\r\n"),
        (b"[HEADER.FIELDS.NOT (x-long Content-Type)]", b"From: ann@example.org\r\nSubject: outer\r\n\r\n"),
        (b"[1]", b"first"),
        (b"[1.MIME]", b"Content-Type: text/plain\r\n\r\n"),
        (b"[2.HEADER]", b"Subject: inner\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n"),
        (b"[2.HEADER.FIELDS (Subject)]", b"Subject: inner\r\n\r\n"),
        (b"[2.TEXT]", b"--c\r\n\r\nplain\r\n--c\r\nContent-Type: text/html\r\n\r\n<p>\r\n--c--\r\n"),
        (b"[2.1]", b"plain"),
        (b"[2.2]", b"<p>"),
        (b"[2.2.MIME]", b"Content-Type: text/html\r\n\r\n"),
    ],
)
def test_sections(section: bytes, wanted: bytes) -> None:
    assert body(opened(), section) == wanted


def test_a_section_that_does_not_exist_is_nil() -> None:
    assert opened().ok(b"FETCH 1 (BODY.PEEK[3] BODY.PEEK[1.HEADER] BODY.PEEK[1.1])") == (
        b"* 1 FETCH (BODY[3] NIL BODY[1.HEADER] NIL BODY[1.1] NIL)\r\n"
    )


def test_part_one_of_a_plain_message_is_its_body() -> None:
    client = opened(message(body="just text"))
    assert body(client, b"[1]") == b"just text\r\n"


def test_stored_items_and_macros() -> None:
    client = opened()
    full = client.ok(b"FETCH 1 FULL")
    assert full.startswith(b'* 1 FETCH (FLAGS (\\Recent) INTERNALDATE " 1-Jan-1970 00:00:00 +0000" RFC822.SIZE %d ENVELOPE (' % len(NESTED))
    assert b") BODY (" in full
    assert b"ENVELOPE" not in client.ok(b"FETCH 1 FAST")
    rest = client.ok(b"UID FETCH 1:* (BODYSTRUCTURE EMAILID THREADID PREVIEW (LAZY) SAVEDATE MODSEQ)")
    assert rest.startswith(b"* 1 FETCH (UID 1 MODSEQ (2) BODYSTRUCTURE (")
    assert b'EMAILID (M1) THREADID (M1) PREVIEW "snippet" SAVEDATE "' in rest
    assert client.ok(b"FETCH 1 RFC822.SIZE") == b"* 1 FETCH (RFC822.SIZE %d)\r\n" % len(NESTED)


def test_the_old_names() -> None:
    client = opened(message())
    assert b"* 1 FETCH (RFC822.HEADER {" in client.ok(b"FETCH 1 RFC822.HEADER")
    assert b"FLAGS (\\Seen \\Recent) RFC822.TEXT {10}\r\nGood day\r\n)" in client.ok(b"FETCH 1 RFC822.TEXT")
    assert b"* 1 FETCH (RFC822 {" in client.ok(b"FETCH 1 RFC822")


def test_reading_sets_seen_once_and_says_so() -> None:
    client = Client(filled(3))
    client.ok(b"SELECT INBOX")
    assert client.ok(b"FETCH 1:2 BODY[TEXT]").count(b"FLAGS (\\Seen \\Recent)") == 2
    assert b"FLAGS" not in client.ok(b"FETCH 1:2 BODY[TEXT]")
    client.ok(b"FETCH 3 BODY.PEEK[]")
    assert [one.flags for one in client.store.folders["INBOX"].messages.values()] == [flags.SEEN, flags.SEEN, 0]


def test_reading_a_read_only_folder_changes_nothing() -> None:
    client = Client(filled(1))
    client.ok(b"EXAMINE INBOX")
    assert b"FLAGS" not in client.ok(b"FETCH 1 BODY[]")
    assert client.store.folders["INBOX"].messages[1].flags == 0


def test_flags_with_keywords_and_recent_at_the_seam() -> None:
    store = filled(2)
    store.open("INBOX", read_only=False)
    store.append("INBOX", message(), flags=flags.FLAGGED, keywords=frozenset(("$Junk",)), internaldate=None)
    client = Client(store)
    client.ok(b"SELECT INBOX")
    assert client.ok(b"FETCH 1:* (UID FLAGS)") == (
        b"* 1 FETCH (UID 1 FLAGS ())\r\n* 2 FETCH (UID 2 FLAGS ())\r\n* 3 FETCH (UID 3 FLAGS (\\Flagged \\Recent $Junk))\r\n"
    )
    assert client.ok(b"UID FETCH 2:9 UID") == b"* 2 FETCH (UID 2)\r\n* 3 FETCH (UID 3)\r\n"


def test_gone_messages_keep_their_numbers_until_announced() -> None:
    client = Client(filled(3))
    client.ok(b"SELECT INBOX")
    client.store.expunge(client.store.folders["INBOX"].id, [2], only_deleted=False)
    answer = client.run(b"FETCH 1:3 RFC822.SIZE")
    assert answer.count(b"RFC822.SIZE") == 2 and b"* 3 FETCH" in answer and b"EXPUNGE\r\n" not in answer
    assert b" NO [EXPUNGEISSUED] " in answer
    assert b"* 2 EXPUNGE\r\n" in client.ok(b"UID FETCH 1:* RFC822.SIZE")
    assert client.ok(b"FETCH 2 RFC822.SIZE").startswith(b"* 2 FETCH")


def test_numbers_out_of_range_are_bad_and_uids_are_not() -> None:
    client = Client(filled(1))
    client.ok(b"SELECT INBOX")
    assert b" BAD " in client.run(b"FETCH 2 FLAGS")
    assert client.ok(b"UID FETCH 2:5 FLAGS") == b""
    assert client.ok(b"UID FETCH 9:* UID") == b"* 1 FETCH (UID 1)\r\n"


def test_changed_since() -> None:
    client = Client(filled(3))
    client.ok(b"SELECT INBOX (CONDSTORE)")
    client.ok(b"STORE 2 +FLAGS.SILENT (\\Flagged)")
    assert client.ok(b"UID FETCH 1:* (FLAGS) (CHANGEDSINCE 4)") == b"* 2 FETCH (UID 2 FLAGS (\\Flagged \\Recent) MODSEQ (5))\r\n"


@pytest.mark.parametrize(
    "items",
    [b"(BODY[)", b"BODY[0]", b"BODY[MIME]", b"BODY[]<0.0>", b"WEATHER", b"()", b"BODY[1.HEADER.FIELDS ()]", b"(FLAGS UID", b"BODY[TEXT.1]"],
)
def test_bad_items(items: bytes) -> None:
    assert b" BAD " in opened().run(b"FETCH 1 " + items)


def test_a_long_answer_comes_in_chunks() -> None:
    client = opened(message(body="x" * (3 * CHUNK)))
    client.reader.feed(b"x FETCH 1 BODY.PEEK[]\r\n")
    chunks = list(client.session.execute(client.reader.next()))  # type: ignore[arg-type]
    assert max(map(len, chunks)) <= CHUNK
    assert len(b"".join(chunks)) > 3 * CHUNK
