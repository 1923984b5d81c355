"""What only shows on a real socket: compression, logging out and in again, news while nothing runs."""

import asyncio
import hashlib
import socket
import ssl
import threading
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterator

import pytest

from mailcore.directory import scram_keys
from mailcore.directory.mailboxes import get
from mailcore.kernel.events import FolderChanged, MailboxChanged
from mailcore.kernel.ids import MailboxId
from mailcore.kernel.mailstore import FolderInfo
from mailcore.servers import imap
from mailcore.servers.bridge import Bridge
from mailcore.servers.deflate import PIECE, Corrupt, Deflate
from mailcore.servers.scram import ScramOffer
from mailcore.store.mailstore import LocalMailStore
from tests.imap.scram_client import ScramClient

from .conftest import ANN, SECRET, Ports


class Raw:
    """An IMAP client of a few lines."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), 20)
        self.port, self.held = port, b""
        self.pack = self.unpack = None
        assert self.line().startswith(b"* OK")

    def send(self, data: bytes) -> None:
        if self.pack is not None:
            data = self.pack.compress(data) + self.pack.flush(zlib.Z_SYNC_FLUSH)
        self.socket.sendall(data)

    def line(self) -> bytes:
        while b"\r\n" not in self.held:
            data = self.socket.recv(65_536)
            assert data, f"the server left after {self.held!r}"
            self.held += self.unpack.decompress(data) if self.unpack is not None else data
        line, _, self.held = self.held.partition(b"\r\n")
        return line

    def run(self, command: bytes) -> list[bytes]:
        """Every line of the answer, the tagged one last."""
        self.send(b"x " + command + b"\r\n")
        lines = [self.line()]
        while not lines[-1].startswith(b"x "):
            lines.append(self.line())
        return lines

    def compress(self) -> None:
        assert self.run(b"COMPRESS DEFLATE")[-1].startswith(b"x OK")
        self.pack = zlib.compressobj(9, zlib.DEFLATED, -15)
        self.unpack = zlib.decompressobj(-15)

    def log_in(self) -> None:
        assert self.run(f'LOGIN {ANN} "{SECRET}"'.encode())[-1].startswith(b"x OK")

    def ended(self) -> bool:
        self.socket.settimeout(20)
        try:
            while self.socket.recv(65_536):
                pass
        except ConnectionResetError:
            pass
        return True


@pytest.fixture
def client(front: Ports) -> Iterator[Raw]:
    raw = Raw(front.imap)
    yield raw
    raw.socket.close()


def test_a_compressed_session(client: Raw) -> None:
    client.log_in()
    client.compress()
    big = b"Subject: big\r\n\r\n" + b"0123456789" * 30_000
    client.send(b"x APPEND INBOX {%d+}\r\n%b\r\n" % (len(big), big))
    assert client.line().startswith(b"x OK [APPENDUID")
    assert client.run(b"COMPRESS DEFLATE")[-1].startswith(b"x NO [COMPRESSIONACTIVE]")
    assert client.run(b"COMPRESS LZMA")[-1].startswith(b"x BAD")
    assert b"* 1 EXISTS" in client.run(b"SELECT INBOX")
    client.send(b"x FETCH 1 BODY.PEEK[]\r\n")
    assert client.line() == b"* 1 FETCH (BODY[] {%d}" % len(big)
    while len(client.held) < len(big):
        client.held += client.unpack.decompress(client.socket.recv(65_536))
    assert client.held.startswith(big)
    client.send(b"y IDLE\r\n")
    while client.line() != b"+ idling":
        pass
    client.send(b"DONE\r\n")
    assert client.line().startswith(b"y OK")


def test_what_is_no_deflate_ends_the_session(client: Raw) -> None:
    client.log_in()
    client.compress()
    client.socket.sendall(b"\xff" * 100)
    assert client.ended()


def test_a_few_octets_that_stand_for_gigabytes_are_one_long_line(client: Raw) -> None:
    client.log_in()
    client.compress()
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    for _ in range(20):
        client.socket.sendall(packer.compress(b"a" * 1_000_000))
    client.socket.sendall(packer.compress(b"\r\n") + packer.flush(zlib.Z_SYNC_FLUSH))
    assert client.line() == b"* BAD That line is too long"
    client.socket.sendall(packer.compress(b"b NOOP\r\n") + packer.flush(zlib.Z_SYNC_FLUSH))
    assert client.line() == b"b OK Done"


def test_inflating_is_bounded_and_whole() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = b"x" * (10 * PIECE) + b"the end"
    pieces = list(Deflate().unpack(packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH)))
    assert b"".join(pieces) == data and max(map(len, pieces)) <= PIECE
    both = Deflate()
    assert b"".join(Deflate().unpack(both.pack(b"a") + both.pack(b"") + both.pack(b"b" * 99))) == b"a" + b"b" * 99
    with pytest.raises(Corrupt):
        list(Deflate().unpack(zlib.compress(b"x", wbits=-15) + b"more"))


def test_somebody_else_may_log_in_on_the_same_connection(client: Raw) -> None:
    client.log_in()
    client.run(b"ENABLE QRESYNC")
    client.run(b"SELECT INBOX")
    client.send(b"y IDLE\r\n")
    assert client.line() == b"+ idling"
    client.send(b"DONE\r\n")
    client.line()
    # News told as \Recent are noted in the store when the folder is left.
    store = LocalMailStore(MailboxId(get(address=ANN).pk))
    store.append("INBOX", b"Subject: x\r\n\r\nx\r\n", flags=0, keywords=frozenset(), internaldate=None)
    assert b"* 1 EXISTS" in client.run(b"NOOP")
    assert client.run(b"UNAUTHENTICATE")[-1].startswith(b"x OK")
    assert client.run(b"SELECT INBOX")[-1].startswith(b"x BAD")
    client.log_in()
    assert client.run(b"ENABLE QRESYNC")[0] == b"* ENABLED QRESYNC"
    assert client.run(b"SELECT INBOX")[-1].startswith(b"x OK")


def test_compression_begins_before_anybody_logged_in_is_refused(client: Raw) -> None:
    assert client.run(b"COMPRESS DEFLATE")[-1].startswith(b"x BAD")


def test_news_come_while_nothing_runs(front: Ports, client: Raw) -> None:
    client.log_in()
    assert client.run(b"SELECT INBOX")[-1].startswith(b"x OK")
    lines = client.run(b"NOTIFY SET (selected (MessageNew (FLAGS) MessageExpunge)) (personal (MessageNew MessageExpunge MailboxName))")
    assert lines[-1].startswith(b"x OK")
    store = LocalMailStore(MailboxId(get(address=ANN).pk))
    for name in ("INBOX", "Sent"):
        store.append(name, b"Subject: x\r\n\r\nx\r\n", flags=0, keywords=frozenset(), internaldate=None)
        folder = store.get_folder(name)
        event = FolderChanged(store.mailbox_id, folder.id, folder.highestmodseq)
        front.loop.call_soon_threadsafe(front.hub.hand_out, event)
        if name == "INBOX":
            assert client.line() == b"* 1 EXISTS"
            assert client.line() == b"* 1 RECENT"
            assert client.line() == b"* 1 FETCH (UID 1 FLAGS (\\Recent))"
        else:
            assert client.line().startswith(b"* STATUS Sent (MESSAGES 1 UIDNEXT 2")
    store.create_folder("Fresh")
    front.loop.call_soon_threadsafe(front.hub.hand_out, MailboxChanged(store.mailbox_id))
    assert client.line() == b'* LIST () "/" Fresh'
    assert client.run(b"NOOP")[-1].startswith(b"x OK")


def test_a_long_command_gives_signs_of_life(front: Ports, client: Raw, monkeypatch: pytest.MonkeyPatch) -> None:
    client.log_in()
    reached, released = threading.Event(), threading.Event()
    look_up = LocalMailStore.get_folder

    def slow(store: LocalMailStore, name: str) -> FolderInfo:
        reached.set()
        assert released.wait(20)
        return look_up(store, name)

    monkeypatch.setattr(LocalMailStore, "get_folder", slow)
    monkeypatch.setattr(imap, "PROGRESS_SECONDS", 0.02)
    client.send(b"slow STATUS INBOX (MESSAGES)\r\n")
    assert reached.wait(20)
    for _ in range(3):
        assert client.line() == b'* OK [INPROGRESS ("slow" NIL NIL)] Still at work'
    released.set()
    while b"INPROGRESS" in (line := client.line()):
        pass
    assert line == b"* STATUS INBOX (MESSAGES 0)"
    assert client.line().startswith(b"slow OK")


def scram(client: Raw, mechanism: bytes, mine: ScramClient) -> bytes:
    client.send(b"x AUTHENTICATE %b %b\r\n" % (mechanism, b64encode(mine.first())))
    client.send(b64encode(mine.final(b64decode(client.line()[2:]))) + b"\r\n")
    last = client.line()
    if last.startswith(b"+ "):
        assert b64decode(last[2:]) == mine.signature
        client.send(b"\r\n")
        last = client.line()
    return last


def test_a_login_by_scram(client: Raw) -> None:
    assert b"AUTH=SCRAM-SHA-256 " in client.run(b"CAPABILITY")[0]
    assert scram(client, b"SCRAM-SHA-256", ScramClient(ANN, "wrong")).startswith(b"x NO [AUTHENTICATIONFAILED]")
    assert scram(client, b"SCRAM-SHA-256", ScramClient(ANN, SECRET)).startswith(b"x OK")
    assert client.run(b"SELECT INBOX")[-1].startswith(b"x OK")


def test_a_login_bound_to_the_certificate(client: Raw) -> None:
    assert client.run(b"STARTTLS")[-1].startswith(b"x OK")
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    client.socket = secured = trusting.wrap_socket(client.socket)
    assert b"AUTH=SCRAM-SHA-256-PLUS" in client.run(b"CAPABILITY")[0]
    digest = hashlib.sha256(secured.getpeercert(binary_form=True) or b"").digest()
    header = "p=tls-server-end-point,,"
    assert scram(client, b"SCRAM-SHA-256-PLUS", ScramClient(ANN, SECRET, header=header, binding=b"x")).startswith(b"x BAD")
    assert scram(client, b"SCRAM-SHA-256-PLUS", ScramClient(ANN, SECRET, header=header, binding=digest)).startswith(b"x OK")


def test_a_command_sent_with_starttls_is_not_taken_for_one_under_tls(client: Raw) -> None:
    client.send(b"x STARTTLS\r\ny LOGIN ann secret\r\nz LOGOUT\r\n")
    assert client.line().startswith(b"x OK")
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    client.socket = trusting.wrap_socket(client.socket)
    assert client.run(b"NOOP") == [b"x OK Done"]


def test_a_flood_of_pipelined_commands_is_answered_in_order(client: Raw) -> None:
    client.log_in()
    count = 20_000
    sender = threading.Thread(target=client.send, args=(b"".join(b"t%d NOOP\r\n" % number for number in range(count)),))
    sender.start()
    for number in range(count):
        assert client.line() == b"t%d OK Done" % number
    sender.join()
    client.send(b"half a comm")
    assert Raw(client.port).run(b"CAPABILITY")[-1].startswith(b"x OK")


def test_scram_is_offered_from_a_look_at_the_directory_now_and_then(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    answers, bridge = [False, True], Bridge(1)
    monkeypatch.setattr(scram_keys, "is_complete", lambda: answers.pop(0))

    async def look() -> list[bool]:
        offer = ScramOffer()
        found = [await offer.find(bridge) is not None for _ in range(3)]
        monkeypatch.setattr(offer, "_asked_at", float("-inf"))
        return found + [await offer.find(bridge) is not None for _ in range(3)]

    assert asyncio.run(look()) == [False] * 3 + [True] * 3
    bridge.close()
