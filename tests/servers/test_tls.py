"""Certificates on the wire: one for each name, exchanged under connections that live on, and what logins are bound to."""

import hashlib
import os
import socket
import ssl
from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.conf import settings

from mailcore.certificates import orders, shelf
from mailcore.servers import keyring as keyrings
from mailcore.servers.health import look
from tests.imap.scram_client import ScramClient
from tests.servers.conftest import ANN, SECRET, Ports
from tests.trust import certificates
from tests.trust.certificates import Pair

AUTHORITY = certificates.make("authority", is_authority=True)
CLEAR = PrivateFormat.PKCS8


def key_of(pair: Pair) -> bytes:
    return pair.key.private_bytes(Encoding.PEM, CLEAR, NoEncryption())


def put(folder: Path, pair: Pair, names: tuple[str, str] = ("certificate.pem", "key.pem")) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in zip(names, (pair.pem, key_of(pair)), strict=True):
        draft = folder / f".{name}"
        draft.write_bytes(content)
        os.replace(draft, folder / name)


@pytest.fixture
def tls_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of this run, put back as it was; listeners look at it all the time."""
    monkeypatch.setattr(keyrings, "LOOK_SECONDS", 0.05)
    folder = settings.FACTEUR.data / "tls"
    before = {path: path.read_bytes() for path in folder.glob("*.pem")} if folder.is_dir() else {}
    yield folder
    for path in sorted(folder.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    for path, content in before.items():
        path.write_bytes(content)


def connect(port: int, name: str | None) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=10), server_hostname=name)


def shown(port: int, name: str | None) -> bytes:
    with connect(port, name) as link:
        return link.getpeercert(binary_form=True) or b""


def wait_for(port: int, name: str | None, pair: Pair) -> None:
    for _ in range(400):
        if shown(port, name) == pair.der:
            return
    raise AssertionError(f"the certificate of {name} was never shown")


def test_each_name_has_its_own_and_others_the_default(tls_folder: Path, front: Ports) -> None:
    own = x509.load_pem_x509_certificate((tls_folder / "certificate.pem").read_bytes()).public_bytes(Encoding.DER)
    assert shown(front.imaps, "unknown.test") == own
    one, two = certificates.make("mx.one.test", issuer=AUTHORITY), certificates.make("*.two.test", issuer=AUTHORITY)
    put(tls_folder / "one", one)
    put(tls_folder / "two", two, ("fullchain.pem", "privkey.pem"))
    wait_for(front.imaps, "MX.one.test", one)
    wait_for(front.submissions, "mail.two.test", two)
    assert shown(front.pop3s, "deep.mail.two.test") != two.der
    row = certificates.make("mail.three.test", issuer=AUTHORITY)
    orders.give(chain=row.pem, key=key_of(row))
    wait_for(front.pop3s, "mail.three.test", row)
    stated = certificates.make("mx1.facteur.test", issuer=AUTHORITY)
    put(tls_folder, stated)
    wait_for(front.imaps, None, stated)
    wait_for(front.imaps, "unknown.test", stated)
    orders.remove(name="mail.three.test")
    wait_for(front.pop3s, "mail.three.test", stated)


def test_a_new_one_is_taken_and_old_connections_live_on(tls_folder: Path, front: Ports) -> None:
    first, second = certificates.make("mx.one.test", issuer=AUTHORITY), certificates.make("mx.one.test", issuer=AUTHORITY)
    put(tls_folder / "one", first)
    wait_for(front.imaps, "mx.one.test", first)
    with connect(front.imaps, "mx.one.test") as link:
        link.recv(1_000)
        put(tls_folder / "one", second)
        wait_for(front.imaps, "mx.one.test", second)
        assert scram(link, hashlib.sha256(second.der).digest()).startswith(b"x BAD")
        assert scram(link, hashlib.sha256(first.der).digest()).startswith(b"x OK")
    with connect(front.imaps, "mx.one.test") as link:
        link.recv(1_000)
        assert scram(link, hashlib.sha256(second.der).digest()).startswith(b"x OK")


def test_a_half_replaced_pair_changes_nothing(tls_folder: Path, front: Ports) -> None:
    first, second, other = (certificates.make(name, issuer=AUTHORITY) for name in ("mx.one.test", "mx.one.test", "mx.two.test"))
    put(tls_folder / "one", first)
    wait_for(front.imaps, "mx.one.test", first)
    (tls_folder / "one" / "certificate.pem").write_bytes(second.pem)
    put(tls_folder / "two", other)
    wait_for(front.imaps, "mx.two.test", other)
    assert shown(front.imaps, "mx.one.test") == first.der
    (tls_folder / "one" / "key.pem").write_bytes(key_of(second))
    wait_for(front.imaps, "mx.one.test", second)


def test_an_expired_one_gives_way(tls_folder: Path, front: Ports) -> None:
    old, new = certificates.make("mx.one.test", issuer=AUTHORITY, days=-1), certificates.make("mx.one.test", issuer=AUTHORITY)
    put(tls_folder / "one", old)
    wait_for(front.imaps, "mx.one.test", old)
    assert look("certificate")[1]["status"] == "failing"
    orders.give(chain=new.pem, key=key_of(new))
    wait_for(front.imaps, "mx.one.test", new)
    status, report = look("certificate")
    assert (status, report["status"], report["shown"]) == (200, "degraded", 2)


def test_starttls_shows_them_too(tls_folder: Path, front: Ports) -> None:
    pair = certificates.make("mx.one.test", issuer=AUTHORITY)
    put(tls_folder / "one", pair)
    wait_for(front.imaps, "mx.one.test", pair)
    for port, command in ((front.imap, b"x STARTTLS\r\n"), (front.pop3, b"STLS\r\n"), (front.sieve, b"STARTTLS\r\n")):
        link = socket.create_connection(("127.0.0.1", port), timeout=10)
        link.recv(2_000)
        link.sendall(command)
        link.recv(2_000)
        with certificates.believe(AUTHORITY).wrap_socket(link, server_hostname="mx.one.test") as secured:
            assert secured.getpeercert(binary_form=True) == pair.der


def test_nobody_needs_rows_to_be_shown_a_certificate(tls_folder: Path, monkeypatch: pytest.MonkeyPatch, transactional_db: None) -> None:
    from django.db import OperationalError

    def fail() -> shelf.Stamp:
        raise OperationalError("no database")

    monkeypatch.setattr(shelf, "look_at_rows", fail)
    ring = keyrings.Keyring(data=settings.FACTEUR.data, hostname="mx.test")
    assert not ring.refresh()
    assert ring.tls.get_ca_certs() == []


def scram(link: ssl.SSLSocket, binding: bytes) -> bytes:
    def line() -> bytes:
        data = b""
        while not data.endswith(b"\n"):
            data += link.recv(1)
        return data

    mine = ScramClient(ANN, SECRET, header="p=tls-server-end-point,,", binding=binding)
    link.sendall(b"x AUTHENTICATE SCRAM-SHA-256-PLUS " + b64encode(mine.first()) + b"\r\n")
    answer = line()
    link.sendall(b64encode(mine.final(b64decode(answer[2:]))) + b"\r\n")
    answer = line()
    if answer.startswith(b"+ "):
        link.sendall(b"\r\n")
        answer = line()
    return answer
