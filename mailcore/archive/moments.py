"""Moments as people write them, in the zone that is in force."""

from datetime import UTC, datetime

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from mailcore.kernel.errors import BadSyntax


def read(text: str) -> int:
    """Seconds of `2026-11-24`, `2026-11-24 13:30`, `2026-11-24T13:30:05+01:00`. BadSyntax for anything else."""
    try:
        found = parse_datetime(text.strip())
        day = None if found is not None else parse_date(text.strip())
    except ValueError:
        found = day = None
    if found is None and day is not None:
        found = datetime(day.year, day.month, day.day)
    if found is None:
        raise BadSyntax("That is no date. Write it like 2026-11-24 13:30.")
    if timezone.is_naive(found):
        found = timezone.make_aware(found)
    return int(found.timestamp())


def show(at: int) -> str:
    """As the audit log has it, in UTC: `2026-11-24T13:30:00Z`."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


def read_optional(text: str) -> int | None:
    return read(text) if text.strip() else None
