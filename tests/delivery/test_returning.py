"""Returning a message on an operator's word, and rehearsing what would happen to one."""

import time

import pytest
from builders import message
from directory.cast import Cast, make_cast

from mailcore.delivery import intake, returning
from mailcore.delivery.rehearsing import rehearse
from mailcore.directory import aliases, domains, mailboxes
from mailcore.directory.domains import DomainChange
from mailcore.kernel.envelope import Envelope, EnvelopeRecipient, Origin
from mailcore.kernel.errors import Conflict, NotFound
from mailcore.kernel.ids import TraceId
from mailcore.queue import entries
from mailcore.queue.models import Entry, Recipient
from mailcore.store import blobs


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


def accept(*recipients: str, sender: str = "ann@example.test") -> TraceId:
    envelope = Envelope(sender, tuple(EnvelopeRecipient(one) for one in recipients))
    return intake.accept(envelope=envelope, raw=message(), origin=Origin("submission", protocol="ESMTPSA"))


def test_the_sender_gets_a_report_and_nobody_else_anything(cast: Cast) -> None:
    trace_id = accept("x@far.test", "y@far.test")
    now = int(time.time())
    entries.hold(trace_id=trace_id, now=now, by="bo")
    assert returning.bounce(trace_id=trace_id, now=now, by="bo") == 2
    assert set(Recipient.objects.filter(entry__trace_id=trace_id).values_list("state", "last_code")) == {("failed", 550)}
    report = Entry.objects.get(source="dsn")
    assert list(report.recipients.values_list("address", flat=True)) == ["ann@example.test"]
    text = blobs.read(report.blob_id)  # type: ignore[arg-type]
    assert b"x@far.test" in text
    assert b"Returned by an administrator of example.test" in text
    with pytest.raises(Conflict):
        returning.bounce(trace_id=trace_id, now=now, by="bo")
    with pytest.raises(NotFound):
        returning.bounce(trace_id=trace_id, now=now, by="cy", domains=["other.test"])


@pytest.mark.parametrize(
    ("sender", "recipient", "verdict", "whats"),
    [
        ("x@far.test", "ann@example.test", "accepted", ["accepted", "mailbox"]),
        ("x@far.test", "ann+bills@example.test", "accepted", ["accepted", "mailbox"]),
        ("x@far.test", "team@example.test", "accepted", ["accepted", "alias", "mailbox", "remote"]),
        ("x@far.test", "nobody@example.test", "refused", ["accepted", "refused"]),
        ("x@far.test", "someone@elsewhere.test", "refused", ["accepted", "refused"]),
        ("x@far.test", "anyone@other.test", "accepted", ["accepted", "catch_all", "mailbox"]),
        ("x@far.test", "bo@example.test", "refused", ["accepted", "refused"]),
        ("ann@example.test", "someone@elsewhere.test", "accepted", ["accepted", "remote"]),
        ("nobody@example.test", "ann@example.test", "refused", ["refused"]),
        ("", "ann@example.test", "accepted", ["accepted", "mailbox"]),
        ("bad", "ann@example.test", "refused", ["refused"]),
        ("x@far.test", "bad", "refused", ["accepted", "refused"]),
    ],
)
def test_what_would_happen(cast: Cast, sender: str, recipient: str, verdict: str, whats: list[str]) -> None:
    aliases.create(address="team@example.test", targets=("ann@example.test", "out@far.test"))
    domains.change(domain_id=cast.other.id, to=DomainChange(catch_all="cy@other.test"))
    mailboxes.suspend(mailbox_id=cast.bo.id)
    found = rehearse(sender=sender, recipient=recipient)
    assert (found.verdict, [step.what for step in found.steps]) == (verdict, whats)
    assert not Entry.objects.exists()
