"""How hard a remote domain may be pressed: slow start, additive growth, back-off on failure.

A dead destination throttles itself only. Workers at a destination are counted from live
leases (see `claims`), so nothing leaks when a worker dies.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Max, Min, Q

from . import rows
from .models import Destination, Recipient

START, LIMIT = 2, 20
BACKOFF_BASE, BACKOFF_MAX = 60, 3_600
FAILURES_BEFORE_BACKOFF = 2


def ensure(domains: Collection[str]) -> None:
    """Rows for these, so that a claim made from now on counts the workers that are there."""
    rows.insert(
        table="queue_destination",
        columns=("domain", "concurrency", "backoff_until", "fail_streak", "last_text"),
        rows=[(domain, START, 0, 0, "") for domain in sorted(domains)],
        skip_conflicts=True,
    )


def note_success(domain: str) -> None:
    """The host answered for a whole transaction: one more worker may come."""
    with transaction.atomic():
        row, _ = Destination.objects.select_for_update().get_or_create(domain=domain)
        if row.concurrency < LIMIT or row.fail_streak or row.backoff_until:
            row.concurrency, row.fail_streak, row.backoff_until = min(LIMIT, row.concurrency + 1), 0, 0
            row.save()


def note_failure(domain: str, *, text: str, now: int) -> None:
    """The host could not be reached or turned the connection away: halve, and stay away for a growing while."""
    with transaction.atomic():
        row, _ = Destination.objects.select_for_update().get_or_create(domain=domain)
        row.fail_streak += 1
        row.concurrency = max(1, row.concurrency // 2)
        row.last_text = text[:1000]
        if row.fail_streak >= FAILURES_BEFORE_BACKOFF:
            row.backoff_until = now + min(BACKOFF_MAX, BACKOFF_BASE * 2 ** min(row.fail_streak - FAILURES_BEFORE_BACKOFF, 6))
        row.save()


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for one destination, and why."""

    domain: str
    recipients: int
    tried: int
    """The most attempts any of them has seen."""
    oldest: datetime
    next_attempt_at: datetime
    backoff_until: datetime | None
    concurrency: int
    last_text: str


def list_waiting(*, domains: Collection[str] | None = None, now: int, limit: int = 50) -> list[Waiting]:
    """Destinations that recipients wait for, those with most first. `domains` narrows to what those sent or receive."""
    found = Recipient.objects.filter(state__in=("queued", "leased"), entry__is_held=False)
    if domains is not None:
        senders = Q()
        for domain in domains:
            senders |= Q(entry__sender__iendswith=f"@{domain}")
        found = found.filter(senders | Q(destination__in=list(domains))) if domains else found.none()
    rows = found.values("destination").annotate(
        count=Count("id"), tried=Max("attempts"), oldest=Min("entry__received_at"), due=Min("next_attempt_at"), said=Max("last_text")
    )
    picked = list(rows.order_by("-count", "destination")[:limit])
    known = Destination.objects.in_bulk([row["destination"] for row in picked])
    return [_waiting(dict[str, Any](row), known.get(row["destination"]), now) for row in picked]


def _waiting(row: dict[str, Any], known: Destination | None, now: int) -> Waiting:
    backoff = known.backoff_until if known is not None and known.backoff_until > now else 0
    return Waiting(
        domain=row["destination"],
        recipients=row["count"],
        tried=row["tried"],
        oldest=datetime.fromtimestamp(row["oldest"], UTC),
        next_attempt_at=datetime.fromtimestamp(max(row["due"], backoff), UTC),
        backoff_until=datetime.fromtimestamp(backoff, UTC) if backoff else None,
        concurrency=known.concurrency if known is not None else START,
        last_text=(known.last_text if known is not None and known.last_text else row["said"]) or "",
    )
