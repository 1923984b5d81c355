"""The policy chain at a real port: what strangers are told, what is kept where, and what the journey says."""

import dataclasses
import smtplib
import socket
import struct
from collections.abc import Iterator
from typing import Any

import pytest

from mailcore.delivery import drain
from mailcore.directory import mailboxes
from mailcore.filtering.policy import levels, lists, sending, shelf, takeover
from mailcore.kernel.errors import BadSyntax, NotFound, Throttled
from mailcore.kernel.ids import BlobId, MailboxId, UserId
from mailcore.kernel.principal import Principal, Role
from mailcore.queue import journey
from mailcore.queue.models import Entry, JourneyEvent
from mailcore.store import blobs
from mailcore.store.models import Folder
from tests.filtering.fakemilter import FakeMilter
from tests.filtering.fakemilter import pack as milter_packet
from tests.servers.conftest import ANN, SECRET, Ports, front  # noqa: F401

pytestmark = pytest.mark.django_db(transaction=True)
ZONE = 'good.test TXT "v=spf1 ip4:127.0.0.1 -all"\n1.0.0.127.bad.list A 127.0.0.2\n'
RAW = (
    b"From: Bo <bo@good.test>\r\nTo: ann@example.org\r\nSubject: Lunch\r\n"
    b"Date: Tue, 1 Sep 2026 10:00:00 +0000\r\nMessage-ID: <1@good.test>\r\n\r\nHi\r\n"
)


@pytest.fixture
def stranger(settings: Any, request: pytest.FixtureRequest) -> Iterator[Ports]:
    (settings.FACTEUR.data / "policy.zone").write_text(ZONE)
    about = getattr(request, "param", {})
    settings.FACTEUR = dataclasses.replace(settings.FACTEUR, zone_file="policy.zone", trusted_networks=(), **about)
    shelf.forget()
    yield request.getfixturevalue("front")
    shelf.forget()


def send(ports: Ports, *, to: str | list[str] = ANN, sender: str = "bo@good.test", raw: bytes = RAW) -> None:
    with smtplib.SMTP("127.0.0.1", ports.smtp, "mail.good.test", timeout=10) as client:
        client.sendmail(sender, to, raw)


def folder_of(mailbox: str = ANN) -> str:
    drain.drain(owner="test")
    mailbox_id = mailboxes.get(address=mailbox).pk
    return Folder.objects.get(mailbox_id=mailbox_id, messages__gt=0).name


def test_a_blocked_network_is_turned_away(stranger: Ports) -> None:
    lists.put(owner="system", pattern="127.0.0.0/8", act="refuse", note="abuse")
    with pytest.raises(smtplib.SMTPConnectError) as caught:
        send(stranger)
    assert caught.value.smtp_code == 554


def test_a_blocked_sender_is_refused_at_mail(stranger: Ports) -> None:
    lists.put(owner="system", pattern=".test", act="refuse")
    with pytest.raises(smtplib.SMTPSenderRefused) as caught:
        send(stranger)
    assert caught.value.smtp_code == 550


def test_the_list_of_one_mailbox_holds_for_it_alone(stranger: Ports) -> None:
    bo = mailboxes.create(address="bo@example.org", password="correct horse battery")
    lists.put(owner=f"mailbox:{bo.pk}", pattern="bo@good.test", act="quarantine")
    send(stranger, to=[ANN, "bo@example.org"])
    assert Entry.objects.count() == 2
    assert (folder_of(ANN), folder_of("bo@example.org")) == ("INBOX", "Junk")


def test_what_is_discarded_is_in_the_journey_and_nowhere_else(stranger: Ports) -> None:
    lists.put(owner="domain:example.org", pattern="good.test", act="discard")
    send(stranger)
    assert not Entry.objects.exists()
    trace = JourneyEvent.objects.get(stage="discarded").trace_id
    assert any("good.test is on example.org's list (discard)" in one.text for one in journey.list_steps(trace_id=trace))


def test_what_is_held_waits(stranger: Ports) -> None:
    lists.put(owner="system", pattern="good.test", act="hold")
    send(stranger)
    assert Entry.objects.get().is_held
    assert drain.drain(owner="test") == 0


def test_a_score_above_the_mailboxs_threshold_goes_to_junk(stranger: Ports) -> None:
    mailbox_id = mailboxes.get(address=ANN).pk
    levels.put(owner=f"mailbox:{mailbox_id}", name="spam_junk", value=1.0)
    raw = RAW.replace(b"Subject: Lunch", b"Subject: EARN MONEY FAST!!!").replace(b"Hi", b"You have won the lottery. Click here, act now!")
    send(stranger, raw=raw)
    assert folder_of() == "Junk"
    said = [step.text for step in journey.list_steps(trace_id=Entry.objects.get().trace_id)]
    assert any("from which the mailbox files as junk" in text for text in said)


def test_a_proved_friend_is_let_in_whatever_the_score(stranger: Ports) -> None:
    levels.put(owner="system", name="spam_junk", value=0.1)
    lists.put(owner="system", pattern="bo@good.test", act="accept")
    send(stranger, raw=RAW.replace(b"Subject: Lunch", b"Subject: EARN MONEY FAST!!!"))
    assert folder_of() == "INBOX"


@pytest.mark.parametrize("stranger", [{"greylist": True}], indirect=True)
def test_greylisting_puts_off_the_first_try(stranger: Ports) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
        send(stranger)
    assert caught.value.recipients[ANN][0] == 451


