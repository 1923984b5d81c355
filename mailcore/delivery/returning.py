"""Give up a message on an operator's word and report it to its sender, as if its time had run out."""

from collections.abc import Collection

from mailcore.audit import log
from mailcore.kernel.errors import Conflict
from mailcore.kernel.ids import TraceId
from mailcore.queue import claims, entries
from mailcore.queue.settlement import Result, Verdict

from . import settling


def bounce(*, trace_id: TraceId, now: int, by: str, domains: Collection[str] | None = None) -> int:
    """Return what waits, held or not, to its sender; the number of recipients.

    What is being tried at this moment is left: its fate is not known. Conflict where nothing waits.
    """
    entry = entries.get_entry(trace_id=trace_id, domains=domains)
    leases = claims.claim_entry(entry_id=entry.id, now=now, owner=by)
    if not leases:
        raise Conflict("Nothing of this message is waiting.", trace_id)
    text = f"5.7.0 Returned by an administrator of {entry.sender.rpartition('@')[2] or 'this server'}"
    settling.settle([Result(lease, Verdict.FAILED, 550, text) for lease in leases], now=now, owner=by)
    after = {"sender": entry.sender, "recipients": [lease.address for lease in leases]}
    log.record("queue.returned", object_id=trace_id, name=trace_id, domain=entry.sender.rpartition("@")[2], after=after)
    return len(leases)
