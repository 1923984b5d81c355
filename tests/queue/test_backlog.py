"""A hundred thousand recipients that wait for one dead domain: what a claim reads, by the plan and by the steps of the database."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from mailcore.queue import blocked, claims, entries, senders
from mailcore.queue.models import Destination, Entry, Recipient, State
from mailcore.queue.rows import insert

pytestmark = pytest.mark.django_db
NOW = 2_000_000_000
MANY = 100_000
sqlite_only = pytest.mark.skipif("connection.vendor != 'sqlite'", reason="counts the steps of SQLite's virtual machine")


def put(destination: str, count: int, *, attempts: int, due: int, held: bool = False, user_id: int | None = None) -> None:
    start = Entry.objects.count()
    columns = ("trace_id", "sender", "blob_id", "size", "source", "user_id", "message_id", "delivered_to", "received_at", "expires_at",
               "is_held", "priority", "ret", "envid", "smtputf8", "eight_bit", "requiretls", "filing", "not_before", "deliver_by",
               "by_mode", "by_trace")  # fmt: skip
    more = (0, "", "", False, False, False, "", 0, 0, "", False)
    ids = insert(
        table="queue_entry", columns=columns, returning="id",
        rows=[(f"t{start + n}", "a@here.test", 1, 9, "web", user_id, "", "", NOW, NOW + 9**6, held, *more) for n in range(count)],
    )  # fmt: skip
    insert(
        table="queue_recipient",
        columns=("entry_id", "address", "orcpt", "notify", "destination", "state", "attempts", "next_attempt_at", "lease_token",
                 "lease_until", "last_code", "last_text", "delay_notified"),
        rows=[(row[0], f"x@{destination}", "", "", destination, "queued", attempts, due, "", 0, 0, "", False) for row in ids],
    )  # fmt: skip


class Steps:
    count = 0


@contextmanager
def counting() -> Iterator[Steps]:
    """Steps of the virtual machine, in hundreds: the same on every machine and at every load."""
    steps = Steps()

    def tick() -> int:
        steps.count += 1
        return 0

    connection.connection.set_progress_handler(tick, 100)
    try:
        yield steps
    finally:
        connection.connection.set_progress_handler(None, 0)


def claim() -> list[str]:
    return sorted({lease.destination for lease in claims.claim_due(now=NOW, owner="w", limit=200)})


def cost_of_a_claim(attempts: int) -> int:
    put("alive.test", 50, attempts=attempts, due=NOW)
    with counting() as steps:
        assert claim() == ["alive.test"]
    return steps.count


@sqlite_only
@pytest.mark.parametrize("attempts", [0, 3], ids=["fresh", "deferred"])
def test_a_dead_domain_costs_another_one_nothing(attempts: int) -> None:
    alone = cost_of_a_claim(attempts)
    Destination.objects.create(domain="dead.test", backoff_until=NOW + 3_600, fail_streak=5)
    put("dead.test", MANY, attempts=attempts, due=NOW - 60)
    put("alive.test", 1, attempts=attempts, due=NOW)
    assert claim() == ["alive.test"], "the first claim finds its way past all of them"
    assert Recipient.objects.filter(destination="dead.test", next_attempt_at=NOW + 3_600).count() > MANY - blocked.FEW
    assert cost_of_a_claim(attempts) < 1.2 * alone + 50


@sqlite_only
def test_mail_that_is_held_costs_nothing_either_and_leaves_when_it_is_released() -> None:
    alone = cost_of_a_claim(0)
    put("far.test", 5_000, attempts=0, due=NOW - 60, held=True, user_id=7)
    put("alive.test", 1, attempts=0, due=NOW)
    assert claim() == ["alive.test"]
    assert cost_of_a_claim(0) < 1.2 * alone + 50
    entries.release(trace_id=Entry.objects.filter(is_held=True)[0].trace_id, now=NOW, by="root")  # type: ignore[arg-type]
    assert claim() == ["far.test"]
    assert senders.release_all(user_id=7, reason_starts="nothing", by="root", now=NOW) == 0


def test_a_busy_domain_is_passed_by() -> None:
    Destination.objects.create(domain="slow.test", concurrency=1)
    put("slow.test", 1, attempts=1, due=NOW - 60)
    assert claim() == ["slow.test"]
    put("slow.test", 1_000, attempts=1, due=NOW - 60)
    put("alive.test", 1, attempts=1, due=NOW)
    assert claim() == ["alive.test"]
    assert Recipient.objects.filter(next_attempt_at=NOW + blocked.BUSY_AGAIN).count() == 1_000


def test_what_is_under_way_is_not_moved() -> None:
    put("dead.test", 200, attempts=1, due=NOW - 60)
    Recipient.objects.update(state=State.LEASED)
    Destination.objects.create(domain="dead.test", backoff_until=NOW + 60)
    assert blocked.put_off(now=NOW, limit=50, busy=()) == 0


@sqlite_only
@pytest.mark.parametrize("which", ["= 0", "> 0"])
def test_no_statement_of_a_claim_reads_the_whole_table(which: str) -> None:
    put("far.test", 10, attempts=0, due=NOW)
    index = "queue_recipient_fresh" if which == "= 0" else "queue_recipient_deferred"
    head = blocked._HEAD.format(which=which)
    found = claims._CANDIDATES.format(which=which, open="", lock="")
    for sql, values in ((head, [NOW, 300]), (found, [NOW, NOW, 200]), (claims._WAITS.format(which=which).join(("SELECT ", "")), [NOW])):
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", values)
            plan = [str(row[3]) for row in cursor.fetchall()]
        assert any(f"USING INDEX {index}" in line or f"USING COVERING INDEX {index}" in line for line in plan), plan
        assert not [line for line in plan if line.startswith("SCAN") and not line.startswith(("SCAN w", "SCAN CONSTANT"))], plan
        assert not [line for line in plan if "USE TEMP B-TREE" in line], plan
