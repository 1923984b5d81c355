"""Ending a lease: result, attempt and journey in one transaction, only while the lease is still mine.

The caller opens the transaction and adds what must share its fate (reports, recipients of an alias).
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db import connection

from mailcore import metrics

from . import journey, rows, schedule
from .claims import Lease
from .journey import Stage, Step

log = logging.getLogger(__name__)


class Verdict(StrEnum):
    DELIVERED = "delivered"
    SENT = "sent"
    EXPANDED = "expanded"
    DISCARDED = "discarded"
    DEFERRED = "deferred"
    FAILED = "failed"


_STATE = {
    Verdict.DELIVERED: "delivered",
    Verdict.SENT: "delivered",
    Verdict.EXPANDED: "delivered",
    Verdict.DISCARDED: "delivered",
    Verdict.DEFERRED: "queued",
    Verdict.FAILED: "failed",
}
_STAGE = {
    Verdict.DELIVERED: Stage.DELIVERED,
    Verdict.SENT: Stage.SENT,
    Verdict.EXPANDED: Stage.ROUTED,
    Verdict.DISCARDED: Stage.DISCARDED,
    Verdict.DEFERRED: Stage.DEFERRED,
    Verdict.FAILED: Stage.FAILED,
}


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one attempt. `text` is what the other side, or we, said, with the enhanced code first."""

    lease: Lease
    verdict: Verdict
    code: int = 250
    text: str = ""
    host: str = ""
    retry_in: int | None = None
    """Seconds; overrides the schedule (greylisting)."""
    give_up_at: int | None = None
    """Overrides the entry's expiry with an earlier time (a full mailbox)."""
    targets: tuple[str, ...] = ()
    """EXPANDED: the addresses this recipient stands for."""
    peer_reports: bool = False
    """SENT: the next host took over the duty to report success (RFC 3461 §5.2.2)."""
    peer_keeps_time: bool = True
    """SENT: the next host took over the time that was set (RFC 2852 §4.1.4)."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A result, final for this attempt, and when the next one is due (0 for none)."""

    result: Result
    following: int = 0


def decide(result: Result, *, now: int) -> Decided:
    """Set the next attempt; a deferral whose time is up becomes a failure."""
    if result.verdict is not Verdict.DEFERRED:
        return Decided(result)
    lease = result.lease
    expires_at = min(lease.expires_at, result.give_up_at or lease.expires_at)
    following = schedule.next_attempt(now=now, attempts=lease.attempts, expires_at=expires_at)
    if following is None:
        text = f"{result.text} (given up after {max(1, (now - lease.starts_at) // schedule.HOUR)} hours)"
        return Decided(Result(lease, Verdict.FAILED, result.code, text, result.host))
    if lease.by_mode == "N" and now < lease.deliver_by:
        # An attempt when the time is up, so that its sender is told then.
        following = min(following, lease.deliver_by)
    if result.retry_in is not None:
        following = min(now + result.retry_in, expires_at)
    return Decided(result, following)


def settle(decided: Sequence[Decided], *, now: int, owner: str) -> set[int]:
    """Write what is still mine; the recipient ids that were. Must run inside a transaction.

    A result whose lease was lost is logged and left out: somebody else owns that recipient now.
    """
    mine = _write_states(decided)
    kept = [one.result for one in decided if one.result.lease.id in mine]
    for one in decided:
        if one.result.lease.id not in mine:
            log.warning("lease lost trace=%s recipient=%s", one.result.lease.trace_id, one.result.lease.id)
    rows.insert(
        table="queue_attempt",
        columns=("recipient_id", "at", "verdict", "code", "text", "host", "owner"),
        rows=[(r.lease.id, now, r.verdict.value, r.code, r.text[:1000], r.host[:255], owner[:100]) for r in kept],
    )
    journey.record([_step(result, now) for result in kept])
    for result in kept:
        metrics.outcomes.labels(result.verdict.value).inc()
    return mine


def _write_states(decided: Sequence[Decided]) -> set[int]:
    """One UPDATE for each group of equal outcomes: a batch of local deliveries is one statement."""
    groups: dict[tuple[str, str, int, str, int], list[int]] = {}
    for one in decided:
        result = one.result
        key = (result.lease.token, _STATE[result.verdict], result.code, rows.storable(result.text[:1000]), one.following)
        groups.setdefault(key, []).append(result.lease.id)
    mine: set[int] = set()
    with connection.cursor() as cursor:
        for (token, state, code, text, following), ids in groups.items():
            cursor.execute(
                "UPDATE queue_recipient SET state = %s, last_code = %s, last_text = %s, next_attempt_at = %s, lease_token = '',"
                " lease_until = 0, data_sent_at = NULL"
                f" WHERE id IN ({rows.marks(len(ids))}) AND lease_token = %s AND state = 'leased' RETURNING id",
                [state, code, text, following, *ids, token],
            )
            mine.update(row[0] for row in cursor.fetchall())
    return mine


def _step(result: Result, now: int) -> Step:
    lease = result.lease
    text = result.text
    if lease.data_sent_at is not None:
        text = f"{text} (a copy may have been sent by an attempt that was cut short)".strip()
    stage, verdict = _STAGE[result.verdict], result.verdict.value
    return Step(lease.trace_id, now, stage, verdict, result.code, text, lease.address, lease.destination, lease.message_id)


def add_recipients(lease: Lease, targets: Sequence[str], *, now: int) -> None:
    """Queue the addresses an alias stands for; one already in the entry is not queued again.

    Each carries the original recipient, so that a report names what the sender wrote (RFC 3461 §5.2.7).
    """
    orcpt = lease.orcpt or f"rfc822;{lease.address}"
    insert_recipients([(lease.entry_id, target, orcpt, lease.notify) for target in targets], now=now)


def insert_recipients(recipients: Sequence[tuple[int, str, str, str]], *, now: int) -> None:
    """Queue (entry id, address, orcpt, notify) rows, due at once, in the caller's transaction."""
    rows.insert(
        table="queue_recipient",
        columns=(
            "entry_id",
            "address",
            "orcpt",
            "notify",
            "destination",
            "state",
            "attempts",
            "next_attempt_at",
            "lease_token",
            "lease_until",
            "last_code",
            "last_text",
            "delay_notified",
        ),
        rows=[
            (entry_id, address, orcpt[:600], notify[:32], address.rpartition("@")[2].lower()[:255], "queued", 0, now, "", 0, 0, "", False)
            for entry_id, address, orcpt, notify in recipients
        ],
        skip_conflicts=True,
    )


def mark_delay_notified(ids: Sequence[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE queue_recipient SET delay_notified = %s WHERE id IN ({rows.marks(len(ids))})", [True, *ids])
