"""Mail to a real Exim and from it: TLS, eight bits, addresses beyond ASCII, size, many recipients, reports."""

import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailcore.delivery import drain, intake, remote
from mailcore.directory import mailboxes
from mailcore.kernel.envelope import Envelope, EnvelopeRecipient, Origin
from mailcore.kernel.ids import BlobId, TraceId
from mailcore.queue import journey
from mailcore.queue.models import Entry, Recipient
from mailcore.store import blobs
from mailcore.store.models import Message
from tests.delivery.sink import FakeResolver
from tests.flows.facteur import wait_until
from tests.servers.conftest import ANN, Ports, front  # noqa: F401

from . import exim
from .exim import Exim

pytestmark = pytest.mark.django_db(transaction=True)
HEAD = (
    b"From: Ann <ann@example.org>\r\nTo: bo@exim.test\r\nSubject: Hello\r\n"
    b"Message-ID: <1@example.org>\r\nDate: Tue, 1 Sep 2026 10:00:00 +0000\r\n"
)
BODIES = {
    "plain": b"\r\nHello.\r\n",
    "dots": b"\r\n.\r\n..\r\n.a\r\nend\r\n",
    "eight bits": "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nGrüße, 日本\r\n".encode(),
    "large": b"\r\n" + b"0123456789abcdef" * 4 + b"\r\n" + (b"x" * 76 + b"\r\n") * 30_000,
    "no end of line": b"\r\nHello.",
}
KINDS = pytest.mark.parametrize("kind", list(BODIES))


@pytest.fixture
def neighbour(front: Ports, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Exim]:  # noqa: F811
    for running in exim.serve(tmp_path, front.smtp):
        monkeypatch.setattr(remote, "SMTP_PORT", running.port)
        yield running


def send(raw: bytes, *people: EnvelopeRecipient) -> Entry:
    unicode = any(not one.address.isascii() for one in people)
    envelope = Envelope(ANN, people, smtputf8=unicode, eight_bit=not raw.isascii())
    intake.accept(envelope=envelope, raw=raw, origin=Origin("submission", protocol="ESMTPSA"))
    entry = Entry.objects.latest("id")
    drain.drain(owner="test", resolver=FakeResolver({"exim.test": ["mx.exim.test"]}))
    return entry


def body(raw: bytes) -> bytes:
    return raw.replace(b"\r\n", b"\n").partition(b"\n\n")[2].rstrip(b"\n")


@KINDS
def test_mail_goes_there_under_tls_and_whole(neighbour: Exim, kind: str) -> None:
    raw = HEAD + BODIES[kind]
    entry = send(raw, EnvelopeRecipient("bo@exim.test"))
    assert [one.state for one in entry.recipients.all()] == ["delivered"]
    assert any("TLSv1" in step.text for step in journey.list_steps(trace_id=TraceId(entry.trace_id)))
    wait_until(lambda: len(neighbour.letters("bo")) == 1, 20, "the letter there")
    assert body(neighbour.letters("bo")[0]) == body(raw)


@KINDS
def test_mail_comes_from_there_under_tls_and_whole(neighbour: Exim, kind: str) -> None:
    raw = HEAD + BODIES[kind]
    with smtplib.SMTP("127.0.0.1", neighbour.port, timeout=20) as client:
        client.sendmail("bo@exim.test", [ANN], raw, mail_options=["BODY=8BITMIME"])
    wait_until(lambda: Entry.objects.filter(sender="bo@exim.test").exists(), 20, "the letter here")
    drain.drain(owner="test")
    box = mailboxes.get(address=ANN).pk
    assert Message.objects.filter(folder__mailbox_id=box).count() == 1
    entry = Entry.objects.get()
    kept = blobs.read(BlobId(entry.blob_id))
    assert body(kept) == body(raw)
    assert any("TLSv1" in step.text for step in journey.list_steps(trace_id=TraceId(entry.trace_id)))


def test_a_hundred_recipients_and_one_beyond_ascii(neighbour: Exim) -> None:
    people = [EnvelopeRecipient(f"x{number}@exim.test") for number in range(100)]
    entry = send(HEAD + BODIES["plain"], *people, EnvelopeRecipient("zoé@exim.test"))
    assert set(entry.recipients.values_list("state", flat=True)) == {"delivered"}
    wait_until(lambda: len(list((neighbour.folder / "mail" / "new").glob("*"))) == 101, 30, "a hundred letters and one")


def test_its_report_of_success_reaches_the_sender(neighbour: Exim) -> None:
    send(HEAD + BODIES["plain"], EnvelopeRecipient("bo@exim.test", notify="SUCCESS", orcpt="rfc822;first@exim.test"))
    wait_until(lambda: Entry.objects.filter(sender="", source="smtp").exists(), 20, "the report")
    entry = Entry.objects.get(sender="", source="smtp")
    report = blobs.read(BlobId(entry.blob_id))
    assert b"Action: delivered" in report and b"first@exim.test" in report
    assert not Recipient.objects.filter(entry__source="dsn").exists(), "the duty to report went with the message"
