"""Messages held back by their sender: not claimed before their time, called back, hurried."""

import pytest

from mailcore.delivery import intake
from mailcore.kernel.envelope import Envelope, EnvelopeRecipient, Origin
from mailcore.kernel.errors import Conflict, NotFound
from mailcore.kernel.ids import UserId
from mailcore.queue import claims, journey, outgoing
from mailcore.queue.models import Entry, Recipient

pytestmark = pytest.mark.django_db
RAW = b"From: a@example.org\r\nTo: b@elsewhere.example\r\nSubject: Later\r\nMessage-ID: <later@example.org>\r\n\r\nx\r\n"


def send(hold_until: int, user_id: int = 7) -> tuple[str, int]:
    recipients = (EnvelopeRecipient("b@elsewhere.example"), EnvelopeRecipient("c@elsewhere.example"))
    envelope = Envelope("a@example.org", recipients, hold_until=hold_until)
    trace = intake.accept(envelope=envelope, raw=RAW, origin=Origin("web", user_id=UserId(user_id)))
    return trace, Entry.objects.get(trace_id=trace).received_at


def claim(now: int) -> int:
    return len(claims.claim_due(now=now, owner="t", limit=10))


def test_it_is_not_claimed_before_its_time() -> None:
    far = 4_000_000_000
    trace, now = send(far)
    assert claim(now) == 0 and claim(far - 1) == 0
    waiting = outgoing.list_waiting(user_id=7, now=now)
    assert [one.trace_id for one in waiting] == [trace] and len(waiting[0].recipients) == 2
    assert outgoing.list_waiting(user_id=8, now=now) == []
    assert Entry.objects.get().expires_at > far
    assert any("to leave at 2096" in step.text for step in journey.list_steps(trace_id=waiting[0].trace_id))
    assert claim(far) == 2


def test_a_time_that_has_passed_means_now() -> None:
    _trace, now = send(1_000)
    assert Entry.objects.get().not_before == 0 and claim(now) == 2


def test_it_is_called_back_once_and_never_leaves() -> None:
    trace, now = send(4_000_000_000)
    outgoing.call_back(trace_id=trace, user_id=7, now=now)
    assert claim(4_000_000_001) == 0 and outgoing.list_waiting(user_id=7, now=now) == []
    with pytest.raises(Conflict):
        outgoing.call_back(trace_id=trace, user_id=7, now=now)


def test_what_is_on_its_way_is_not_called_back_in_part() -> None:
    trace, _now = send(4_000_000_000)
    assert len(claims.claim_due(now=4_000_000_000, owner="t", limit=1)) == 1
    with pytest.raises(Conflict):
        outgoing.call_back(trace_id=trace, user_id=7, now=4_000_000_000)
    assert not Recipient.objects.filter(state="cancelled").exists()


def test_nobody_else_calls_back_or_hurries() -> None:
    trace, now = send(4_000_000_000)
    with pytest.raises(NotFound):
        outgoing.call_back(trace_id=trace, user_id=8, now=now)
    with pytest.raises(NotFound):
        outgoing.set_due(trace_id=trace, user_id=8, due_at=now)


def test_hurrying_makes_it_due() -> None:
    trace, now = send(4_000_000_000)
    outgoing.set_due(trace_id=trace, user_id=7, due_at=now)
    assert claim(now) == 2
    with pytest.raises(Conflict):
        outgoing.set_due(trace_id=trace, user_id=7, due_at=now)
