"""What attackers of mail servers try first, at real ports: relaying, smuggling under TLS, words behind STARTTLS."""

import smtplib
import socket
import ssl

import pytest

from mailcore.delivery import drain
from mailcore.directory import aliases, domains, mailboxes
from mailcore.directory.models import Domain
from mailcore.queue.models import Recipient
from tests.servers.conftest import ANN, SECRET, Ports
from tests.servers.test_listeners import trusting
from tests.smtp.test_end_of_data import CLEAN_LOOKALIKES, LOOKALIKES, SMUGGLED

SENDERS = ("", "bo@far.test", ANN, "postmaster@[127.0.0.1]", "root@localhost")
OUTSIDE = (
    "bo@far.test", "BO@FAR.TEST", "bo+ann@far.test", "postmaster@far.test", "@example.org:bo@far.test", "@a.test,@example.org:bo@far.test",
    "ann%far.test@example.org", "bo%far.test@example.org", "bo%far.test%x.test@example.org", "far.test!bo@example.org",
    "bo@far.test@example.org", "bo@far.test%example.org", '"bo@far.test"@example.org', '"bo%far.test"@example.org', '"bo"@far.test',
    "bo@[192.0.2.1]", "bo@[127.0.0.1]", "bo@[10.0.0.1]", "bo@[IPv6:2001:db8::1]", "bo@2130706433", "bo@0x7f000001",
    "ann@example.org.far.test", "ann@far.example.org", "ann@sub.example.org", "bo@localhost", "bo@xn--exmple-cua.org", "bo@far.test.", "bo",
)  # fmt: skip
"""Whatever a stranger says, none of these may be taken."""
INSIDE = ("ann@example.org", "ANN@Example.ORG", "ann+far.test@example.org", "@far.test:ann@example.org", "postmaster@example.org")
CAUGHT = ("anything@all.test", "bo%far.test@all.test", '"bo@far.test"@all.test', "far.test!bo@all.test")
"""A catch-all takes these, for its own mailbox."""


@pytest.fixture
def house(front: Ports) -> Ports:
    domains.create(name="all.test")
    Domain.objects.filter(name="all.test").update(catch_all=ANN)
    aliases.create(address="away@example.org", targets=("bo@far.test",))
    return front


@pytest.mark.parametrize("sender", SENDERS, ids=lambda text: text or "nobody")
def test_strangers_relay_nothing(house: Ports, sender: str) -> None:
    with smtplib.SMTP("127.0.0.1", house.smtp, timeout=20) as client:
        client.ehlo()
        for group in (OUTSIDE[:14], OUTSIDE[14:]):
            with smtplib.SMTP("127.0.0.1", house.smtp, timeout=20) as line:
                line.ehlo()
                assert line.docmd("MAIL", f"FROM:<{sender}>")[0] == 250
                said = {address: line.docmd("RCPT", f"TO:<{address}>")[0] for address in group}
            assert {address: code for address, code in said.items() if not 500 <= code < 600} == {}
        assert client.docmd("MAIL", f"FROM:<{sender}>")[0] == 250
        assert [client.docmd("RCPT", f"TO:<{address}>")[0] for address in (*INSIDE, *CAUGHT)] == [250] * 9
        assert client.data(b"Subject: x\r\n\r\nHi\r\n")[0] == 250
    while drain.drain(owner="test"):
        continue
    assert set(Recipient.objects.values_list("destination", flat=True)) <= {"example.org", "all.test"}


def test_an_alias_leads_outside_because_its_owner_said_so(house: Ports) -> None:
    with smtplib.SMTP("127.0.0.1", house.smtp, timeout=20) as client:
        client.sendmail("cy@far.test", ["away@example.org"], b"Subject: x\r\n\r\nHi\r\n")
    assert list(Recipient.objects.values_list("address", flat=True)) == ["away@example.org"]


def test_the_submission_port_wants_a_login_for_everybody(house: Ports) -> None:
    with smtplib.SMTP("127.0.0.1", house.submission, timeout=20) as client:
        client.ehlo()
        for address in (ANN, "bo@far.test"):
            assert client.docmd("MAIL", "FROM:<ann@example.org>")[0] == 530
            assert client.docmd("RCPT", f"TO:<{address}>")[0] == 503


