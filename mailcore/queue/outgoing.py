"""Messages that wait because their sender wants it so: seen, called back, hurried or put off by nobody else.

The time is a column of the queue; when it has come, the message is claimed like any other.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import transaction

from mailcore.kernel.errors import Conflict, NotFound
from mailcore.kernel.ids import TraceId

from . import journey
from .journey import Stage, Step
from .models import Entry, Recipient, State


@dataclass(frozen=True, slots=True)
class Waiting:
    trace_id: TraceId
    due_at: datetime
    recipients: tuple[str, ...]


def list_waiting(*, user_id: int, now: int) -> list[Waiting]:
    """What has not been tried yet, soonest first."""
    entries = Entry.objects.filter(user_id=user_id, not_before__gt=now, recipients__state=State.QUEUED, recipients__attempts=0)
    found = entries.distinct().order_by("not_before", "id").prefetch_related("recipients")
    return [
        Waiting(TraceId(one.trace_id), datetime.fromtimestamp(one.not_before, UTC), tuple(r.address for r in one.recipients.all()))
        for one in found
    ]


def call_back(*, trace_id: str, user_id: int, now: int) -> None:
    """Take it out of the queue as if it had never been sent. Conflict where it is already on its way to anybody."""
    with transaction.atomic():
        entry = _lock(trace_id, user_id)
        recipients = list(Recipient.objects.filter(entry=entry).select_for_update())
        if not recipients or any(one.state != State.QUEUED or one.attempts for one in recipients):
            raise Conflict("It is on its way already and cannot be called back.", trace_id)
        Recipient.objects.filter(entry=entry).update(state=State.CANCELLED, last_code=0, last_text="called back by its sender")
        text, message_id = "called back by its sender", entry.message_id
        journey.record(
            [Step(trace_id, now, Stage.DISCARDED, "called back", 0, text, one.address, one.destination, message_id) for one in recipients]
        )


def set_due(*, trace_id: str, user_id: int, due_at: int) -> None:
    """Another time; one that has passed sends it now. The caller rings the bell. Conflict where it is already on its way."""
    with transaction.atomic():
        entry = _lock(trace_id, user_id)
        waiting = Recipient.objects.filter(entry=entry, state=State.QUEUED, attempts=0)
        if not waiting.update(next_attempt_at=due_at):
            raise Conflict("It is on its way already.", trace_id)
        Entry.objects.filter(pk=entry.pk).update(not_before=due_at)


def _lock(trace_id: str, user_id: int) -> Entry:
    entry = Entry.objects.filter(trace_id=trace_id, user_id=user_id).select_for_update().first()
    if entry is None:
        raise NotFound("There is no such message on its way.", trace_id)
    return entry
