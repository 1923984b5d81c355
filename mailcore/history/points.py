"""Take a reading of every counter and gauge once a minute, and read periods back.

Counters are kept as what was added in each hour, so they survive restarts; gauges as their
highest reading of the hour.
"""

from collections.abc import Mapping, Sequence

from django.db import connection, transaction
from prometheus_client import CollectorRegistry, multiprocess

from mailcore import metrics  # noqa: F401  (tells the library where the counts are)

from .models import Point

HOUR = 3_600
RETENTION = 92 * 24 * HOUR
_COUNTERS = {
    "facteur_messages_accepted_total": ("accepted", "source"),
    "facteur_delivery_attempts_total": ("delivered", "verdict"),
    "facteur_refusals_total": ("refused", "reason"),
    "facteur_logins_total": ("logins", "result"),
}
_GAUGES = {
    "waiting": "SELECT COUNT(*) FROM queue_recipient WHERE state IN ('queued', 'leased')",
    "stored": "SELECT COALESCE(SUM(bytes), 0) FROM store_usage",
}
_ADD = """
INSERT INTO history_point (series, hour, value) VALUES (%s, %s, %s)
ON CONFLICT (series, hour) DO UPDATE SET value = history_point.value + excluded.value
"""
_RAISE = """
INSERT INTO history_point (series, hour, value) VALUES (%s, %s, %s)
ON CONFLICT (series, hour) DO UPDATE SET
  value = CASE WHEN excluded.value > history_point.value THEN excluded.value ELSE history_point.value END
"""


def sample(*, now: int, counts: Mapping[str, int] | None = None) -> None:
    """Write what was added since the last reading. `counts` stands in for the counters of the processes."""
    counts = read_counters() if counts is None else counts
    hour = now - now % HOUR
    with transaction.atomic(), connection.cursor() as cursor:
        last = dict(Point.objects.filter(hour=0).values_list("series", "value"))
        for series, value in counts.items():
            # Less than last time: the counters began anew.
            added = value - last.get(series, 0) if value >= last.get(series, 0) else value
            if added:
                cursor.execute(_ADD, [series, hour, added])
                Point.objects.update_or_create(series=series, hour=0, defaults={"value": value})
        for series, question in _GAUGES.items():
            cursor.execute(question)
            cursor.execute(_RAISE, [series, hour, int(cursor.fetchone()[0])])


def read_counters() -> dict[str, int]:
    """Every counter by series, added up over all processes."""
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    found: dict[str, int] = {}
    for family in registry.collect():
        for one in family.samples:
            if one.name in _COUNTERS:
                name, label = _COUNTERS[one.name]
                series = f"{name}:{one.labels.get(label, '')}"[:80]
                found[series] = found.get(series, 0) + int(one.value)
    return found


def read(*, since: int, until: int, step: int = HOUR, prefix: str) -> dict[str, list[int]]:
    """Each series that begins with `prefix`: one number a step from `since` to `until`, 0 where nothing was counted."""
    start = since - since % step
    length = max(1, (until - start) // step + 1)
    found: dict[str, list[int]] = {}
    rows = Point.objects.filter(series__startswith=prefix, hour__gte=start, hour__lte=until).values_list("series", "hour", "value")
    for series, hour, value in rows:
        numbers = found.setdefault(series, [0] * length)
        place = (hour - start) // step
        numbers[place] = max(numbers[place], value) if series in _GAUGES else numbers[place] + value
    return found


def total(series: Mapping[str, Sequence[int]]) -> list[int]:
    """All series added up, step by step."""
    return [sum(numbers) for numbers in zip(*series.values(), strict=True)]


def forget(*, now: int) -> None:
    Point.objects.filter(hour__gt=0, hour__lt=now - RETENTION).delete()