def test_a_login_writes_as_nobody_else(house: Ports) -> None:
    mailboxes.create(address="cy@example.org", password=SECRET)
    with smtplib.SMTP("127.0.0.1", house.submission, timeout=20) as client:
        client.starttls(context=trusting())
        client.login(ANN, SECRET)
        assert client.docmd("MAIL", "FROM:<cy@example.org>")[0] == 550
        assert client.docmd("MAIL", "FROM:<ann@far.test>")[0] == 550


@pytest.mark.parametrize("tls", [False, True], ids=["clear", "tls"])
def test_nothing_is_smuggled_however_it_is_cut(house: Ports, tls: bool) -> None:
    """Octet by octet, under TLS each in a record of its own; the cut at each single octet is tried in tests/smtp."""
    for lookalike in (*LOOKALIKES, *CLEAN_LOOKALIKES):
        with socket.create_connection(("127.0.0.1", house.smtp), 20) as plain:
            codes = _deliver(_secure(plain) if tls else plain, b"body" + lookalike + SMUGGLED)
        is_text = lookalike in CLEAN_LOOKALIKES
        assert codes == ([b"250", b"250"] if is_text else [b"554", b"250"]), lookalike
        assert set(Recipient.objects.values_list("address", flat=True)) == ({ANN} if is_text else set())


@pytest.mark.parametrize(
    ("port", "before", "upgrade", "go", "injected"),
    [
        ("smtp", b"EHLO x\r\n", b"STARTTLS\r\n", b"220", b"MAIL FROM:<a@far.test>\r\n"),
        ("submission", b"EHLO x\r\n", b"STARTTLS\r\n", b"220", b"EHLO y\r\n"),
        ("imap", b"", b"a STARTTLS\r\n", b"a OK", b"b CAPABILITY\r\n"),
        ("pop3", b"", b"STLS\r\n", b"+OK", b"CAPA\r\n"),
        ("sieve", b"", b"STARTTLS\r\n", b"OK", b"CAPABILITY\r\n"),
    ],
)
def test_words_behind_the_wish_for_tls_are_dropped(
    house: Ports, port: str, before: bytes, upgrade: bytes, go: bytes, injected: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", getattr(house, port)), 20) as plain:
        plain.recv(4_000)
        if before:
            plain.sendall(before)
            plain.recv(4_000)
        plain.sendall(upgrade + injected)
        heard = plain.recv(4_000)
        assert go in heard and heard.count(b"\r\n") == 1
        with trusting().wrap_socket(plain) as secure:
            secure.settimeout(0.3)
            said = b""
            with pytest.raises(TimeoutError):
                while piece := secure.recv(4_000):
                    said += piece
            # ManageSieve says what it can of itself once the line is safe (RFC 5804 §2.2); nothing else is said.
            assert (said == b"") is (port != "sieve") and said.count(b"OK") <= 1


def _secure(plain: socket.socket) -> ssl.SSLSocket:
    _hear(plain, b"\n220")
    plain.sendall(b"EHLO x\r\n")
    _hear(plain, b"\n250 ")
    plain.sendall(b"STARTTLS\r\n")
    _hear(plain, b"\n220")
    return trusting().wrap_socket(plain)


def _deliver(line: socket.socket, message: bytes) -> list[bytes]:
    """Codes of the replies to the message and to a NOOP behind it."""
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    line.sendall(b"EHLO x\r\nMAIL FROM:<bo@far.test>\r\nRCPT TO:<ann@example.org>\r\nDATA\r\n")
    _hear(line, b"\n354")
    end = message.index(SMUGGLED)
    for octet in message[:end]:
        line.sendall(bytes((octet,)))
    line.sendall(message[end:] + b".\r\nNOOP\r\n")
    return [one[:3] for one in _hear(line, b"\n250 2.0.0 Ok\r\n").splitlines()]


def _hear(line: socket.socket | ssl.SSLSocket, end: bytes) -> bytes:
    said = b""
    while end not in b"\n" + said:
        piece = line.recv(4_000)
        assert piece, said
        said += piece
    return said
