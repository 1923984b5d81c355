"""Settling with everything that shares a result's fate: reports to the sender, an alias's recipients.

All in one transaction, so a report is made exactly when its result is kept, and once.
"""

import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from django.conf import settings
from django.db import transaction

from mailcore import bell
from mailcore.kernel.envelope import Envelope, EnvelopeRecipient, Origin
from mailcore.kernel.ids import BlobId
from mailcore.queue import journey, schedule, settlement
from mailcore.queue.journey import Stage, Step
from mailcore.queue.settlement import Decided, Result, Verdict
from mailcore.store import blobs

from . import allowance, dsn, intake, postmaster
from .dsn import Report
from .intake import Prepared

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Letter:
    report: Report
    prepared: Prepared
    written: blobs.Written


@dataclass(frozen=True, slots=True)
class _Letters:
    sent: list[_Letter]
    spared: list[tuple[Report, str]]
    """Reports that are not written, and whom they would have gone to."""


def settle(results: Sequence[Result], *, now: int, owner: str) -> int:
    """Keep what these attempts came to; the number that was still ours to settle."""
    if not results:
        return 0
    decided = [settlement.decide(result, now=now) for result in results]
    # Bytes are written and flushed before the transaction: the write lock is everybody's.
    letters = _write_letters(_reports([one.result for one in decided], now), now)
    with transaction.atomic():
        mine = settlement.settle(decided, now=now, owner=owner)
        _expand(decided, mine, now)
        _post(letters, mine, now)
    return len(mine)


def owes_report(result: Result, *, now: int) -> bool:
    """Whether settling this writes a report, whose bytes must be on disk before a transaction is begun."""
    return bool(_reports([settlement.decide(result, now=now).result], now))


def _reports(results: Sequence[Result], now: int) -> list[Report]:
    return dsn.group([(result, dsn.wanted_action(result, is_late=_is_late(result, now))) for result in results])


def _is_late(result: Result, now: int) -> bool:
    lease = result.lease
    # RFC 2852 §4.1.3: by a time that had passed when the message came, somebody else has told its sender.
    if lease.by_mode == "N" and lease.received_at < lease.deliver_by <= now:
        return True
    return now - lease.starts_at >= schedule.DELAY_NOTICE_AFTER and lease.priority < schedule.BULK_PRIORITY


def _write_letters(reports: Sequence[Report], now: int) -> _Letters:
    spared = [(one, one.lease.sender) for one in reports if one.lease.sender and not allowance.take(one.lease.sender, now=now)]
    left = {id(one) for one, _ in spared}
    return _Letters(_write([one for one in reports if id(one) not in left], now), spared)


def _write(reports: Sequence[Report], now: int) -> list[_Letter]:
    if not reports:
        return []
    originals = blobs.read_many([BlobId(report.lease.blob_id) for report in reports])
    letters = [letter for letter in map(partial(_prepare, now=now), reports, originals) if letter is not None]
    written = intake.write([prepared for _, prepared in letters])
    return [_Letter(report, prepared, place) for (report, prepared), place in zip(letters, written, strict=True)]


def _prepare(report: Report, original: bytes, *, now: int) -> tuple[Report, Prepared] | None:
    """None where there is nobody to write to."""
    lease = report.lease
    to = lease.sender or postmaster.find(report=original, recipient=lease.address)
    if not to:
        log.warning("a report reached nobody, and there is no postmaster to show it to: trace=%s", lease.trace_id)
        return None
    boundary = f"=_{secrets.token_hex(16)}"
    raw = dsn.build(report, to=to, original=original, hostname=settings.FACTEUR.hostname, now=now, boundary=boundary)
    envelope = Envelope("", (EnvelopeRecipient(to, notify="NEVER"),), smtputf8=not to.isascii())
    return report, intake.prepare(envelope=envelope, raw=raw, origin=Origin(dsn.SOURCE, protocol="LOCAL"), now=now)


def _expand(decided: Sequence[Decided], mine: set[int], now: int) -> None:
    expanded = [one.result for one in decided if one.result.verdict is Verdict.EXPANDED and one.result.lease.id in mine]
    for result in expanded:
        settlement.add_recipients(result.lease, result.targets, now=now)
    if expanded:
        transaction.on_commit(bell.ring)


def _post(letters: _Letters, mine: set[int], now: int) -> None:
    journey.record([_spare(report, to, now) for report, to in letters.spared if any(one.lease.id in mine for one in report.results)])
    sent = [ready for letter in letters.sent for ready in _narrow(letter, mine, now)]
    if not sent:
        return
    intake.keep([letter.prepared for letter in sent], [letter.written for letter in sent])
    delayed = [result.lease.id for letter in sent if letter.report.action == "delayed" for result in letter.report.results]
    if delayed:
        settlement.mark_delay_notified(delayed)
    journey.record([_step(letter, now) for letter in sent])


def _narrow(letter: _Letter, mine: set[int], now: int) -> list[_Letter]:
    """The report about what is still ours. Leases mostly live and die together, so it is rarely written anew."""
    report = letter.report
    kept = tuple(result for result in report.results if result.lease.id in mine)
    if len(kept) == len(report.results):
        return [letter]
    return _write([Report(report.action, kept)], now) if kept else []


def _step(letter: _Letter, now: int) -> Step:
    lease, action = letter.report.lease, letter.report.action
    to = letter.prepared.envelope.recipients[0].address
    text = f"report sent to {to} as {letter.prepared.trace_id}"
    stage = Stage.BOUNCED if action in ("failed", "double") else Stage.QUEUED
    return Step(lease.trace_id, now, stage, f"report {action}", 0, text, to, to.rpartition("@")[2], lease.message_id)


def _spare(report: Report, to: str, now: int) -> Step:
    lease = report.lease
    text = f"no report to {to}, which got {allowance.REPORTS_HOUR} in this hour: {report.action}, {report.results[0].text}"
    return Step(lease.trace_id, now, Stage.BOUNCED, "report spared", 0, text, to, to.rpartition("@")[2], lease.message_id)
