"""The queue as far as an actor may see and change it.

A message can be for several domains. Who looks after one of them sees its own recipients
only, and may not stop what others wait for; who looks after the sender sees all.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mailcore import bell
from mailcore.delivery import returning
from mailcore.directory.access import Actor
from mailcore.kernel.errors import Denied, MailError
from mailcore.kernel.ids import TraceId
from mailcore.queue import entries
from mailcore.queue.entries import EntryRow

UNPROVED = frozenset({"smtp", "lmtp"})
"""Sources whose sender address anybody may have written."""
ACTIONS = ("retry", "hold", "release", "cancel", "bounce")
MOST = 500
"""Messages one click or call acts on."""


@dataclass(frozen=True, slots=True)
class BulkReport:
    done: int
    failed: tuple[tuple[str, str], ...]
    """(trace id, why)"""


def list_rows(actor: Actor, *, state: str = "active", search: str = "", before: int | None = None, limit: int = 50) -> list[EntryRow]:
    rows = entries.list_entries(domains=actor.domain_names, state=state, search=search, before=before, limit=limit)
    return [narrow(row, actor) for row in rows]


def access_row(actor: Actor, *, trace_id: TraceId) -> EntryRow:
    return narrow(entries.get_entry(trace_id=trace_id, domains=actor.domain_names), actor)


def count_waiting(actor: Actor) -> dict[str, int]:
    """Recipients that are not settled: queued, active, deferred and held."""
    return entries.count_open(domains=actor.domain_names)


def act(actor: Actor, *, trace_id: TraceId, action: str) -> None:
    """Retry, hold, release, cancel or return to the sender. Denied where the message is not the actor's alone."""
    row = entries.get_entry(trace_id=trace_id, domains=actor.domain_names)
    if narrow(row, actor) != row:
        raise Denied("This message is also for domains you do not look after.")
    now = int(time.time())
    names = actor.domain_names
    if action == "retry":
        entries.retry(trace_id=trace_id, now=now, domains=names)
    elif action == "hold":
        entries.hold(trace_id=trace_id, now=now, by=actor.name, domains=names)
    elif action == "release":
        entries.release(trace_id=trace_id, now=now, by=actor.name, domains=names)
    elif action == "bounce":
        returning.bounce(trace_id=trace_id, now=now, by=actor.name, domains=names)
    else:
        entries.cancel(trace_id=trace_id, now=now, by=actor.name, domains=names)
    if action in ("retry", "release"):
        bell.ring()


def act_on_many(actor: Actor, *, action: str, trace_ids: Sequence[TraceId] = (), state: str = "active", search: str = "") -> BulkReport:
    """One thing for up to MOST messages: those named, or else those a search finds. One that cannot be done holds up no other."""
    chosen = list(trace_ids)[:MOST] or [row.trace_id for row in list_rows(actor, state=state, search=search, limit=MOST)]
    done, failed = 0, []
    for trace_id in chosen:
        try:
            act(actor, trace_id=trace_id, action=action)
            done += 1
        except MailError as error:
            failed.append((str(trace_id), error.public))
    return BulkReport(done, tuple(failed))


def narrow(row: EntryRow, actor: Actor) -> EntryRow:
    """With the recipients within reach alone, unless the message was sent from there."""
    names = actor.domain_names
    sent_here = row.source not in UNPROVED and row.sender.rpartition("@")[2].lower() in (names or ())
    if names is None or sent_here:
        return row
    return replace(row, recipients=tuple(recipient for recipient in row.recipients if recipient.destination in names))
