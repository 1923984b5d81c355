"""The journey of each message: what happened to it, in order, in plain words."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from django.db import connection

from mailcore.kernel.ids import TraceId

from . import rows
from .models import JourneyEvent


class Stage(StrEnum):
    RECEIVED = "received"
    CHECKED = "checked"
    QUEUED = "queued"
    ROUTED = "routed"
    DELIVERED = "delivered"
    DEFERRED = "deferred"
    SENT = "sent"
    FAILED = "failed"
    BOUNCED = "bounced"
    DISCARDED = "discarded"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Step:
    trace_id: str
    at: int
    stage: str
    verdict: str = ""
    code: int = 0
    text: str = ""
    address: str = ""
    domain: str = ""
    message_id: str = ""

    @property
    def when(self) -> datetime:
        return datetime.fromtimestamp(self.at, UTC)


_COLUMNS = ("trace_id", "at", "stage", "verdict", "code", "text", "address", "domain", "message_id")


def record(steps: Sequence[Step]) -> None:
    """Write steps in the caller's transaction."""
    rows.insert(
        table="queue_journeyevent",
        columns=_COLUMNS,
        rows=[
            (
                one.trace_id,
                one.at,
                one.stage,
                one.verdict[:40],
                one.code,
                one.text[:1000],
                one.address[:330],
                one.domain[:255],
                one.message_id[:255],
            )
            for one in steps
        ],
    )


def list_steps(*, trace_id: TraceId) -> list[Step]:
    """One journey, oldest step first."""
    return [Step(*row) for row in JourneyEvent.objects.filter(trace_id=trace_id).order_by("id").values_list(*_COLUMNS)]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is known of a message that is looked for; what is "" or 0 is not known."""

    message_ids: tuple[str, ...] = ()
    sender: str = ""
    recipient: str = ""
    address: str = ""
    """Sender or recipient."""
    since: int = 0
    until: int = 0


def find_traces(*, message_id: str = "", address: str = "", domains: Collection[str] | None = None, limit: int = 50) -> list[TraceId]:
    """Trace ids by Message-ID or address, newest first; `domains` None means no scope (an operator)."""
    message_ids = (message_id.strip().strip("<>"),) if message_id else ()
    return search(Wanted(message_ids=message_ids, address=address), domains=domains, limit=limit)


def search(wanted: Wanted, *, domains: Collection[str] | None = None, limit: int = 50) -> list[TraceId]:
    """Trace ids that fit everything that is known, newest first. Each condition is looked up in an index of its own."""
    if wanted == Wanted() or (domains is not None and not domains):
        return []
    text, values = statement(wanted, domains=domains, limit=limit * 8)
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        found = dict.fromkeys(row[0] for row in cursor.fetchall())
    return [TraceId(trace_id) for trace_id in list(found)[:limit]]


def statement(wanted: Wanted, *, domains: Collection[str] | None, limit: int) -> tuple[str, list[str | int]]:
    conditions, values = _conditions(wanted)
    if domains is not None:
        within = f"s.trace_id = j.trace_id AND s.domain IN ({rows.marks(len(domains))})"
        conditions.append(f"EXISTS (SELECT 1 FROM queue_journeyevent s WHERE {within})")
        values += list(domains)
    return f"SELECT j.trace_id FROM queue_journeyevent j WHERE {' AND '.join(conditions)} ORDER BY j.id DESC LIMIT %s", [*values, limit]


def _conditions(wanted: Wanted) -> tuple[list[str], list[str | int]]:
    conditions: list[str] = []
    values: list[str | int] = []
    if wanted.message_ids:
        conditions.append(f"j.message_id IN ({rows.marks(len(wanted.message_ids))})")
        values += wanted.message_ids
    if wanted.sender:
        conditions.append("LOWER(j.address) = %s AND j.stage = 'received'")
        values.append(wanted.sender.lower())
    if wanted.address:
        conditions.append("LOWER(j.address) = %s")
        values.append(wanted.address.lower())
    if wanted.recipient:
        if wanted.sender or wanted.address:
            other = "SELECT 1 FROM queue_journeyevent o WHERE o.trace_id = j.trace_id AND LOWER(o.address) = %s AND o.stage <> 'received'"
            conditions.append(f"EXISTS ({other})")
        else:
            conditions.append("LOWER(j.address) = %s AND j.stage <> 'received'")
        values.append(wanted.recipient.lower())
    for operator, at in ((">=", wanted.since), ("<", wanted.until)):
        if at:
            conditions.append(f"j.at {operator} %s")
            values.append(at)
    return conditions, values