@pytest.mark.parametrize("stranger", [{"dns_blocklists": ("bad.list",)}], indirect=True)
def test_a_listed_host_is_turned_away(stranger: Ports) -> None:
    with pytest.raises(smtplib.SMTPConnectError) as caught:
        send(stranger)
    assert b"127.0.0.1 is listed by bad.list" in caught.value.smtp_error


@pytest.mark.parametrize("stranger", [{"greeting_wait": 5.0}], indirect=True)
def test_who_speaks_before_the_greeting_is_refused(stranger: Ports, settings: Any) -> None:
    with socket.create_connection(("127.0.0.1", stranger.smtp), timeout=10) as line:
        line.sendall(b"EHLO early.test\r\n")
        assert line.recv(1_000).startswith(b"554")


@pytest.mark.parametrize("stranger", [{"attachments": "refuse"}], indirect=True)
def test_a_program_is_refused(stranger: Ports) -> None:
    raw = RAW.replace(b"Subject", b'MIME-Version: 1.0\r\nContent-Type: application/octet-stream; name="invoice.pdf.exe"\r\nSubject')
    with pytest.raises(smtplib.SMTPDataError) as caught:
        send(stranger, raw=raw)
    assert caught.value.smtp_code == 550


def test_the_limit_of_an_address_is_named(stranger: Ports) -> None:
    levels.put(owner="system", name="peer_messages_hour", value=1)
    send(stranger)
    with pytest.raises(smtplib.SMTPDataError) as caught:
        send(stranger)
    assert caught.value.smtp_code == 451
    assert b"Your address may send 1 messages an hour" in caught.value.smtp_error


def _principal() -> Principal:
    return Principal(UserId(7), ANN, Role.USER, 1, MailboxId(3), ANN)


def test_the_limit_of_a_login_names_who_set_it(transactional_db: None) -> None:
    shelf.forget()
    levels.put(owner="domain:example.org", name="login_messages_hour", value=1)
    assert sending.admit(principal=_principal(), recipients=["a@x.test"], now=1_000_000) == ""
    with pytest.raises(Throttled, match=r"limit of the domain example\.org"):
        sending.admit(principal=_principal(), recipients=["a@x.test"], now=1_000_001)
    assert sending.admit(principal=_principal(), recipients=["a@x.test"], now=1_000_000 + 3_600) == ""


def test_a_login_that_suddenly_writes_to_strangers_is_held_until_cleared(transactional_db: None) -> None:
    shelf.forget()
    levels.put(owner="system", name="login_new_recipients_day", value=3)
    assert sending.admit(principal=_principal(), recipients=["a@x.test", "b@x.test", "c@x.test"], now=1_000_000) == ""
    assert sending.admit(principal=_principal(), recipients=["a@x.test"], now=1_000_001) == ""
    assert "never wrote to before" in sending.admit(principal=_principal(), recipients=["d@x.test"], now=1_000_002)
    assert sending.admit(principal=_principal(), recipients=["a@x.test"], now=1_000_003).startswith("held")
    assert [one.login for one in takeover.list_held()] == [ANN]
    takeover.clear(login=ANN, now=1_000_004)
    assert sending.admit(principal=_principal(), recipients=["a@x.test"], now=1_000_005) == ""
    with pytest.raises(NotFound):
        takeover.clear(login=ANN)


@pytest.mark.parametrize(("pattern", "act"), [("", "refuse"), ("a b", "refuse"), ("good.test", "maybe"), ("@", "refuse")])
def test_what_is_no_rule_is_not_kept(transactional_db: None, pattern: str, act: str) -> None:
    with pytest.raises(BadSyntax):
        lists.put(owner="system", pattern=pattern, act=act)
    assert lists.list_all() == []


def test_a_milter_at_the_real_port(stranger: Ports, settings: Any) -> None:
    """It refuses one recipient of two, changes the subject, and adds a field; the journey names it."""
    mailboxes.create(address="bo@example.org", password=SECRET)
    with FakeMilter() as fake:
        settings.FACTEUR = dataclasses.replace(settings.FACTEUR, scanners=(f"milter={fake.address}",))
        fake.terms = struct.pack(">III", 6, 0x11, 0)
        fake.answers = {
            b"R<bo@example.org>\0": milter_packet(b"r"),
            b"E": milter_packet(b"h", b"X-Seen\0yes\0") + milter_packet(b"m", b"\0\0\0\1Subject\0Dinner\0") + milter_packet(b"c"),
        }
        send(stranger, to=[ANN, "bo@example.org"])
        assert (folder_of(ANN), folder_of("bo@example.org")) == ("INBOX", "Junk")
        raw = blobs.read(BlobId(Entry.objects.order_by("id")[0].blob_id))
        assert b"\r\nSubject: Dinner\r\n" in raw and b"Lunch" not in raw and b"X-Seen: yes\r\n" in raw
        assert any("lets it pass, changed 1 header fields" in text for text in JourneyEvent.objects.values_list("text", flat=True))
        fake.answers = {b"M": milter_packet(b"y", b"550 5.7.1 go away\0")}
        with pytest.raises(smtplib.SMTPDataError) as caught:
            send(stranger)
        assert (caught.value.smtp_code, b"go away" in caught.value.smtp_error) == (550, True)


@pytest.mark.parametrize(("failure", "code"), [("accept", 0), ("defer", 451)])
def test_a_milter_that_is_not_there(stranger: Ports, settings: Any, failure: str, code: int) -> None:
    settings.FACTEUR = dataclasses.replace(settings.FACTEUR, scanners=("milter=127.0.0.1:1",), scanner_failure=failure)
    if code:
        with pytest.raises(smtplib.SMTPDataError) as caught:
            send(stranger)
        assert caught.value.smtp_code == code
        return
    send(stranger)
    assert folder_of() == "INBOX"
