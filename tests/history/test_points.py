"""The history: what counters gained in each hour, what gauges rose to."""

import pytest

from mailcore import metrics
from mailcore.history import points
from mailcore.history.models import Point
from mailcore.store.models import Usage

pytestmark = pytest.mark.django_db
NOON = 1_700_000_000 - 1_700_000_000 % 3_600


def test_counters_are_kept_as_what_was_added() -> None:
    for minute, value in ((0, 5), (1, 8), (59, 10), (61, 11), (62, 3)):
        points.sample(now=NOON + 60 * minute, counts={"accepted:smtp": value})
    found = points.read(since=NOON, until=NOON + 2 * 3_600, prefix="accepted:")
    assert found == {"accepted:smtp": [10, 4, 0]}


def test_gauges_are_kept_at_their_highest() -> None:
    for used in (10, 40, 20):
        Usage.objects.update_or_create(mailbox_id=1, defaults={"bytes": used})
        points.sample(now=NOON, counts={})
    assert points.read(since=NOON, until=NOON, prefix="stored") == {"stored": [40]}


def test_days_add_up() -> None:
    for hour in range(48):
        points.sample(now=NOON + hour * 3_600, counts={"refused:NotFound": 2 * hour + 2, "refused:Refused": 7})
    found = points.read(since=NOON, until=NOON + 47 * 3_600, step=86_400, prefix="refused:")
    assert sum(found["refused:NotFound"]) == 96
    assert sum(points.total(found)) == 103


def test_the_counters_of_the_processes_are_read() -> None:
    before = points.read_counters().get("accepted:history-test", 0)
    metrics.accepted.labels("history-test").inc(3)
    assert points.read_counters()["accepted:history-test"] == before + 3


def test_old_points_go() -> None:
    points.sample(now=NOON, counts={"accepted:smtp": 1})
    points.forget(now=NOON + points.RETENTION + 3_600)
    assert list(Point.objects.values_list("hour", flat=True)) == [0]
