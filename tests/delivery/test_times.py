"""Mail that waits for its time, and mail that is to arrive by a time: the queue, the next host, and the reports."""

import email
import email.policy
from collections.abc import Iterator
from typing import Any

import pytest

from mailcore.delivery import drain, intake, remote
from mailcore.kernel.envelope import Envelope, EnvelopeRecipient
from mailcore.kernel.ids import BlobId
from mailcore.queue.models import Entry, Recipient
from mailcore.store import blobs
from tests.delivery.cast import RAW, SMTP, count_messages, make_domain, make_mailbox
from tests.delivery.sink import FakeResolver, Sink

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = 3_600


@pytest.fixture
def sink(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sink]:
    with Sink(offers=("PIPELINING", "DSN", "DELIVERBY")) as sink:
        monkeypatch.setattr(remote, "SMTP_PORT", sink.port)
        yield sink


@pytest.fixture(autouse=True)
def house() -> None:
    make_domain()
    make_mailbox("ann@here.test")


def send(address: str = "bo@far.test", *, notify: str = "", **about: Any) -> Entry:
    """Times of `about` count from the moment of acceptance."""
    envelope = Envelope("ann@here.test", (EnvelopeRecipient(address, notify=notify),), envid="e1")
    ready = intake.prepare(envelope=envelope, raw=RAW, origin=SMTP)
    for name in ("deliver_by", "hold_until"):
        if name in about:
            about[name] += ready.received_at
    envelope = Envelope("ann@here.test", envelope.recipients, envid="e1", **about)
    intake.accept(envelope=envelope, raw=RAW, origin=SMTP)
    return Entry.objects.latest("id")


def run(entry: Entry, after: int, hosts: dict[str, Any] | None = None) -> None:
    drain.drain(owner="test", now=entry.received_at + after, resolver=FakeResolver(hosts or {"far.test": ["mx.far.test"]}))


def recipient(entry: Entry) -> Recipient:
    return entry.recipients.get()


def reports() -> list[dict[str, str]]:
    found = []
    for entry in Entry.objects.filter(source="dsn").order_by("id"):
        parsed = email.message_from_bytes(blobs.read(BlobId(entry.blob_id)), policy=email.policy.SMTP)
        head, one = list(parsed.iter_parts())[1].get_payload()  # type: ignore[attr-defined]
        found.append(dict(head.items()) | dict(one.items()))
    return found


def test_a_message_leaves_when_its_time_has_come(sink: Sink) -> None:
    entry = send(hold_until=2 * HOUR)
    run(entry, 2 * HOUR - 1)
    assert not sink.taken and recipient(entry).attempts == 0
    run(entry, 2 * HOUR)
    assert len(sink.taken) == 1


def test_what_waited_as_asked_is_not_late_at_once(sink: Sink) -> None:
    sink.answers["RCPT"] = "451 4.3.0 not now"
    entry = send(hold_until=24 * HOUR)
    run(entry, 24 * HOUR)
    assert reports() == []
    Recipient.objects.update(next_attempt_at=0)
    run(entry, 28 * HOUR)
    (report,) = reports()
    assert report["Action"] == "delayed"
    assert report["Future-Release-Request"].startswith("until;20") and report["Future-Release-Request"].endswith("Z")


def test_the_time_left_is_passed_on(sink: Sink) -> None:
    entry = send(deliver_by=HOUR, by_mode="R", by_trace=True)
    run(entry, 600)
    assert next(line for line in sink.commands if line.startswith("MAIL")).endswith("BY=3000;RT ENVID=e1")


def test_what_may_only_be_returned_is_returned_at_its_time(sink: Sink) -> None:
    sink.answers["RCPT"] = "451 4.3.0 not now"
    entry = send(deliver_by=HOUR, by_mode="R")
    for after in (0, HOUR - 1):
        Recipient.objects.update(next_attempt_at=0)
        run(entry, after)
    assert recipient(entry).next_attempt_at == entry.received_at + HOUR
    sink.answers.clear()
    run(entry, HOUR)
    (report,) = reports()
    assert not sink.taken
    assert (report["Action"], report["Status"]) == ("failed", "5.4.7")
    assert "Deliver-By-Date" in report and report["Original-Envelope-Id"] == "e1"


def test_it_holds_for_mailboxes_here_too() -> None:
    box = make_mailbox("bo@here.test")
    late, punctual = send("bo@here.test", deliver_by=HOUR, by_mode="R"), send("bo@here.test", deliver_by=HOUR, by_mode="R")
    run(late, HOUR)
    assert count_messages(box) == 0 and [one["Status"] for one in reports()] == ["5.4.7", "5.4.7"]
    again = send("bo@here.test", deliver_by=HOUR, by_mode="R")
    run(again, HOUR - 1)
    assert count_messages(box) == 1
    assert punctual.by_mode == "R"


def test_its_sender_is_told_at_the_time_and_the_message_goes_on(sink: Sink) -> None:
    sink.answers["RCPT"] = "451 4.3.0 not now"
    entry = send(deliver_by=HOUR, by_mode="N")
    Recipient.objects.update(attempts=8)
    run(entry, 0)
    assert recipient(entry).next_attempt_at == entry.received_at + HOUR, "an attempt when the time is up"
    run(entry, HOUR)
    assert [one["Action"] for one in reports()] == ["delayed"]
    Recipient.objects.filter(entry=entry).update(next_attempt_at=0)
    run(entry, HOUR + 60)
    assert len(reports()) == 1
    sink.answers.clear()
    Recipient.objects.filter(entry=entry).update(next_attempt_at=0)
    run(entry, HOUR + 120)
    assert len(sink.taken) == 1 and "BY=-120;N" in sink.commands[-4]


@pytest.mark.parametrize(("notify", "count"), [("", 1), ("DELAY", 1), ("FAILURE", 0), ("NEVER", 0)])
def test_who_did_not_ask_is_not_told(sink: Sink, notify: str, count: int) -> None:
    sink.answers["RCPT"] = "451 4.3.0 not now"
    entry = send(notify=notify, deliver_by=60, by_mode="N")
    run(entry, 60)
    assert len(reports()) == count


def test_a_time_that_had_passed_already_was_told_by_somebody_else(sink: Sink) -> None:
    sink.answers["RCPT"] = "451 4.3.0 not now"
    run(send(deliver_by=-5, by_mode="N"), 0)
    assert reports() == []


@pytest.mark.parametrize(
    ("offers", "about", "notify", "actions"),
    [
        (("DSN", "DELIVERBY"), {"by_mode": "N"}, "", []),
        (("DSN", "DELIVERBY"), {"by_mode": "N", "by_trace": True}, "", ["relayed"]),
        (("DSN", "DELIVERBY"), {"by_mode": "R", "by_trace": True}, "NEVER", []),
        (("DSN",), {"by_mode": "N"}, "", ["relayed"]),
        (("DSN",), {"by_mode": "R"}, "", ["failed"]),
    ],
)
def test_each_step_is_told_where_asked(sink: Sink, offers: tuple[str, ...], about: dict[str, Any], notify: str, actions: list[str]) -> None:
    sink.offers = offers
    run(send(notify=notify, deliver_by=HOUR, **about), 0)
    assert [one["Action"] for one in reports()] == actions
    if actions == ["failed"]:
        assert reports()[0]["Status"] == "5.3.3" and not sink.taken
