"""The one door in: a message is on disk and in the queue before anybody is told that it is.

Every way a message can arrive ends here (SMTP, submission, pages, reports, forwards, imports).
Messages given together share one fsync and one transaction.
"""

import logging
import os
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.conf import settings
from django.db import DatabaseError, connection, transaction

from mailcore import bell, metrics
from mailcore.archive.journal import recording
from mailcore.kernel.addresses import MailAddress
from mailcore.kernel.envelope import Envelope, EnvelopeRecipient, Origin
from mailcore.kernel.errors import BadSyntax, Deferred, LimitReached, MailError, Refused
from mailcore.kernel.ids import TraceId
from mailcore.queue import acceptance, schedule
from mailcore.store import blobs
from mailcore.transports import table

from . import trace

log = logging.getLogger(__name__)

ROOM_FOR = 3
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A message that passed every check and only has to be kept."""

    trace_id: TraceId
    envelope: Envelope
    origin: Origin
    data: bytes
    """As it will be kept: our header lines, then the bytes as received."""
    header: trace.Header
    message_id: str
    received_at: int


def accept(*, envelope: Envelope, raw: bytes, origin: Origin) -> TraceId:
    """Keep a message durably and queue it; when this returns, a crash can no longer lose it.

    Refused: it goes round in a loop, or has nobody to go to. LimitReached: too large. Deferred:
    it could not be kept. Inside a transaction of the caller, the caller's commit is what counts.
    """
    prepared = prepare(envelope=envelope, raw=raw, origin=origin)
    return _commit([prepared])[0]


def accept_each(items: Sequence[tuple[Envelope, bytes, Origin]]) -> list[TraceId | Exception]:
    """As `accept` for each, what it raises among the outcomes; one commit for all that pass."""
    outcomes: list[TraceId | Exception] = []
    batch: dict[int, Prepared] = {}
    for position, (envelope, raw, origin) in enumerate(items):
        try:
            batch[position] = prepare(envelope=envelope, raw=raw, origin=origin)
            outcomes.append(batch[position].trace_id)
        except Exception as error:
            outcomes.append(error)
    for position, failure in _try_commit(batch).items():
        outcomes[position] = failure
    return outcomes


def accept_many(items: Sequence[tuple[Envelope, bytes, Origin]]) -> list[TraceId]:
    """All of them or, where one is refused or cannot be kept, none."""
    return list(_commit([prepare(envelope=envelope, raw=raw, origin=origin) for envelope, raw, origin in items]))


def prepare(*, envelope: Envelope, raw: bytes, origin: Origin, now: int | None = None) -> Prepared:
    """Check a message and make its trace lines. Writes nothing. Deferred where the disk is nearly full."""
    limit = settings.FACTEUR.max_message_bytes
    if len(raw) > limit:
        raise LimitReached(f"The message is larger than this server takes ({limit} bytes).", f"5.3.4 {len(raw)}")
    _check_room(limit)
    if envelope.sender:
        MailAddress.parse(envelope.sender)
    envelope = replace(envelope, recipients=_unique(envelope.recipients))
    if not envelope.recipients:
        raise Refused("The message has no recipient.")
    origin = _hold_by_route(envelope, origin, len(raw))
    header = trace.scan(raw)
    trace.check_hops(header)
    received_at = int(time.time()) if now is None else now
    trace_id = make_trace_id(received_at)
    lines, message_id = trace.make_lines(
        envelope=envelope, origin=origin, header=header, trace_id=trace_id, hostname=settings.FACTEUR.hostname, now=received_at
    )
    return Prepared(trace_id, envelope, origin, lines + raw, header, message_id.replace("\0", ""), received_at)


def _hold_by_route(envelope: Envelope, origin: Origin, size: int) -> Origin:
    """A route may keep mail in the queue from the door on; reports of our own go their way."""
    if origin.hold or origin.source == "dsn":
        return origin
    rule = table.find_hold(sender=envelope.sender, recipients=[one.address for one in envelope.recipients], size=size)
    if rule is None:
        return origin
    return replace(origin, hold=f"held by {rule.words}{f': {rule.place.text}' if rule.place.text else ''}")


def write(prepared: Sequence[Prepared]) -> list[blobs.Written]:
    """The bytes on disk, one fsync for all. Belongs before the transaction that `keep` is called in."""
    return blobs.write([item.data for item in prepared])


def keep(prepared: Sequence[Prepared], written: Sequence[blobs.Written]) -> None:
    """The rows, in the caller's transaction; the bell rings after its commit."""
    blob_ids = blobs.record(written)
    acceptance.insert([_entry(item, blob_id) for item, blob_id in zip(prepared, blob_ids, strict=True)])
    recording.record([_journalled(item, blob_id, one.digest) for item, blob_id, one in zip(prepared, blob_ids, written, strict=True)])
    transaction.on_commit(bell.ring)


