"""Due mail that may not be tried now, out of the way of mail that may.

A claim reads what is due in the order of its time. A hundred thousand recipients of one dead domain would stand before
everybody else's each time, so they are given the time at which they can be tried at the earliest. Each is moved once in
a back-off, a bounded number in one transaction, and a claim never reads far.
"""

from collections.abc import Collection

from django.db import connection, transaction

from . import rows

FEW = 100
"""Fewer than so many at the head of the queue are passed over by the claim itself."""
MOST = 5_000
HELD_AGAIN = 300
"""Seconds. What is released is made due by who releases it."""
BUSY_AGAIN = 30

_HEAD = """
SELECT w.id, w.destination, e.is_held, d.backoff_until FROM (
    SELECT r.id, r.entry_id, r.destination FROM queue_recipient r
    WHERE r.state IN ('queued', 'leased') AND r.next_attempt_at <= %s AND r.attempts {which} ORDER BY r.next_attempt_at, r.id LIMIT %s
) w JOIN queue_entry e ON e.id = w.entry_id LEFT JOIN queue_destination d ON d.domain = w.destination
"""
_MOVE = """
UPDATE queue_recipient SET next_attempt_at = %s WHERE id IN (
    SELECT id FROM queue_recipient WHERE id IN ({ids}) AND state = 'queued' AND next_attempt_at <= %s {lock}
)
"""


def put_off(*, now: int, limit: int, busy: Collection[str]) -> int:
    """How many recipients were given a later time. `busy` are destinations that have as many workers as they bear.

    After it, the first `limit` recipients that may be tried stand among the first `limit` + FEW that are due. Fresh mail
    for a busy destination is let be: its turn comes with the next worker that is free.
    """
    return sum(_put_off(which, now, limit + FEW, busy) for which in ("= 0", "> 0"))


def _put_off(which: str, now: int, window: int, busy: Collection[str]) -> int:
    total = 0
    while True:
        later = _look(which, now, window, busy)
        if sum(map(len, later.values())) < FEW:
            return total
        moved = sum(_move(ids, until, now) for until, ids in later.items())
        total += moved
        if not moved:  # all of it under way at this moment
            return total
        window = min(2 * window, MOST)


def _look(which: str, now: int, window: int, busy: Collection[str]) -> dict[int, list[int]]:
    """The head of the queue: recipients that may not be tried, by the time when they may."""
    later: dict[int, list[int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_HEAD.format(which=which), [now, window])
        for recipient_id, destination, is_held, backoff in cursor.fetchall():
            if is_held:
                later.setdefault(now + HELD_AGAIN, []).append(recipient_id)
            elif backoff is not None and backoff > now:
                later.setdefault(backoff, []).append(recipient_id)
            elif destination in busy and which == "> 0":
                later.setdefault(now + BUSY_AGAIN, []).append(recipient_id)
    return later


def _move(ids: list[int], until: int, now: int) -> int:
    lock = "FOR UPDATE SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_MOVE.format(ids=rows.marks(len(ids)), lock=lock), [until, *ids, now])
        return int(cursor.rowcount)
