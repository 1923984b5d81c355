"""How hard a remote domain may be pressed: slow start, additive growth, back-off on failure.

A dead destination throttles itself only. Workers at a destination are counted from live
leases (see `claims`), so nothing leaks when a worker dies.
"""

from collections.abc import Collection

from django.db import transaction

from . import rows
from .models import Destination

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