def make_trace_id(now: int) -> TraceId:
    """Sorts by time, 16 characters, never the same twice: 32 bits of time, 48 of chance."""
    number = now << 48 | secrets.randbits(48)
    return TraceId("".join(_ALPHABET[number >> shift & 31] for shift in range(75, -1, -5)))


def _try_commit(batch: dict[int, Prepared]) -> dict[int, Exception]:
    """Keep prepared messages; the errors of those that could not be kept."""
    try:
        if batch:
            _commit(list(batch.values()))
    except Exception as error:
        if len(batch) == 1:
            return dict.fromkeys(batch, error)
        # One may have spoilt the others: each gets a transaction of its own.
        return {position: lone for key, one in batch.items() for position, lone in _try_commit({key: one}).items()}
    return {}


def _commit(batch: Sequence[Prepared]) -> Sequence[TraceId]:
    try:
        written = write(batch)
        with transaction.atomic():
            keep(batch, written)
    except MailError:
        raise
    except (DatabaseError, OSError) as error:
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
        log.exception("a batch of %d messages could not be kept", len(batch))
        raise Deferred("The message could not be kept, please try again later.", f"4.3.0 {error}") from error
    for item in batch:
        metrics.accepted.labels(item.origin.source).inc()
        count = len(item.envelope.recipients)
        log.info("accepted trace=%s source=%s size=%d recipients=%d", item.trace_id, item.origin.source, len(item.data), count)
    return [item.trace_id for item in batch]


def _entry(item: Prepared, blob_id: int) -> acceptance.NewEntry:
    origin = item.origin
    peer = " ".join(part for part in (origin.peer, f"({origin.helo})" if origin.helo else "") if part) or "this server"
    return acceptance.NewEntry(
        trace_id=item.trace_id,
        sender=item.envelope.sender,
        recipients=item.envelope.recipients,
        blob_id=blob_id,
        size=len(item.data),
        source=origin.source,
        user_id=origin.user_id,
        message_id=item.message_id,
        delivered_to="\n".join(item.header.delivered_to).replace("\0", ""),
        received_at=item.received_at,
        ret=item.envelope.ret,
        envid=item.envelope.envid[:100],
        smtputf8=item.envelope.smtputf8,
        not_before=item.envelope.hold_until if item.envelope.hold_until > item.received_at else 0,
        deliver_by=item.envelope.deliver_by,
        by_mode=item.envelope.by_mode,
        by_trace=item.envelope.by_trace,
        eight_bit=item.envelope.eight_bit,
        requiretls=item.envelope.requiretls,
        priority=schedule.BULK_PRIORITY if origin.source == "list" else 0,
        filing=origin.filing,
        findings=origin.findings,
        hold=origin.hold,
        came_from=f"from {peer} by {origin.protocol}{' ' + origin.tls if origin.tls else ''}",
    )


def _journalled(item: Prepared, blob_id: int, digest: bytes) -> recording.Accepted:
    origin = item.origin
    return recording.Accepted(
        trace_id=item.trace_id, at=item.received_at, source=origin.source, peer=origin.peer, helo=origin.helo, user_id=origin.user_id,
        sender=item.envelope.sender, recipients=tuple(one.address for one in item.envelope.recipients), message_id=item.message_id,
        data=item.data, blob_id=blob_id, blob_digest=digest,
    )  # fmt: skip


def _check_room(largest: int) -> None:
    """Room for a few of the largest messages must be left, or what is queued could not be handled any more."""
    room = os.statvfs(settings.FACTEUR.data)
    if room.f_bavail * room.f_frsize < ROOM_FOR * largest:
        raise Deferred("There is no room for mail now, please try again later.", "4.3.1 disk nearly full")


def _unique(recipients: Sequence[EnvelopeRecipient]) -> tuple[EnvelopeRecipient, ...]:
    """Each address once, whatever its case; `postmaster` alone is the one of this host (RFC 5321 §4.5.1)."""
    found: dict[str, EnvelopeRecipient] = {}
    for recipient in recipients:
        text = recipient.address
        if text.lower() == "postmaster":
            text = f"postmaster@{settings.FACTEUR.hostname}"
        try:
            address = MailAddress.parse(text)
        except BadSyntax as error:
            raise BadSyntax(f"{recipient.address} is not an address: {error.public}", error.detail) from error
        found.setdefault(address.folded, replace(recipient, address=str(address)))
    return tuple(found.values())
