"""Reports: what they say, in which form, who gets one and who does not."""

import email
import email.policy
from email.message import EmailMessage

import pytest

from mailcore.delivery import allowance, drain, settling
from mailcore.kernel.envelope import EnvelopeRecipient
from mailcore.kernel.ids import BlobId, TraceId
from mailcore.queue import claims, journey, schedule
from mailcore.queue.models import Entry, Recipient
from mailcore.queue.settlement import Result, Verdict
from mailcore.store import blobs
from tests.delivery.cast import RAW, count_messages, make_domain, make_mailbox, send

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


def fail_next(now: int) -> list[str]:
    """Whatever is due fails; the addresses it was for."""
    leases = claims.claim_due(now=now, owner="w", limit=9)
    settling.settle([Result(lease, Verdict.FAILED, 550, "5.1.1 nobody of that name") for lease in leases], now=now, owner="w")
    return [lease.address for lease in leases]


def test_a_report_that_fails_is_shown_to_the_postmaster_of_the_domain_it_is_about() -> None:
    make_domain()
    make_domain("house.test")
    bo = make_mailbox("bo@here.test")
    make_mailbox("first@house.test")
    send("gone@here.test", sender="forged@far.test")
    now = Entry.objects.get().received_at
    assert fail_next(now) == ["gone@here.test"]
    assert fail_next(now) == ["forged@far.test"]
    failed, shown = Entry.objects.filter(source="dsn").order_by("id")
    assert (shown.sender, [one.address for one in shown.recipients.all()]) == ("", ["postmaster@here.test"])
    raw = blobs.read(BlobId(shown.blob_id))
    assert b"Subject: A delivery report could not be delivered\r\n" in raw
    assert b"To: <postmaster@here.test>\r\n" in raw and b"This report could not be delivered" in raw
    assert b"Final-Recipient: rfc822; forged@far.test\r\nAction: failed\r\nStatus: 5.1.1\r\n" in raw
    assert blobs.read(BlobId(failed.blob_id)) in raw

    steps = journey.list_steps(trace_id=TraceId(failed.trace_id))
    assert [(one.stage, one.address) for one in steps][-2:] == [("failed", "forged@far.test"), ("bounced", "postmaster@here.test")]
    assert steps[-1].text == f"report sent to postmaster@here.test as {shown.trace_id}"

    assert drain.drain(owner="w", limit=9, now=now) >= 1
    drain.drain(owner="w", limit=9, now=now)
    assert count_messages(bo) == 1
    assert Entry.objects.count() == 3


@pytest.mark.parametrize("expands", [False, True])
def test_no_chain_of_reports_is_longer_than_two(expands: bool) -> None:
    make_domain()
    make_mailbox("bo@here.test")
    send("gone@here.test", sender="forged@far.test")
    now = Entry.objects.get().received_at
    fail_next(now)
    fail_next(now)
    if expands:
        (lease,) = claims.claim_due(now=now, owner="w", limit=9)
        settling.settle([Result(lease, Verdict.EXPANDED, targets=("bo@here.test",))], now=now, owner="w")
        assert fail_next(now) == ["bo@here.test"]
    else:
        assert fail_next(now) == ["postmaster@here.test"]
    assert fail_next(now) == []
    assert Entry.objects.count() == 3


def test_where_nobody_is_postmaster_a_report_that_fails_ends_in_its_journey(caplog: pytest.LogCaptureFixture) -> None:
    send("a@there.test", sender="forged@far.test")
    now = Entry.objects.get().received_at
    fail_next(now)
    fail_next(now)
    failed = Entry.objects.get(source="dsn")
    assert journey.list_steps(trace_id=TraceId(failed.trace_id))[-1].stage == "failed"
    assert f"no postmaster to show it to: trace={failed.trace_id}" in caplog.text
    assert fail_next(now) == []


def test_a_notice_of_delay_that_fails_is_shown_to_nobody() -> None:
    make_domain()
    make_mailbox("bo@here.test")
    send("a@far.test", sender="forged@far.test")
    late = Entry.objects.get().received_at + schedule.DELAY_NOTICE_AFTER + 1
    leases = claims.claim_due(now=late, owner="w", limit=9)
    settling.settle([Result(lease, Verdict.DEFERRED, 451, "4.2.0 later", retry_in=9_000) for lease in leases], now=late, owner="w")
    assert fail_next(late) == ["forged@far.test"]
    assert Entry.objects.count() == 2


def test_bounces_of_others_that_cannot_be_delivered_are_reported_to_nobody() -> None:
    make_domain()
    make_mailbox("bo@here.test")
    send("gone@here.test", sender="", raw=b"Action: failed\r\n" + RAW)
    assert fail_next(Entry.objects.get().received_at) == ["gone@here.test"]
    assert Entry.objects.count() == 1


def test_no_address_is_buried_in_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowance, "REPORTS_HOUR", 2)
    start = 500_000 * schedule.HOUR
    for _ in range(3):
        fail("a@far.test", at=start)
    assert Entry.objects.filter(source="dsn").count() == 2
    last = Entry.objects.exclude(source="dsn").latest("id")
    words = [one.text for one in journey.list_steps(trace_id=TraceId(last.trace_id)) if one.verdict == "report spared"]
    assert words == ["no report to ann@here.test, which got 2 in this hour: failed, 5.1.1 nobody of that name"]
    assert Recipient.objects.filter(entry=last).values_list("state", flat=True)[0] == "failed"
    fail("a@far.test", at=start + schedule.HOUR)
    assert Entry.objects.filter(source="dsn").count() == 3
