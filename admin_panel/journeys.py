"""Journeys as far as an actor may see them."""

from dataclasses import dataclass

from admin_panel.waiting import UNPROVED
from mailcore.directory.access import Actor
from mailcore.kernel.errors import NotFound
from mailcore.kernel.ids import TraceId
from mailcore.queue import journey
from mailcore.queue.journey import Stage, Step, Wanted
from mailcore.store import contents

_ENTRY_STAGES = frozenset({Stage.RECEIVED, Stage.QUEUED, Stage.HELD})


@dataclass(frozen=True, slots=True)
class Journey:
    trace_id: str
    message_id: str
    steps: tuple[Step, ...]


def find(actor: Actor, *, text: str, limit: int = 20) -> list[Journey]:
    """Journeys by Message-ID, address or trace id, newest first."""
    wanted = text.strip()
    if not wanted:
        return []
    names = actor.domain_names
    traces = journey.find_traces(message_id=wanted, domains=names, limit=limit)
    if not traces and "@" in wanted:
        traces = journey.find_traces(address=wanted.strip("<>"), domains=names, limit=limit)
    if not traces:
        traces = [TraceId(wanted)]
    found = (_read(actor, trace_id) for trace_id in traces)
    return [one for one in found if one is not None]


def find_by(
    actor: Actor, *, sender: str = "", recipient: str = "", subject: str = "", since: int = 0, until: int = 0, limit: int = 20
) -> list[Journey]:
    """Journeys by what somebody remembers of a message; what is "" or 0 is not known."""
    message_ids = contents.find_message_ids(subject=subject) if subject else ()
    if subject and not message_ids:
        return []
    wanted = Wanted(message_ids=message_ids, sender=sender.strip("<>"), recipient=recipient.strip("<>"), since=since, until=until)
    found = (_read(actor, trace_id) for trace_id in journey.search(wanted, domains=actor.domain_names, limit=limit))
    return [one for one in found if one is not None]


def access(actor: Actor, *, trace_id: TraceId) -> Journey:
    found = _read(actor, trace_id)
    if found is None:
        raise NotFound("Nothing is known of this message.")
    return found


def _read(actor: Actor, trace_id: TraceId) -> Journey | None:
    """One journey; of a message for several domains, only the steps of those within reach."""
    steps = journey.list_steps(trace_id=trace_id)
    names = actor.domain_names
    if names is not None:
        own = [step for step in steps if step.domain in names]
        sent_here = any(step.stage == Stage.RECEIVED and step.verdict not in UNPROVED for step in own)
        if not own:
            return None
        if not sent_here:
            steps = [step for step in steps if step.domain in names or (not step.address and step.stage in _ENTRY_STAGES)]
    if not steps:
        return None
    message_id = next((step.message_id for step in steps if step.message_id), "")
    return Journey(trace_id, message_id, tuple(steps))
