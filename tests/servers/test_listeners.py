"""Each listener judged by the client of the standard library (and IMAPClient)."""

import imaplib
import poplib
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from email.message import EmailMessage

import pytest
from imapclient import IMAPClient

from mailcore.delivery import drain
from mailcore.directory import mailboxes
from mailcore.kernel.events import FolderChanged
from mailcore.kernel.ids import MailboxId
from mailcore.kernel.mailstore import FlagMode
from mailcore.store.mailstore import LocalMailStore

from .conftest import ANN, SECRET, Ports


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def letter(subject: str = "Hello") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "bob@elsewhere.example", ANN, subject
    message.set_content("one\n.two\n..three\n")
    return message


def deliver() -> None:
    while drain.drain(owner="test", limit=50):
        pass


def mailbox_id() -> MailboxId:
    from mailcore.directory.mailboxes import get

    return MailboxId(get(address=ANN).pk)


def test_mail_goes_in_by_smtp_and_out_by_imap_and_pop3(front: Ports) -> None:
    with smtplib.SMTP("127.0.0.1", front.smtp, timeout=20) as client:
        client.send_message(letter())
    deliver()
    with imaplib.IMAP4("127.0.0.1", front.imap, timeout=20) as reader:
        reader.login(ANN, SECRET)
        assert reader.select("INBOX") == ("OK", [b"1"])
        raw = reader.fetch("1", "(BODY.PEEK[])")[1][0][1]
    assert b"Subject: Hello\r\n" in raw and b"\r\n.two\r\n..three\r\n" in raw
    drop = poplib.POP3("127.0.0.1", front.pop3, timeout=20)
    drop.user(ANN)
    drop.pass_(SECRET)
    assert drop.stat() == (1, len(raw))
    assert b"\r\n".join(drop.retr(1)[1]) + b"\r\n" == raw
    drop.dele(1)
    drop.quit()
    with IMAPClient("127.0.0.1", front.imap, ssl=False, timeout=20) as again:
        again.login(ANN, SECRET)
        assert again.select_folder("INBOX")[b"EXISTS"] == 0


def test_unknown_recipients_and_relaying_are_refused(front: Ports) -> None:
    with smtplib.SMTP("127.0.0.1", front.smtp, timeout=20) as client:
        client.ehlo()
        client.mail("bob@elsewhere.example")
        assert client.rcpt("nobody@example.org")[0] == 550
        assert client.rcpt("someone@elsewhere.example")[0] in (550, 554)
        assert client.rcpt(ANN)[0] == 250


def test_submission_over_both_kinds_of_tls(front: Ports) -> None:
    with smtplib.SMTP("127.0.0.1", front.submission, timeout=20) as client:
        client.starttls(context=trusting())
        client.login(ANN, SECRET)
        client.sendmail(ANN, [ANN], letter().as_string())
    with smtplib.SMTP_SSL("127.0.0.1", front.submissions, timeout=20, context=trusting()) as client:
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login(ANN, "wrong")
        client.login(ANN, SECRET)
        client.sendmail(ANN, [ANN], letter().as_string())


def test_lmtp_takes_mail(front: Ports) -> None:
    with smtplib.LMTP("127.0.0.1", front.lmtp) as client:
        assert client.sendmail("bob@elsewhere.example", [ANN], letter().as_string()) == {}


def test_imap_and_pop3_over_tls(front: Ports) -> None:
    with imaplib.IMAP4_SSL("127.0.0.1", front.imaps, ssl_context=trusting(), timeout=20) as reader:
        assert reader.login(ANN, SECRET)[0] == "OK"
    with imaplib.IMAP4("127.0.0.1", front.imap, timeout=20) as reader:
        reader.starttls(trusting())
        assert reader.authenticate("PLAIN", lambda _: f"\0{ANN}\0{SECRET}".encode())[0] == "OK"
    drop = poplib.POP3_SSL("127.0.0.1", front.pop3s, context=trusting(), timeout=20)
    drop.user(ANN)
    drop.pass_(SECRET)
    drop.quit()
    drop = poplib.POP3("127.0.0.1", front.pop3, timeout=20)
    drop.stls(trusting())
    drop.user(ANN)
    drop.pass_(SECRET)
    drop.quit()


@pytest.mark.parametrize(
    ("port", "upgrade", "go"),
    [("smtp", b"STARTTLS\r\n", b"220"), ("imap", b"a STARTTLS\r\n", b"a OK"), ("pop3", b"STLS\r\n", b"+OK")],
)
def test_clear_text_sent_behind_starttls_is_never_heard(front: Ports, port: str, upgrade: bytes, go: bytes) -> None:
    with socket.create_connection(("127.0.0.1", getattr(front, port)), 20) as raw:
        raw.recv(2_000)
        if port == "smtp":
            raw.sendall(b"EHLO x\r\n")
            raw.recv(2_000)
        raw.sendall(upgrade + b"NOOP injected\r\n")
        assert raw.recv(2_000).startswith(go)
        with trusting().wrap_socket(raw) as secure:
            secure.settimeout(0.5)
            with pytest.raises(TimeoutError):
                secure.recv(100)


