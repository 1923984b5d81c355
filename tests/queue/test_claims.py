"""Leases: one owner at a time, bounded in time, fenced; what may not be claimed is not."""

import threading

import pytest
from django.db import connection, transaction

from mailcore.queue import claims, settlement
from mailcore.queue.models import Attempt, Destination, Entry, Recipient
from mailcore.queue.settlement import Result, Verdict
from tests.queue.rooms import NOW, put

pytestmark = pytest.mark.django_db


def claim(*, now: int = NOW, limit: int = 100, owner: str = "w") -> list[claims.Lease]:
    return claims.claim_due(now=now, owner=owner, limit=limit)


def settle(leases: list[claims.Lease], verdict: Verdict = Verdict.DELIVERED, *, now: int = NOW) -> set[int]:
    decided = [settlement.decide(Result(lease, verdict, text="said"), now=now) for lease in leases]
    with transaction.atomic():
        return settlement.settle(decided, now=now, owner="w")


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_hold_the_same_recipient() -> None:
    for number in range(60):
        put(f"t{number:03}", f"a{number}@far.test")
    gathered: list[int] = []
    barrier = threading.Barrier(4)

    def work(owner: str) -> None:
        barrier.wait()
        mine: list[int] = []
        while leases := claim(limit=5, owner=owner):
            mine += [lease.id for lease in leases]
        gathered.extend(mine)
        connection.close()

    threads = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(gathered) == sorted(Recipient.objects.values_list("pk", flat=True))


def test_a_lease_that_runs_out_falls_due_and_its_owner_is_fenced_off() -> None:
    put("t1", "a@far.test")
    (first,) = claim()
    assert claim(now=NOW + claims.LEASE_TTL - 1) == []
    (second,) = claim(now=NOW + claims.LEASE_TTL)
    assert (second.id, second.attempts) == (first.id, 2)
    assert settle([first]) == set()
    assert not claims.extend(token=first.token, ids=[first.id], now=NOW)
    assert not claims.mark_data_sent(token=first.token, ids=[first.id], now=NOW)
    assert Attempt.objects.count() == 0
    assert settle([second]) == {second.id}
    assert settle([second]) == set()


def test_a_lease_can_be_kept_alive() -> None:
    put("t1", "a@far.test")
    (lease,) = claim()
    assert claims.extend(token=lease.token, ids=[lease.id], now=NOW + 200)
    assert claim(now=NOW + claims.LEASE_TTL) == []
    assert len(claim(now=NOW + 200 + claims.LEASE_TTL)) == 1


def test_held_entries_and_resting_destinations_are_left_alone() -> None:
    put("t1", "a@far.test")
    put("t2", "b@near.test")
    Entry.objects.filter(trace_id="t1").update(is_held=True)
    Destination.objects.create(domain="near.test", backoff_until=NOW + 60)
    assert claim() == []
    assert [lease.address for lease in claim(now=NOW + 60)] == ["b@near.test"]


def test_a_destination_bears_so_many_workers() -> None:
    for number in range(4):
        put(f"t{number}", f"a{number}@far.test")
    Destination.objects.create(domain="far.test", concurrency=2)
    assert [len(claim(limit=1)) for _ in range(3)] == [1, 1, 0]
    assert len(claim(limit=1, now=NOW + claims.LEASE_TTL)) == 1, "dead workers do not count"


def test_one_destination_does_not_fill_a_batch() -> None:
    for number in range(3):
        put(f"t{number}", *(f"a{one}@far.test" for one in range(60)))
    put("t9", "b@near.test")
    Destination.objects.create(domain="far.test", concurrency=2)
    domains = [lease.destination for lease in claim(limit=200)]
    assert (domains.count("far.test"), domains.count("near.test")) == (claims.MAX_PER_DESTINATION, 1)


def test_fresh_and_deferred_take_turns() -> None:
    for number in range(10):
        put(f"old{number}", f"old{number}@far.test")
    settle(claim(), Verdict.DEFERRED)
    later = max(Recipient.objects.values_list("next_attempt_at", flat=True))
    for number in range(10):
        put(f"new{number}", f"new{number}@far.test", at=later)
    kinds = [lease.address[:3] for lease in claim(now=later, limit=6)]
    assert sorted(kinds) == ["new"] * 3 + ["old"] * 3


def test_settling_writes_result_attempt_and_journey_or_nothing() -> None:
    put("t1", "a@far.test")
    leases = claim()
    with pytest.raises(RuntimeError), transaction.atomic():
        settlement.settle([settlement.decide(Result(leases[0], Verdict.DELIVERED), now=NOW)], now=NOW, owner="w")
        raise RuntimeError
    assert Recipient.objects.get().state == "leased"
    assert Attempt.objects.count() == 0
    settle(leases, Verdict.FAILED)
    assert Recipient.objects.get().state == "failed"
    assert Attempt.objects.get().text == "said"


@pytest.mark.parametrize(("which", "index"), [("= 0", "fresh"), ("> 0", "deferred")])
def test_the_claim_uses_the_index_of_what_is_due(which: str, index: str) -> None:
    put("t1", "a@far.test")
    if connection.vendor != "sqlite":
        pytest.skip("the plan is read as SQLite writes it")
    text = claims._CANDIDATES.format(which=which, open="", lock="")
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {text}", [NOW, NOW, 10])
        plan = " / ".join(row[3] for row in cursor.fetchall())
    assert f"queue_recipient_{index}" in plan
    assert "USE TEMP B-TREE FOR ORDER BY" not in plan


def test_looking_whether_anything_is_due_reads_no_more_than_what_waits() -> None:
    put("t1", "a@far.test")
    if connection.vendor != "sqlite":
        pytest.skip("the plan is read as SQLite writes it")
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {claims._ANY_DUE}", [NOW, NOW])
        plan = [row[3] for row in cursor.fetchall()]
    read = " / ".join(line for line in plan if " r " in f"{line} ")
    assert "queue_recipient_fresh" in read and "queue_recipient_deferred" in read
    assert "SCAN" not in read
