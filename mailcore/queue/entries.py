"""What an operator or domain administrator sees of the queue and may do with it.

`domains` is the scope: None sees everything; otherwise an entry is in scope where its sender
or one of its recipients is of one of these domains.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import transaction
from django.db.models import BooleanField, Count, ExpressionWrapper, Q, QuerySet

from mailcore.audit import log
from mailcore.kernel.errors import Conflict, NotFound
from mailcore.kernel.ids import TraceId

from . import journey
from .journey import Stage, Step
from .models import Destination, Entry, Recipient, State

OPEN = (State.QUEUED, State.LEASED)
STATES = ("active", "deferred", "held", "failed", "done", "all")


@dataclass(frozen=True, slots=True)
class RecipientRow:
    id: int
    address: str
    state: str
    attempts: int
    next_attempt_at: datetime | None
    """None once settled."""
    last_code: int
    last_text: str
    destination: str
    may_be_duplicate: bool


@dataclass(frozen=True, slots=True)
class EntryRow:
    id: int
    trace_id: TraceId
    sender: str
    message_id: str
    size: int
    source: str
    received_at: datetime
    expires_at: datetime
    is_held: bool
    recipients: tuple[RecipientRow, ...]


def list_entries(
    *, domains: Collection[str] | None = None, state: str = "active", search: str = "", before: int | None = None, limit: int = 50
) -> list[EntryRow]:
    """Newest first. `state`: active (waiting or being tried), deferred, held, failed, done, all.

    `search` matches part of sender or recipient, or the whole trace id or Message-ID; `before` is
    the id of the last row of the page above. Two queries, whatever the number of rows.
    """
    found = _scoped(domains)
    if state != "all":
        found = found.filter(pk__in=_with_state(state).values("pk"))
    if search:
        hits = Recipient.objects.filter(address__icontains=search).values("entry_id")
        found = found.filter(Q(trace_id=search) | Q(message_id=search.strip("<>")) | Q(sender__icontains=search) | Q(pk__in=hits))
    if before is not None:
        found = found.filter(pk__lt=before)
    return [_row(entry) for entry in found.order_by("-pk").prefetch_related("recipients")[:limit]]


def get_entry(*, trace_id: TraceId, domains: Collection[str] | None = None) -> EntryRow:
    entry = _scoped(domains).filter(trace_id=trace_id).prefetch_related("recipients").first()
    if entry is None:
        raise NotFound("There is no such message in the queue.", trace_id)
    return _row(entry)


def count_recipients(*, domains: Collection[str] | None = None) -> dict[str, int]:
    """Recipients by state; those of held entries count as "held", those tried before as "deferred"."""
    rows = Recipient.objects.filter(entry__in=_scoped(domains)) if domains is not None else Recipient.objects.all()
    counts: dict[str, int] = dict(rows.values_list("state").annotate(Count("id")))
    counts["held"] = rows.filter(state__in=OPEN, entry__is_held=True).count()
    counts["deferred"] = rows.filter(state=State.QUEUED, attempts__gt=0).count()
    return counts


def count_open(*, domains: Collection[str] | None = None) -> dict[str, int]:
    """Recipients not settled yet: queued, active, deferred, held. Finished rows, which are many, are not looked at."""
    rows = Recipient.objects.filter(state__in=OPEN)
    if domains is not None:
        rows = rows.filter(entry__in=_scoped(domains))
    counts = dict.fromkeys(("queued", "active", "deferred", "held"), 0)
    tried = ExpressionWrapper(Q(attempts__gt=0), output_field=BooleanField())
    counted = rows.annotate(is_tried=tried).values_list("state", "entry__is_held", "is_tried").annotate(Count("id"))
    for state, is_held, is_tried, number in counted:
        kind = "held" if is_held else "active" if state == State.LEASED else "deferred" if is_tried else "queued"
        counts[kind] += number
    return counts


def retry(*, trace_id: TraceId, now: int, domains: Collection[str] | None = None) -> int:
    """Make what waits due at once, its destinations too; the number of recipients. The caller rings the bell."""
    with transaction.atomic():
        entry = _lock(trace_id, domains)
        waiting = Recipient.objects.filter(entry=entry, state=State.QUEUED)
        Destination.objects.filter(domain__in=waiting.values("destination")).update(backoff_until=0)
        _tell("retried", entry)
        return waiting.update(next_attempt_at=now)


def hold(*, trace_id: TraceId, now: int, by: str, domains: Collection[str] | None = None) -> None:
    """Keep an entry from being tried until it is released. An attempt under way is not cut short."""
    _set_held(trace_id, domains, True, now, f"held by {by}")


def release(*, trace_id: TraceId, now: int, by: str, domains: Collection[str] | None = None) -> None:
    _set_held(trace_id, domains, False, now, f"released by {by}")


def cancel(*, trace_id: TraceId, now: int, by: str, domains: Collection[str] | None = None) -> int:
    """Give up what waits, without a report to the sender; the number of recipients.

    What is being tried at this moment is left: its fate is not known. Conflict where nothing waits.
    """
    with transaction.atomic():
        entry = _lock(trace_id, domains)
        waiting = list(Recipient.objects.filter(entry=entry, state=State.QUEUED).select_for_update())
        if not waiting:
            raise Conflict("Nothing of this message is waiting.", trace_id)
        _tell("cancelled", entry, recipients=[recipient.address for recipient in waiting])
        ids = [recipient.pk for recipient in waiting]
        Recipient.objects.filter(pk__in=ids).update(state=State.CANCELLED, last_code=0, last_text=f"cancelled by {by}"[:1000])
        text, trace, message_id = f"cancelled by {by}", entry.trace_id, entry.message_id
        journey.record(
            [Step(trace, now, Stage.DISCARDED, "cancelled", 0, text, one.address, one.destination, message_id) for one in waiting]
        )
        return len(ids)


def _tell(what: str, entry: Entry, **details: object) -> None:
    """Into the audit log, under the sender's domain, which may be nobody's here."""
    after = {"sender": entry.sender, "message_id": entry.message_id, **details}
    log.record(f"queue.{what}", object_id=entry.trace_id, name=entry.trace_id, domain=entry.sender.rpartition("@")[2], after=after)


def _scoped(domains: Collection[str] | None) -> QuerySet[Entry]:
    if domains is None:
        return Entry.objects.all()
    senders = Q()
    for domain in domains:
        senders |= Q(sender__iendswith=f"@{domain}")
    receivers = Recipient.objects.filter(destination__in=list(domains)).values("entry_id")
    return Entry.objects.filter(senders | Q(pk__in=receivers)) if domains else Entry.objects.none()


def _with_state(state: str) -> QuerySet[Entry]:
    recipients = Recipient.objects.all()
    if state in ("active", "held"):
        recipients = recipients.filter(state__in=OPEN)
    elif state == "deferred":
        recipients = recipients.filter(state=State.QUEUED, attempts__gt=0)
    elif state == "failed":
        recipients = recipients.filter(state=State.FAILED)
    elif state == "done":
        return Entry.objects.exclude(pk__in=recipients.filter(state__in=OPEN).values("entry_id"))
    else:
        raise NotFound("There is no such state.", state)
    entries = Entry.objects.filter(pk__in=recipients.values("entry_id"))
    return entries.filter(is_held=True) if state == "held" else entries


def _lock(trace_id: TraceId, domains: Collection[str] | None) -> Entry:
    entry = Entry.objects.filter(pk__in=_scoped(domains).filter(trace_id=trace_id).values("pk")).select_for_update().first()
    if entry is None:
        raise NotFound("There is no such message in the queue.", trace_id)
    return entry


def _set_held(trace_id: TraceId, domains: Collection[str] | None, held: bool, now: int, text: str) -> None:
    with transaction.atomic():
        entry = _lock(trace_id, domains)
        if entry.is_held is held:
            return
        Entry.objects.filter(pk=entry.pk).update(is_held=held)
        if not held:
            # While it was held it was put off.
            Recipient.objects.filter(entry=entry, state=State.QUEUED, attempts=0).update(next_attempt_at=max(now, entry.not_before))
        _tell("held" if held else "released", entry)
        stage = Stage.HELD if held else Stage.QUEUED
        journey.record([Step(entry.trace_id, now, stage, "held" if held else "released", 0, text, "", "", entry.message_id)])


def _row(entry: Entry) -> EntryRow:
    recipients: Sequence[Recipient] = sorted(entry.recipients.all(), key=lambda recipient: recipient.pk)
    return EntryRow(
        id=entry.pk,
        trace_id=TraceId(entry.trace_id),
        sender=entry.sender,
        message_id=entry.message_id,
        size=entry.size,
        source=entry.source,
        received_at=datetime.fromtimestamp(entry.received_at, UTC),
        expires_at=datetime.fromtimestamp(entry.expires_at, UTC),
        is_held=entry.is_held,
        recipients=tuple(_recipient_row(recipient) for recipient in recipients),
    )


def _recipient_row(recipient: Recipient) -> RecipientRow:
    return RecipientRow(
        id=recipient.pk,
        address=recipient.address,
        state=recipient.state,
        attempts=recipient.attempts,
        next_attempt_at=datetime.fromtimestamp(recipient.next_attempt_at, UTC) if recipient.state in OPEN else None,
        last_code=recipient.last_code,
        last_text=recipient.last_text,
        destination=recipient.destination,
        may_be_duplicate=recipient.data_sent_at is not None,
    )
