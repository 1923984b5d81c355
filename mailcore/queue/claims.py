"""Taking work: a lease on recipients that are due, held for a bounded time.

A lease is won by one conditional UPDATE, so two workers cannot hold the same recipient. While
leased, `next_attempt_at` is the end of the lease: what is never settled falls due by itself, and
nothing has to clean up after a worker that died. Delivery must bear being repeated.
"""

from dataclasses import dataclass
from uuid import uuid4

from django.db import connection, transaction

from . import blocked, commits, rows

LEASE_TTL = 60
DATA_TTL = 900
"""After the final dot the other side may take ten minutes to answer (RFC 5321 §4.5.3.2.6)."""
MAX_PER_DESTINATION = 100
"""Of one throttled destination in one claim, so that a slow one cannot fill a batch."""

Candidate = tuple[int, str, bool]
"""(recipient id, destination, the destination is throttled)"""


@dataclass(frozen=True, slots=True)
class Lease:
    """One recipient to deliver to, with what is needed of its entry."""

    id: int
    entry_id: int
    address: str
    orcpt: str
    notify: str
    destination: str
    attempts: int
    data_sent_at: int | None
    delay_notified: bool
    trace_id: str
    sender: str
    blob_id: int
    size: int
    source: str
    message_id: str
    delivered_to: str
    received_at: int
    expires_at: int
    priority: int
    ret: str
    envid: str
    smtputf8: bool
    eight_bit: bool
    requiretls: bool
    filing: str
    not_before: int
    deliver_by: int
    by_mode: str
    by_trace: bool
    token: str

    @property
    def starts_at(self) -> int:
        """When its time in the queue began to count: a message that was to wait was not late while it did."""
        return max(self.received_at, self.not_before)


_DUE = "r.state IN ('queued', 'leased') AND r.next_attempt_at <= %s"
_WAITS = f"EXISTS (SELECT 1 FROM queue_recipient r WHERE {_DUE} AND r.attempts {{which}})"
_ANY_DUE = f"SELECT {_WAITS.format(which='= 0')} OR {_WAITS.format(which='> 0')}"
"""In two, each by an index of its own: SQLite reads the whole table for them together."""
_CANDIDATES = f"""
SELECT r.id, r.destination, d.domain IS NOT NULL
FROM queue_recipient r JOIN queue_entry e ON e.id = r.entry_id LEFT JOIN queue_destination d ON d.domain = r.destination
WHERE {_DUE} AND r.attempts {{which}} AND NOT e.is_held AND (d.domain IS NULL OR d.backoff_until <= %s) {{open}}
ORDER BY r.next_attempt_at, r.id LIMIT %s {{lock}}
"""
_BUSY = """
SELECT x.destination FROM queue_recipient x JOIN queue_destination d ON d.domain = x.destination
WHERE x.state = 'leased' AND x.next_attempt_at > %s GROUP BY x.destination, d.concurrency
HAVING COUNT(DISTINCT x.lease_token) >= d.concurrency
"""
_LEASE = """
UPDATE queue_recipient SET state = 'leased', lease_token = %s, lease_until = %s, next_attempt_at = %s, attempts = attempts + 1
WHERE id IN ({ids}) AND state IN ('queued', 'leased') AND next_attempt_at <= %s
"""
_READ = """
SELECT r.id, r.entry_id, r.address, r.orcpt, r.notify, r.destination, r.attempts, r.data_sent_at, r.delay_notified,
    e.trace_id, e.sender, e.blob_id, e.size, e.source, e.message_id, e.delivered_to, e.received_at, e.expires_at, e.priority,
    e.ret, e.envid, e.smtputf8, e.eight_bit, e.requiretls, e.filing, e.not_before, e.deliver_by, e.by_mode, e.by_trace, r.lease_token
FROM queue_recipient r JOIN queue_entry e ON e.id = r.entry_id
WHERE r.lease_token = %s AND r.state = 'leased' ORDER BY r.entry_id, r.id
"""


