"""What administrators see of the queue and do with it, within their scope."""

import pytest

from mailcore.kernel.errors import Conflict, NotFound
from mailcore.kernel.ids import TraceId
from mailcore.queue import claims, entries, journey
from mailcore.queue.models import Destination, Recipient
from tests.queue.rooms import NOW, put

pytestmark = pytest.mark.django_db


def names(**filters: object) -> list[str]:
    return [row.trace_id for row in entries.list_entries(**filters)]  # type: ignore[arg-type]


def test_the_scope_is_the_domains_of_sender_and_recipients() -> None:
    put("t1", "a@far.test", sender="x@mine.test")
    put("t2", "b@mine.test")
    put("t3", "c@far.test")
    assert names() == ["t3", "t2", "t1"]
    assert names(domains=["mine.test"]) == ["t2", "t1"]
    assert names(domains=[]) == []
    assert names(domains=["ine.test"]) == []
    for act in (entries.hold, entries.release):
        with pytest.raises(NotFound):
            act(trace_id=TraceId("t3"), now=NOW, by="bo", domains=["mine.test"])
    with pytest.raises(NotFound):
        entries.get_entry(trace_id=TraceId("t3"), domains=["mine.test"])


def test_lists_by_state_and_search_and_page() -> None:
    for number in range(5):
        put(f"t{number}", f"a{number}@far.test")
    Recipient.objects.filter(address="a0@far.test").update(state="delivered")
    Recipient.objects.filter(address="a1@far.test").update(state="failed")
    Recipient.objects.filter(address="a2@far.test").update(attempts=1)
    assert names(state="done") == ["t1", "t0"]
    assert names(state="failed") == ["t1"]
    assert names(state="deferred") == ["t2"]
    assert names(state="active") == ["t4", "t3", "t2"]
    assert names(state="all", search="a3@") == ["t3"]
    assert names(state="all", search="<t4@far.test>") == ["t4"]
    page = entries.list_entries(state="all", limit=2)
    assert names(state="all", before=page[-1].id) == ["t2", "t1", "t0"]
    assert entries.count_recipients()["deferred"] == 1
    with pytest.raises(NotFound):
        names(state="nonsense")


def test_hold_and_release() -> None:
    put("t1", "a@far.test")
    entries.hold(trace_id=TraceId("t1"), now=NOW, by="bo")
    assert names(state="held") == ["t1"]
    assert claims.claim_due(now=NOW, owner="w", limit=9) == []
    entries.release(trace_id=TraceId("t1"), now=NOW, by="bo")
    assert len(claims.claim_due(now=NOW, owner="w", limit=9)) == 1
    assert [step.stage for step in journey.list_steps(trace_id=TraceId("t1"))] == ["received", "queued", "held", "queued"]


def test_retry_makes_due_at_once() -> None:
    put("t1", "a@far.test")
    Destination.objects.create(domain="far.test", backoff_until=NOW + 9_000)
    Recipient.objects.update(next_attempt_at=NOW + 5_000)
    assert entries.retry(trace_id=TraceId("t1"), now=NOW) == 1
    assert len(claims.claim_due(now=NOW, owner="w", limit=9)) == 1


def test_cancel_leaves_what_is_being_tried_and_says_who() -> None:
    put("t1", "a@far.test", "b@far.test")
    claims.claim_due(now=NOW, owner="w", limit=1)
    assert entries.cancel(trace_id=TraceId("t1"), now=NOW, by="bo") == 1
    assert sorted(Recipient.objects.values_list("state", flat=True)) == ["cancelled", "leased"]
    last = journey.list_steps(trace_id=TraceId("t1"))[-1]
    assert (last.stage, last.text) == ("discarded", "cancelled by bo")
    with pytest.raises(Conflict):
        entries.cancel(trace_id=TraceId("t1"), now=NOW, by="bo")


def test_journeys_are_found_by_message_id_within_the_scope() -> None:
    put("t1", "a@mine.test", message_id="x@far.test")
    put("t2", "a@other.test", message_id="x@far.test")
    assert journey.find_traces(message_id="<x@far.test>") == ["t2", "t1"]
    assert journey.find_traces(message_id="x@far.test", domains=["mine.test"]) == ["t1"]
    assert journey.find_traces(address="A@other.test") == ["t2"]