def test_idle_is_woken_by_an_event(front: Ports) -> None:
    store = LocalMailStore(mailbox_id())
    with IMAPClient("127.0.0.1", front.imap, ssl=False, timeout=20) as client:
        client.login(ANN, SECRET)
        client.select_folder("INBOX")
        client.idle()
        store.append("INBOX", letter().as_bytes().replace(b"\n", b"\r\n"), flags=0, keywords=frozenset(), internaldate=None)
        event = FolderChanged(store.mailbox_id, store.get_folder("INBOX").id, 1)
        front.loop.call_soon_threadsafe(front.hub.hand_out, event)
        seen: list[object] = []
        while not any(b"EXISTS" in answer for answer in seen):  # type: ignore[operator]
            arrived = client.idle_check(timeout=10)
            assert arrived, "IDLE said nothing"
            seen += arrived
        client.idle_done()


def test_idle_in_a_folder_of_another_is_woken_by_its_owners_events(front: Ports) -> None:
    row = mailboxes.create(address="owner@example.org", password=None)
    store = LocalMailStore(MailboxId(row.pk))
    store.set_grant("INBOX", ANN, FlagMode.REPLACE, "lr")
    with IMAPClient("127.0.0.1", front.imap, ssl=False, timeout=20) as client:
        client.login(ANN, SECRET)
        client.select_folder("INBOX")
        client.idle()
        client.idle_done()
        client.select_folder("Other Users/owner@example.org/INBOX", readonly=True)
        client.idle()
        store.append("INBOX", b"Subject: x\r\n\r\n", flags=0, keywords=frozenset(), internaldate=None)
        event = FolderChanged(store.mailbox_id, store.get_folder("INBOX").id, 1)
        front.loop.call_soon_threadsafe(front.hub.hand_out, event)
        assert (1, b"EXISTS") in client.idle_check(timeout=10)
        client.idle_done()


def test_pipelined_commands_and_large_answers(front: Ports) -> None:
    store = LocalMailStore(mailbox_id())
    body = b"Subject: big\r\n\r\n" + b"x" * 70 + b"\r\n"
    big = body + (b"y" * 70 + b"\r\n") * 20_000
    for _ in range(3):
        store.append("INBOX", big, flags=0, keywords=frozenset(), internaldate=None)
    with socket.create_connection(("127.0.0.1", front.imap), 20) as raw:
        raw.sendall(f'a LOGIN {ANN} "{SECRET}"\r\nb SELECT INBOX\r\nc FETCH 1:3 BODY.PEEK[]\r\nd NOOP\r\ne LOGOUT\r\n'.encode())
        # A client that does not read for a while must get everything all the same.
        time.sleep(0.3)
        received = bytearray()
        while chunk := raw.recv(65_536):
            received += chunk
    assert received.count(big) == 3
    places = [received.index(line) for line in (b"\r\na OK", b"\r\nb OK", b"\r\nc OK", b"\r\nd OK", b"\r\ne OK")]
    assert places == sorted(places)


def test_one_pop3_session_a_mailbox(front: Ports) -> None:
    first = poplib.POP3("127.0.0.1", front.pop3, timeout=20)
    first.user(ANN)
    first.pass_(SECRET)
    second = poplib.POP3("127.0.0.1", front.pop3, timeout=20)
    second.user(ANN)
    with pytest.raises(poplib.error_proto, match="IN-USE"):
        second.pass_(SECRET)
    first.quit()
    second.user(ANN)
    second.pass_(SECRET)
    second.quit()


def test_sessions_side_by_side(front: Ports) -> None:
    failures: list[BaseException] = []

    def send() -> None:
        try:
            with smtplib.SMTP("127.0.0.1", front.smtp, timeout=30) as client:
                for number in range(5):
                    client.send_message(letter(f"n{number}"))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    deliver()
    assert LocalMailStore(mailbox_id()).get_folder("INBOX").messages == 40


@pytest.fixture
def lazy() -> Iterator[list[socket.socket]]:
    """Sockets that outlive the front, which is stopped before them."""
    kept: list[socket.socket] = []
    yield kept
    for one in kept:
        one.close()


def test_a_client_that_never_reads_cannot_hold_up_the_stop(lazy: list[socket.socket], front: Ports) -> None:
    store = LocalMailStore(mailbox_id())
    big = b"Subject: big\r\n\r\n" + (b"y" * 70 + b"\r\n") * 100_000
    for _ in range(3):
        store.append("INBOX", big, flags=0, keywords=frozenset(), internaldate=None)
    raw = socket.create_connection(("127.0.0.1", front.imap), 20)
    # Kept open until the front has stopped; its fixture fails where that does not end.
    lazy.append(raw)
    raw.sendall(f'a LOGIN {ANN} "{SECRET}"\r\nb SELECT INBOX\r\nc FETCH 1:3 BODY.PEEK[]\r\n'.encode())
    assert raw.recv(10).startswith(b"* OK")
