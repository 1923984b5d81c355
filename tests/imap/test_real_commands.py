"""Each extension over the store that is really used: what the store in memory makes easy has to hold there too."""

import random

import pytest

from mailcore.imap.session.core import State
from mailcore.kernel.ids import MailboxId
from mailcore.store.sharing.household import SharingMailStore

from .builders import Client, message

pytestmark = pytest.mark.django_db(transaction=True)
MULTIPART = (
    b'Subject: parts\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n'
    b"Content-Transfer-Encoding: base64\r\n\r\nY2Fmw6k=\r\n--b\r\nContent-Type: application/pdf\r\n\r\n%PDF\r\n--b--\r\n"
)


@pytest.fixture
def client() -> Client:
    store = SharingMailStore(MailboxId(1_500))
    for number in range(3):
        store.append("INBOX", message(f"Number {number}"), flags=0, keywords=frozenset(), internaldate=None)
    opened = Client(store)
    opened.ok(b"SELECT INBOX")
    return opened


def send(client: Client, line: bytes) -> bytes:
    answer = client.send(b"x " + line + b"\r\n")
    assert b"x OK" in answer, answer
    return answer


def test_messages_are_joined_replaced_and_decoded(client: Client) -> None:
    size = len(MULTIPART)
    answer = send(client, b"APPEND INBOX (\\Seen) {%d+}\r\n%b (\\Flagged) {3+}\r\nabc" % (size, MULTIPART))
    assert b"[APPENDUID" in answer and b" 4:5] " in answer
    assert send(client, b"UID FETCH 4 (BINARY.PEEK[1] BINARY.SIZE[2])").startswith(
        b"* 4 FETCH (UID 4 BINARY[1] {5}\r\ncaf\xc3\xa9 BINARY.SIZE[2] 4)"
    )
    answer = send(client, b'APPEND INBOX CATENATE (TEXT {16+}\r\nSubject: new\r\n\r\n URL "/INBOX/;UID=4/;SECTION=2" TEXT {1+}\r\n!)')
    assert b" 6] " in answer
    assert b"BODY[] {21}\r\nSubject: new\r\n\r\n%PDF!" in send(client, b"UID FETCH 6 BODY.PEEK[]")
    assert b"* 5 EXPUNGE" in send(client, b"UID REPLACE 5 INBOX {3+}\r\ndef")
    assert b"BODY[] {3}\r\ndef" in send(client, b"UID FETCH 7 BODY.PEEK[]")


def test_ids_stay_with_what_they_name(client: Client) -> None:
    ids = send(client, b"UID FETCH 2 (EMAILID THREADID SAVEDATE PREVIEW)")
    email_id = ids.split(b"EMAILID (")[1].split(b")")[0]
    send(client, b"UID COPY 2 Archive")
    send(client, b"SELECT Archive")
    assert b"EMAILID (%b)" % email_id in send(client, b"UID FETCH 1 (EMAILID)")
    assert send(client, b"SEARCH EMAILID %b" % email_id).startswith(b"* SEARCH 1\r\n")
    thread_id = ids.split(b"THREADID (")[1].split(b")")[0]
    assert send(client, b"SEARCH THREADID %b NOT EMAILID M0" % thread_id).startswith(b"* SEARCH 1\r\n")


def test_coming_back_after_much_has_happened(client: Client) -> None:
    send(client, b"ENABLE QRESYNC IMAP4rev2")
    folder = client.store.get_folder("INBOX")
    send(client, b"UID STORE 1,3 +FLAGS.SILENT (\\Deleted)")
    assert b"* VANISHED 1,3\r\n" in send(client, b"EXPUNGE")
    send(client, b"UID STORE 2 +FLAGS.SILENT ($Work)")
    send(client, b"UNSELECT")
    answer = send(client, b"SELECT INBOX (QRESYNC (%d %d 1:3))" % (folder.uidvalidity, folder.highestmodseq))
    assert b"* VANISHED (EARLIER) 1,3\r\n" in answer
    assert b"* 1 FETCH (UID 2 FLAGS ($Work) MODSEQ (" in answer
    assert b'* LIST () "/" INBOX\r\n' in answer and b"RECENT" not in answer.replace(b"\\Recent", b"")


VERBS = [
    b"UID FETCH 1:* (FLAGS MODSEQ BODY.PEEK[] BINARY.PEEK[1])",
    b"UID FETCH 1:* (FLAGS) (CHANGEDSINCE 2 VANISHED)",
    b"FETCH 1:* (ENVELOPE PREVIEW)",
    b"UID STORE 1:* (UNCHANGEDSINCE 5) +FLAGS (\\Flagged k)",
    b"STORE 1 -FLAGS (\\Seen)",
    b"UID STORE 2:3 +FLAGS (\\Deleted)",
    b"EXPUNGE",
    b"UID EXPUNGE 1:3",
    b"UID MOVE 2 Archive",
    b"UID COPY 1:* Sent",
    b"APPEND INBOX {3+}\r\nabc ~{3+}\r\na\x00c",
    b"UID REPLACE * Drafts {1+}\r\nx",
    b'APPEND Sent CATENATE (URL "/INBOX/;UID=2")',
    b"CREATE Deep/er",
    b"RENAME Deep Deeper",
    b"DELETE Deeper/er",
    b"DELETE Deeper",
    b'LIST (SUBSCRIBED RECURSIVEMATCH) "" % RETURN (STATUS (MESSAGES DELETED SIZE HIGHESTMODSEQ) CHILDREN)',
    b"SUBSCRIBE Sent",
    b"NOOP",
    b'SETMETADATA INBOX (/private/comment "x")',
    b'GETMETADATA (DEPTH infinity) "" /private',
    b"NOTIFY SET STATUS (selected-delayed (MessageNew (UID FLAGS) MessageExpunge FlagChange)) (personal (MessageNew "
    b"MessageExpunge FlagChange MailboxName SubscriptionChange))",
    b"NOTIFY NONE",
    b"UID SEARCH RETURN (MIN MAX COUNT SAVE) MODSEQ 3 OR EMAILID M1 SUBJECT number",
    b"UID FETCH $ (SAVEDATE)",
    b"UID SORT (ARRIVAL) UTF-8 ALL",
    b"EXAMINE INBOX (QRESYNC (%d 1 1:9 (1 1)))",
    b"SELECT INBOX (CONDSTORE)",
    b"UNSELECT",
    b"STATUS Archive (MESSAGES UNSEEN DELETED MAILBOXID)",
]


@pytest.mark.parametrize("seed", range(4))
def test_any_order_of_commands_is_answered_without_a_fault(client: Client, seed: int) -> None:
    chance = random.Random(seed)
    send(client, b"ENABLE QRESYNC" + (b" IMAP4rev2" if seed % 2 else b" CONDSTORE") + (b" UIDONLY" if seed > 1 else b""))
    uidvalidity = client.store.get_folder("INBOX").uidvalidity
    for _ in range(60):
        line = chance.choice(VERBS)
        answer = client.send(b"x " + (line % uidvalidity if b"(QRESYNC (%d" in line else line) + b"\r\n")
        assert b"SERVERBUG" not in answer and b"x " in answer, (line, answer)
        assert b"SERVERBUG" not in client.session.poll()
    assert client.session.state is not State.LOGOUT
