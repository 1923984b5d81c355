"""Finished entries go after a while; unfinished ones and journeys stay."""

import pytest

from mailcore.delivery import reaping
from mailcore.kernel.ids import TraceId
from mailcore.queue import journey
from mailcore.queue.models import Attempt, Entry, Recipient
from tests.queue.rooms import NOW, put

pytestmark = pytest.mark.django_db


def test_only_what_is_old_and_finished_goes() -> None:
    later = NOW + reaping.RETENTION + 1
    put("old-done", "a@far.test")
    put("old-open", "b@far.test", "c@far.test")
    put("new-done", "d@far.test", at=later)
    for address in ("a@far.test", "c@far.test", "d@far.test"):
        Recipient.objects.filter(address=address).update(state="delivered")
    Attempt.objects.create(recipient=Recipient.objects.get(address="a@far.test"), at=NOW, verdict="delivered")
    assert reaping.reap(now=later) == 1
    assert list(Entry.objects.order_by("id").values_list("trace_id", flat=True)) == ["old-open", "new-done"]
    assert Attempt.objects.count() == 0
    assert len(journey.list_steps(trace_id=TraceId("old-done"))) == 2


def test_journeys_are_forgotten_by_age() -> None:
    put("t1", "a@far.test")
    assert reaping.forget_journeys(now=NOW + reaping.JOURNEY_RETENTION) == 0
    assert reaping.forget_journeys(now=NOW + reaping.JOURNEY_RETENTION + 1) == 2
