"""All that waits of one login at once: held because somebody doubts it, and let go or given up when the doubt is over."""

from collections.abc import Sequence
from typing import TypeVar

from django.db import connection, transaction

from . import journey
from .journey import Stage, Step
from .models import Entry, JourneyEvent, Recipient, State

# The two indexes of what is open, each by its own half: finished mail, which is most of the table, is not looked at.
_OPEN = """
SELECT DISTINCT e.id, e.trace_id, e.message_id FROM queue_recipient r JOIN queue_entry e ON e.id = r.entry_id
WHERE r.state IN ('queued', 'leased') AND r.attempts {which} AND r.next_attempt_at >= 0 AND e.user_id = %s AND e.is_held = %s
"""

_PART = 500
_T = TypeVar("_T")
_Row = tuple[int, str, str]
"""(entry id, trace id, Message-ID)"""


def hold_all(*, user_id: int, reason: str, now: int) -> int:
    """Hold what a login sent and what has not left yet; how many messages. In the caller's transaction."""
    found = _list_open(user_id, is_held=False)
    _mark(found, is_held=True)
    journey.record([Step(trace, now, Stage.HELD, "held", 0, reason, "", "", message_id) for _, trace, message_id in found])
    return len(found)


def release_all(*, user_id: int, reason_starts: str, by: str, now: int) -> int:
    """Let go what was held for a reason that starts so; what an operator or a route holds besides stays. The caller rings the bell."""
    with transaction.atomic():
        found = _held_for(user_id, reason_starts)
        _mark(found, is_held=False)
        _make_due(found, now)
        text = f"released by {by}"
        journey.record([Step(trace, now, Stage.QUEUED, "released", 0, text, "", "", message_id) for _, trace, message_id in found])
        return len(found)


def cancel_all(*, user_id: int, reason_starts: str, by: str, now: int) -> int:
    """Give up what was held for a reason that starts so, without a report; how many messages."""
    with transaction.atomic():
        found = {entry_id: (trace, message_id) for entry_id, trace, message_id in _held_for(user_id, reason_starts)}
        text, steps = f"cancelled by {by}", []
        for part in _parts(list(found)):
            waiting = Recipient.objects.filter(entry_id__in=part, state=State.QUEUED)
            for entry_id, address, destination in waiting.values_list("entry_id", "address", "destination"):
                trace, message_id = found[entry_id]
                steps.append(Step(trace, now, Stage.DISCARDED, "cancelled", 0, text, address, destination, message_id))
            waiting.update(state=State.CANCELLED, last_code=0, last_text=text)
        journey.record(steps)
        return len(found)


def _list_open(user_id: int, *, is_held: bool) -> list[_Row]:
    found: set[_Row] = set()
    with connection.cursor() as cursor:
        for which in ("= 0", "> 0"):
            cursor.execute(_OPEN.format(which=which), [user_id, is_held])
            found.update((int(row[0]), str(row[1]), str(row[2])) for row in cursor.fetchall())
    return sorted(found)


def _held_for(user_id: int, reason_starts: str) -> list[_Row]:
    """By the last word of the journey: what was held anew by somebody else since is theirs."""
    found = _list_open(user_id, is_held=True)
    last: dict[str, str] = {}
    for part in _parts([trace for _, trace, _ in found]):
        steps = JourneyEvent.objects.filter(trace_id__in=part, stage=Stage.HELD).order_by("id")
        last.update(steps.values_list("trace_id", "text"))
    return [row for row in found if last.get(row[1], "").startswith(reason_starts)]


def _mark(found: Sequence[_Row], *, is_held: bool) -> None:
    for part in _parts([entry_id for entry_id, _, _ in found]):
        Entry.objects.filter(pk__in=part).update(is_held=is_held)


def _make_due(found: Sequence[_Row], now: int) -> None:
    """While they were held they were put off. What is to wait for a time of its own goes on waiting."""
    for part in _parts([entry_id for entry_id, _, _ in found]):
        waiting = Recipient.objects.filter(entry_id__in=part, state=State.QUEUED, attempts=0)
        waiting.filter(entry__not_before__lte=now).update(next_attempt_at=now)


def _parts(found: Sequence[_T]) -> list[Sequence[_T]]:
    return [found[start : start + _PART] for start in range(0, len(found), _PART)]