def claim_due(*, now: int, owner: str, limit: int, ttl: int = LEASE_TTL) -> list[Lease]:
    """Lease up to `limit` recipients whose attempt is due, fresh and deferred in turn.

    Skips held entries and destinations that are backing off or have as many workers as they bear.
    All leases of one claim share a token that no other claim ever has. A claim is not flushed: should
    the machine die, it was never made. Who goes out on the network with it calls `extend` before.
    """
    if not _is_any_due(now):
        return []
    token = f"{owner[:7]}-{uuid4().hex}"
    blocked.put_off(now=now, limit=limit, busy=_find_busy(now))
    with commits.unflushed():
        busy = _find_busy(now)
        fresh = _candidates(which="= 0", busy=busy, now=now, limit=limit)
        deferred = _candidates(which="> 0", busy=busy, now=now, limit=limit)
        chosen = _choose(fresh, deferred, limit)
        if not chosen:
            return []
        with connection.cursor() as cursor:
            cursor.execute(_LEASE.format(ids=rows.marks(len(chosen))), [token, now + ttl, now + ttl, *chosen, now])
            cursor.execute(_READ, [token])
            return [Lease(*row) for row in cursor.fetchall()]


def claim_entry(*, entry_id: int, now: int, owner: str, ttl: int = LEASE_TTL) -> list[Lease]:
    """Lease whatever of one entry waits, due or not, held or not: for an operator who ends it."""
    token = f"{owner[:7]}-{uuid4().hex}"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE queue_recipient SET state = 'leased', lease_token = %s, lease_until = %s, next_attempt_at = %s"
            " WHERE entry_id = %s AND state = 'queued'",
            [token, now + ttl, now + ttl, entry_id],
        )
        cursor.execute(_READ, [token])
        return [Lease(*row) for row in cursor.fetchall()]


def extend(*, token: str, ids: list[int], now: int, ttl: int = LEASE_TTL) -> bool:
    """Keep leases that are still mine for another `ttl` seconds; False where one was lost."""
    return _touch("", token, ids, now + ttl)


def mark_data_sent(*, token: str, ids: list[int], now: int) -> bool:
    """Note that the final dot goes out next. False where a lease was lost: then do not send it."""
    return _touch(f"data_sent_at = {int(now)}, ", token, ids, now + DATA_TTL)


def give_back(*, token: str, ids: list[int], now: int, after: int) -> None:
    """Return what was not tried: due again after `after` seconds, as if never claimed."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE queue_recipient SET state = 'queued', lease_token = '', lease_until = 0, next_attempt_at = %s, attempts = attempts - 1"
            f" WHERE id IN ({rows.marks(len(ids))}) AND lease_token = %s AND state = 'leased'",
            [now + after, *ids, token],
        )


def _touch(assignment: str, token: str, ids: list[int], until: int) -> bool:
    text = f"UPDATE queue_recipient SET {assignment}lease_until = %s, next_attempt_at = %s WHERE id IN ({rows.marks(len(ids))})"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(text + " AND lease_token = %s AND state = 'leased'", [until, until, *ids, token])
        return int(cursor.rowcount) == len(ids)


def _is_any_due(now: int) -> bool:
    """Asked before the write lock is taken: most rings find nothing to do."""
    with connection.cursor() as cursor:
        cursor.execute(_ANY_DUE, [now, now])
        return bool(cursor.fetchone()[0])


def _find_busy(now: int) -> list[str]:
    """Destinations with as many workers as they bear. Asked once: as part of the claim it would be asked for every row."""
    with connection.cursor() as cursor:
        cursor.execute(_BUSY, [now])
        return [row[0] for row in cursor.fetchall()]


def _candidates(*, which: str, busy: list[str], now: int, limit: int) -> list[Candidate]:
    # SKIP LOCKED lets PostgreSQL workers pass each other; SQLite writers already take turns.
    lock = "FOR UPDATE OF r SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""
    is_open = f"AND r.destination NOT IN ({rows.marks(len(busy))})" if busy else ""
    with connection.cursor() as cursor:
        cursor.execute(_CANDIDATES.format(which=which, open=is_open, lock=lock), [now, now, *busy, limit])
        return [(row[0], row[1], bool(row[2])) for row in cursor.fetchall()]


def _choose(fresh: list[Candidate], deferred: list[Candidate], limit: int) -> list[int]:
    """Take from both in turn, so that a backlog never starves fresh mail nor the other way round."""
    chosen: list[int] = []
    taken: dict[str, int] = {}
    for position in range(max(len(fresh), len(deferred))):
        for candidates in (fresh, deferred):
            if position >= len(candidates) or len(chosen) >= limit:
                continue
            recipient_id, destination, throttled = candidates[position]
            if throttled and taken.get(destination, 0) >= MAX_PER_DESTINATION:
                continue
            taken[destination] = taken.get(destination, 0) + 1
            chosen.append(recipient_id)
    return chosen
