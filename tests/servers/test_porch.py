"""Listeners behind a proxy: real sockets, real TLS, the client's address where the proxy's would have been."""

import asyncio
import imaplib
import logging
import smtplib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
import uvloop
from django.conf import settings

from mailcore.delivery import drain
from mailcore.directory import domains, mailboxes
from mailcore.kernel.ids import MailboxId
from mailcore.servers import front as fronts
from mailcore.servers import porch
from mailcore.servers.bridge import Bridge
from mailcore.servers.front import Front
from mailcore.servers.hub import Hub
from mailcore.servers.keyring import Keyring
from mailcore.servers.services import Services
from mailcore.store.mailstore import LocalMailStore
from mailcore.workers.sockets import PORTS, listen

from .conftest import ANN, SECRET, Ports
from .test_listeners import trusting

CLIENT = "203.0.113.9"
LINE = f"PROXY TCP4 {CLIENT} 127.0.0.1 40000 25\r\n".encode()
BINARY = (
    b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c" + socket.inet_aton(CLIENT) + socket.inet_aton("127.0.0.1") + struct.pack("!HH", 40_000, 25)
)
LOCAL = b"\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"


@contextmanager
def running(loop: asyncio.AbstractEventLoop, proxies: str) -> Iterator[Ports]:
    sockets = {name: listen("127.0.0.1", 0) for name in PORTS}
    for bound in sockets.values():
        bound.setblocking(False)
    hub, bridge = Hub(), Bridge(4)
    keyring = Keyring(data=settings.FACTEUR.data, hostname=settings.FACTEUR.hostname)
    stopping, started = asyncio.Event(), threading.Event()
    environment = replace(settings.FACTEUR, mail_proxies=(proxies,))

    async def serve() -> None:
        front = Front(Services(environment=environment, bridge=bridge, hub=hub, keyring=keyring))
        await front.start(sockets)
        started.set()
        await stopping.wait()
        await front.drain(2)
        await asyncio.to_thread(bridge.close)

    ports = {name: bound.getsockname()[1] for name, bound in sockets.items()}
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert started.wait(10)
    try:
        yield Ports(ports, hub, loop)
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join(20)
        assert not thread.is_alive()
        loop.close()


