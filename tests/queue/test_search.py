"""Finding a message by what somebody knows of it, each way by an index."""

import pytest
from django.db import connection

from mailcore.queue import journey
from mailcore.queue.journey import Step, Wanted

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def three() -> None:
    for number, (sender, recipient) in enumerate(
        [("ann@a.test", "bo@b.test"), ("ann@a.test", "cy@c.test"), ("cy@c.test", "Ann@a.test")], start=1
    ):
        trace, message_id = f"t{number}", f"m{number}@x.test"
        domains = sender.partition("@")[2], recipient.partition("@")[2]
        journey.record(
            [
                Step(trace, number * 100, "received", "smtp", 250, "", sender, domains[0], message_id),
                Step(trace, number * 100, "queued", "", 0, "", recipient, domains[1], message_id),
                Step(trace, number * 100 + 5, "delivered", "", 0, "", recipient, domains[1], message_id),
            ]
        )


@pytest.mark.parametrize(
    ("wanted", "domains", "found"),
    [
        (Wanted(sender="ann@a.test"), None, ["t2", "t1"]),
        (Wanted(sender="ANN@a.test", recipient="bo@b.test"), None, ["t1"]),
        (Wanted(recipient="ann@a.test"), None, ["t3"]),
        (Wanted(address="ann@a.test"), None, ["t3", "t2", "t1"]),
        (Wanted(address="ann@a.test", since=150, until=300), None, ["t2"]),
        (Wanted(message_ids=("m1@x.test", "m3@x.test")), None, ["t3", "t1"]),
        (Wanted(address="ann@a.test"), ["b.test"], ["t1"]),
        (Wanted(address="ann@a.test"), [], []),
        (Wanted(since=1), None, ["t3", "t2", "t1"]),
        (Wanted(), None, []),
    ],
)
def test_what_is_found(wanted: Wanted, domains: list[str] | None, found: list[str]) -> None:
    assert journey.search(wanted, domains=domains) == found


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="reads SQLite's plan")
@pytest.mark.parametrize(
    "wanted",
    [Wanted(sender="ann@a.test"), Wanted(recipient="bo@b.test"), Wanted(address="cy@c.test", since=1), Wanted(message_ids=("m1@x.test",))],
)
@pytest.mark.parametrize("domains", [None, ["b.test"]])
def test_no_search_reads_the_whole_table(wanted: Wanted, domains: list[str] | None) -> None:
    text, values = journey.statement(wanted, domains=domains, limit=50)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {text}", values)
        plan = [row[3] for row in cursor.fetchall()]
    assert all(not line.startswith("SCAN") for line in plan), plan
    assert any("queue_journey_address" in line or "queue_journeyevent_message_id" in line for line in plan), plan
