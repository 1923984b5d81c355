"""A stranger's message between the last dot and the intake: what it proves, what the rules say, for whom what is kept.

Called in a thread, outside any transaction, for a bounded time. Denied and Deferred are the rules' no.
"""

import logging
import time
from dataclasses import dataclass, replace

from django.db import transaction

from mailcore.filtering.policy import door
from mailcore.filtering.policy.door import Share
from mailcore.filtering.policy.verdicts import Act
from mailcore.filtering.policy.visit import Visit
from mailcore.kernel.envelope import Envelope, Origin
from mailcore.kernel.errors import MailError
from mailcore.kernel.ids import TraceId
from mailcore.queue import journey
from mailcore.queue.journey import Stage, Step
from mailcore.trust import arrival

from . import intake, trace

log = logging.getLogger(__name__)

Offer = tuple[Envelope, bytes, Origin]


@dataclass(frozen=True, slots=True)
class Examined:
    offers: tuple[Offer, ...]
    """To be kept: one, or one for each group of recipients that rules treat alike."""
    discarded: tuple[Offer, ...] = ()
    """To be written into the journey and nowhere else."""


def examine(*, visit: Visit, envelope: Envelope, raw: bytes, origin: Origin) -> Examined:
    found = arrival.examine(envelope=envelope, raw=raw, peer=visit.peer, helo=origin.helo)
    origin = replace(origin, headers=found.headers, findings=found.findings, filing=found.filing)
    try:
        shares = door.judge(visit, raw=found.raw, on_top=found.headers, recipients=[one.address for one in envelope.recipients])
    except MailError:
        raise
    except Exception:
        # A defect of the rules must not cost anybody their mail.
        log.exception("the rules failed on a message from %s", visit.peer)
        return Examined(((envelope, found.raw, replace(origin, findings=(*found.findings, "The rules failed, and were not applied."))),))
    kept = found.raw if visit.altered is None else visit.altered
    offers = [(_narrow(envelope, share), kept, _mark(origin, share)) for share in shares]
    keeping = tuple(offer for offer, share in zip(offers, shares, strict=True) if share.total.act is not Act.DISCARD)
    return Examined(keeping, tuple(offer for offer, share in zip(offers, shares, strict=True) if share.total.act is Act.DISCARD))


def settle(examined: Examined) -> TraceId:
    """Keep what is to be kept, all or none, and say in the journey what is not. The first trace id."""
    kept = intake.accept_many(examined.offers) if examined.offers else []
    gone = [_discard(*offer) for offer in examined.discarded]
    return [*kept, *gone][0]


def _narrow(envelope: Envelope, share: Share) -> Envelope:
    if len(share.recipients) == len(envelope.recipients):
        return envelope
    return replace(envelope, recipients=tuple(one for one in envelope.recipients if one.address in share.recipients))


def _mark(origin: Origin, share: Share) -> Origin:
    total = share.total
    hold = f"held by the rule {total.rule}" if total.act is Act.HOLD else ""
    filing = "junk" if total.act is Act.QUARANTINE else origin.filing
    return replace(
        origin, headers=(*origin.headers, *total.headers), findings=(*origin.findings, *total.findings), filing=filing, hold=hold
    )


def _discard(envelope: Envelope, raw: bytes, origin: Origin) -> TraceId:
    """RFC 5321 §6.2 lets a host drop what it took only where that is sure to be right: so a rule must say so by name."""
    now = int(time.time())
    trace_id, message_id = intake.make_trace_id(now), trace.scan(raw).message_id
    domain = envelope.sender.rpartition("@")[2].lower()
    came_from = f"from {origin.peer} ({origin.helo}) by {origin.protocol}"
    steps = [Step(trace_id, now, Stage.RECEIVED, origin.source, 250, came_from, envelope.sender, domain, message_id)]
    steps += [Step(trace_id, now, Stage.CHECKED, "", 0, text, envelope.sender, domain, message_id) for text in origin.findings]
    steps += [_gone(trace_id, now, one.address, message_id) for one in envelope.recipients]
    with transaction.atomic():
        journey.record(steps)
    log.info("discarded trace=%s from=<%s> by rule", trace_id, envelope.sender)
    return trace_id


def _gone(trace_id: str, now: int, address: str, message_id: str) -> Step:
    return Step(
        trace_id, now, Stage.DISCARDED, "discarded", 250, "Discarded by a rule, see above.", address, address.rpartition("@")[2], message_id
    )


__all__ = ["Examined", "Offer", "examine", "settle"]