@pytest.fixture(params=[uvloop.new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"])
def make_loop(request: pytest.FixtureRequest) -> Callable[[], asyncio.AbstractEventLoop]:
    made: Callable[[], asyncio.AbstractEventLoop] = request.param
    return made


@pytest.fixture
def people(transactional_db: None) -> None:
    domains.create(name="example.org")
    mailboxes.create(address=ANN, password=SECRET)


@pytest.fixture
def behind(people: None, make_loop: Callable[[], asyncio.AbstractEventLoop]) -> Iterator[Ports]:
    with running(make_loop(), "127.0.0.0/8") as ports:
        yield ports


def call(port: int, first: bytes) -> socket.socket:
    link = socket.create_connection(("127.0.0.1", port), timeout=10)
    link.sendall(first)
    return link


class ProxiedSmtp(smtplib.SMTP):
    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return call(port, LINE)


class ProxiedSmtps(smtplib.SMTP_SSL):
    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return trusting().wrap_socket(call(port, BINARY))


class ProxiedImaps(imaplib.IMAP4_SSL):
    def _create_socket(self, timeout: float | None) -> socket.socket:
        return trusting().wrap_socket(call(self.port, BINARY))


def read_message(port: int) -> bytes:
    """What arrived, wherever the filter put a stranger's few words."""
    while drain.drain(owner="test", limit=50):
        pass
    store = LocalMailStore(MailboxId(mailboxes.get(address=ANN).pk))
    folder = next(name for name in ("INBOX", "Junk") if store.get_folder(name).messages)
    with ProxiedImaps("127.0.0.1", port, ssl_context=trusting(), timeout=20) as reader:
        assert reader.login(ANN, SECRET)[0] == "OK"
        reader.select(folder)
        raw: bytes = reader.fetch("1", "(BODY.PEEK[])")[1][0][1]  # type: ignore[index,assignment]
    return raw


def test_the_real_client_is_seen_on_the_mx_and_in_imaps(behind: Ports) -> None:
    with ProxiedSmtp("127.0.0.1", behind.smtp, local_hostname="mx.elsewhere.example", timeout=20) as client:
        client.sendmail("bob@elsewhere.example", [ANN], "Subject: Hello\r\n\r\nx\r\n")
    raw = read_message(behind.imaps)
    received = raw[raw.index(b"Received:") :].split(b"\r\nSubject")[0]
    assert CLIENT.encode() in received and b"127.0.0.1" not in received
    # This machine is believed without a look; the client behind it was looked at.
    assert b"spf=" in raw


def test_submission_by_starttls_and_by_tls(behind: Ports) -> None:
    with ProxiedSmtp("127.0.0.1", behind.submission, timeout=20) as client:
        client.ehlo()
        assert not client.has_extn("auth"), "a password would travel in clear from the client to the proxy"
        client.starttls(context=trusting())
        client.login(ANN, SECRET)
        client.sendmail(ANN, [ANN], "Subject: one\r\n\r\nx\r\n")
    with ProxiedSmtps("127.0.0.1", behind.submissions, timeout=20) as client:
        client.login(ANN, SECRET)
        client.sendmail(ANN, [ANN], "Subject: two\r\n\r\nx\r\n")
    assert CLIENT.encode() in read_message(behind.imaps)


@pytest.mark.parametrize("name", ["smtp", "submission", "lmtp", "imap", "pop3", "sieve"])
def test_every_listener_takes_a_header_in_pieces_with_the_client_right_behind(behind: Ports, name: str) -> None:
    last = {"imap": b"a LOGOUT\r\n", "sieve": b"LOGOUT\r\n"}.get(name, b"QUIT\r\n")
    with call(behind.by_name[name], BINARY[:5]) as link:
        link.sendall(BINARY[5:20])
        link.sendall(BINARY[20:] + last)
        heard = b"".join(iter(lambda: link.recv(4_096), b""))
    assert heard.count(b"\r\n") >= 2


@pytest.mark.parametrize("name", ["submissions", "imaps", "pop3s"])
def test_the_handshake_may_come_in_the_same_packet(behind: Ports, name: str) -> None:
    ours, theirs = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = trusting().wrap_bio(theirs, ours)
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    with call(behind.by_name[name], LINE + ours.read()) as link:
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                link.sendall(ours.read())
                theirs.write(link.recv(65_536))
    assert tls.version() in ("TLSv1.2", "TLSv1.3")


@pytest.mark.parametrize("first", [b"EHLO x\r\n", b"PROXY TCP4 nonsense\r\n", BINARY[:12] + b"\xff" * 40])
def test_a_proxy_without_a_header_is_cut_off(behind: Ports, first: bytes, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, porch.__name__), call(behind.smtp, first) as link:
        try:
            assert link.recv(100) == b""
        except ConnectionResetError:
            # Octets were left unread when the other end closed.
            assert True
    assert any("smtp: the proxy 127.0.0.1" in line.getMessage() for line in caplog.records)


def test_a_proxy_that_says_nothing_is_not_waited_for(
    behind: Ports, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(porch, "HEADER_TIMEOUT", 0.05)
    with caplog.at_level(logging.WARNING, porch.__name__), call(behind.imaps, LINE[:-1]) as link:
        assert link.recv(100) == b""
    assert "none in 0.05 seconds" in caplog.text


def test_a_proxy_that_looks_whether_we_live_keeps_its_own_address(behind: Ports) -> None:
    with call(behind.imap, LOCAL) as link:
        assert b"AUTH=PLAIN" in link.recv(4_096), "nobody else is in this conversation"
    with call(behind.imap, LINE) as link:
        assert b"AUTH=PLAIN" not in link.recv(4_096)


def test_the_limit_of_an_address_is_the_clients(behind: Ports, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fronts, "MAX_PER_ADDRESS", 1)
    with call(behind.smtp, LINE) as first:
        assert first.recv(100).startswith(b"220")
        with call(behind.smtp, LINE) as second:
            assert second.recv(100).startswith(b"421")
        with call(behind.smtp, LINE.replace(b".9 ", b".8 ")) as other:
            assert other.recv(100).startswith(b"220")


def test_strangers_cannot_say_who_they_are(people: None, make_loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    with running(make_loop(), "192.0.2.0/24") as ports:
        with call(ports.smtp, LINE) as link:
            heard = link.makefile("rb")
            assert heard.readline().startswith(b"220")
            assert heard.readline().startswith(b"5")
        with imaplib.IMAP4_SSL("127.0.0.1", ports.imaps, ssl_context=trusting(), timeout=20) as reader:
            assert reader.login(ANN, SECRET)[0] == "OK"
