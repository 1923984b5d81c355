"""Reports: what they say, in which form, who gets one and who does not."""

import email
import email.policy
from email.message import EmailMessage

import pytest

from mailcore.delivery import drain, settling
from mailcore.kernel.envelope import EnvelopeRecipient
from mailcore.kernel.ids import BlobId
from mailcore.queue import claims, schedule
from mailcore.queue.models import Entry, Recipient
from mailcore.queue.settlement import Result, Verdict
from mailcore.store import blobs
from tests.delivery.cast import RAW, make_domain, make_mailbox, send

pytestmark = pytest.mark.django_db


def report() -> EmailMessage:
    entry = Entry.objects.get(source="dsn")
    assert entry.sender == ""
    parsed = email.message_from_bytes(blobs.read(BlobId(entry.blob_id)), policy=email.policy.SMTP)
    assert isinstance(parsed, EmailMessage)
    return parsed


def parts() -> tuple[str, list[EmailMessage], EmailMessage]:
    text, status, original = report().iter_parts()  # type: ignore[attr-defined]
    return text.get_content(), status.get_payload(), original


def fail(*recipients: str | EnvelopeRecipient, ret: str = "", text: str = "5.1.1 nobody of that name", at: int | None = None) -> None:
    send(*recipients, sender="ann@here.test", ret=ret)
    now = at or Entry.objects.latest("id").received_at
    leases = claims.claim_due(now=now, owner="w", limit=9)
    settling.settle([Result(lease, Verdict.FAILED, 550, text, "mx.far.test") for lease in leases], now=now, owner="w")


def test_a_failure_names_each_recipient_in_one_report() -> None:
    fail(EnvelopeRecipient("a@far.test", orcpt="rfc822;first+2Bname@far.test"), "b@far.test")
    message = report()
    assert message.get_content_type() == "multipart/report"
    assert message.get_param("report-type") == "delivery-status"
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["Message-ID"] and message["Date"] and message["To"] == "ann@here.test"
    text, (head, first, second), original = parts()
    assert "<a@far.test>" in text and "5.1.1 nobody of that name" in text
    assert head["Reporting-MTA"] == "dns; mx.facteur.test"
    assert first["Original-Recipient"] == "rfc822; first+name@far.test"
    assert (first["Action"], first["Status"], first["Remote-MTA"]) == ("failed", "5.1.1", "dns; mx.far.test")
    assert first["Diagnostic-Code"] == "smtp; 550 5.1.1 nobody of that name"
    assert second["Final-Recipient"] == "rfc822; b@far.test"
    assert original.get_content_type() == "text/rfc822-headers"
    assert b"Message-ID: <one@far.test>" in original.as_bytes() and b"Hello.\r\n" not in original.as_bytes()


def test_the_whole_message_comes_back_where_asked() -> None:
    fail("a@far.test", ret="FULL")
    raw = blobs.read(BlobId(Entry.objects.get(source="dsn").blob_id))
    assert b"Content-Type: message/rfc822\r\n" in raw
    assert RAW in raw


@pytest.mark.parametrize(
    ("notify", "reports"), [("", 1), ("FAILURE", 1), ("SUCCESS,FAILURE", 1), ("NEVER", 0), ("SUCCESS", 0), ("DELAY", 0)]
)
def test_notify_is_honoured_on_failure(notify: str, reports: int) -> None:
    fail(EnvelopeRecipient("a@far.test", notify=notify))
    assert Entry.objects.filter(source="dsn").count() == reports


def test_a_delay_is_reported_once_and_only_after_four_hours() -> None:
    send("a@far.test", sender="ann@here.test")
    received = Entry.objects.get().received_at
    counts = []
    for hours in (0, 3, 5, 9, 30):
        now = received + hours * schedule.HOUR
        Recipient.objects.filter(address="a@far.test").update(next_attempt_at=now)
        leases = [lease for lease in claims.claim_due(now=now, owner="w", limit=9) if lease.address == "a@far.test"]
        settling.settle([Result(lease, Verdict.DEFERRED, 451, "4.4.1 no answer") for lease in leases], now=now, owner="w")
        counts.append(Entry.objects.filter(source="dsn").count())
    assert counts == [0, 0, 1, 1, 1]
    _, (_, status), _ = parts()
    assert (status["Action"], status["Status"]) == ("delayed", "4.4.1")
    assert status["Will-Retry-Until"]


def test_success_is_reported_where_asked() -> None:
    make_domain()
    make_mailbox("ann@here.test")
    send(EnvelopeRecipient("ann@here.test", notify="SUCCESS"), sender="ann@here.test")
    drain.drain(owner="w")
    _, (_, status), _ = parts()
    assert (status["Action"], status["Status"]) == ("delivered", "2.1.5")


def test_giving_up_after_five_days_is_a_failure() -> None:
    send("a@far.test", sender="ann@here.test")
    now = Entry.objects.get().received_at + schedule.LIFETIME
    leases = claims.claim_due(now=now, owner="w", limit=9)
    settling.settle([Result(lease, Verdict.DEFERRED, 451, "4.4.1 no answer") for lease in leases], now=now, owner="w")
    _, (_, status), _ = parts()
    assert (status["Action"], status["Status"]) == ("failed", "5.0.0")
    assert "given up after 120 hours" in status["Diagnostic-Code"]


def test_what_the_other_side_says_cannot_break_out_of_its_line() -> None:
    fail("a@far.test", text="5.7.1 no\r\nAction: delivered\r\n\r\n--=_x")
    _, (_, status), _ = parts()
    assert status.get_all("Action") == ["failed"]


def test_a_report_speaks_only_of_what_is_still_ours() -> None:
    send("a@far.test", "b@far.test", sender="ann@here.test")
    now = Entry.objects.get().received_at
    leases = claims.claim_due(now=now, owner="w", limit=9)
    Recipient.objects.filter(address="a@far.test").update(lease_token="somebody else")
    assert settling.settle([Result(lease, Verdict.FAILED, 550, "5.1.1 no") for lease in leases], now=now, owner="w") == 1
    text, statuses, _ = parts()
    assert len(statuses) == 2
    assert "b@far.test" in text and "a@far.test" not in text


def test_what_no_database_takes_is_cleaned() -> None:
    fail("a@far.test", text="5.1.1 n\0o \udcff")
    assert Recipient.objects.get(address="a@far.test").last_text == "5.1.1 no ?"


def test_an_address_beyond_ascii_is_written_in_ascii() -> None:
    fail("jösé@far.test")
    _, (_, status), _ = parts()
    assert status["Final-Recipient"] == r"utf-8; j\x{F6}s\x{E9}@far.test"
