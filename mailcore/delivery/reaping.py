"""Removing entries that are finished, once nobody will ask about them. Their journey is kept."""

from django.db import transaction
from django.db.models import Exists, OuterRef

from mailcore.queue.models import Entry, JourneyEvent, Recipient, State

RETENTION = 7 * 86_400
JOURNEY_RETENTION = 90 * 86_400


def reap(*, now: int, limit: int = 1_000, retention: int = RETENTION) -> int:
    """Delete up to `limit` entries older than `retention` seconds with nothing left to try; their number."""
    open_ones = Recipient.objects.filter(entry=OuterRef("pk"), state__in=(State.QUEUED, State.LEASED))
    with transaction.atomic():
        finished = Entry.objects.filter(~Exists(open_ones), received_at__lt=now - retention).order_by("received_at")
        ids = list(finished.values_list("pk", flat=True)[:limit])
        Entry.objects.filter(pk__in=ids).delete()
    return len(ids)


def forget_journeys(*, now: int, retention: int = JOURNEY_RETENTION) -> int:
    """Delete steps older than `retention` seconds; their number."""
    return JourneyEvent.objects.filter(at__lt=now - retention).delete()[0]
