"""The journey of each message: what happened to it, in order, in plain words."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

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


def find_traces(*, message_id: str = "", address: str = "", domains: Collection[str] | None = None, limit: int = 50) -> list[TraceId]:
    """Trace ids by Message-ID or address, newest first; `domains` None means no scope (an operator)."""
    events = JourneyEvent.objects.all()
    if message_id:
        events = events.filter(message_id=message_id.strip().strip("<>"))
    if address:
        events = events.filter(address__iexact=address)
    if domains is not None:
        events = events.filter(trace_id__in=JourneyEvent.objects.filter(domain__in=list(domains)).values("trace_id"))
    found: dict[str, None] = {}
    for trace_id in events.order_by("-id").values_list("trace_id", flat=True)[: limit * 8]:
        found.setdefault(trace_id, None)
    return [TraceId(trace_id) for trace_id in list(found)[:limit]]
