"""A message's journey in plain words, cut to what this reader may see.

A recipient sees their own stops, an authenticated sender sees all of their message's. A
Message-ID alone opens nothing: it can be written by anybody.
"""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext, gettext_lazy, ngettext

from mailcore.queue import journey
from mailcore.queue.journey import Stage, Step

from .access.opening import Owner
from .access.port import Letter

_OWN_SOURCES = frozenset(("web", "submission", "api"))
_TITLES = {
    Stage.RECEIVED: gettext_lazy("Facteur took it"),
    Stage.QUEUED: gettext_lazy("It was put on its way"),
    Stage.ROUTED: gettext_lazy("The way was chosen"),
    Stage.DELIVERED: gettext_lazy("It was put in the mailbox"),
    Stage.DEFERRED: gettext_lazy("It has to wait"),
    Stage.SENT: gettext_lazy("The next server took it"),
    Stage.FAILED: gettext_lazy("It could not be delivered"),
    Stage.BOUNCED: gettext_lazy("It went back to its sender"),
    Stage.DISCARDED: gettext_lazy("It was taken out"),
    Stage.HELD: gettext_lazy("It is held"),
}
_TROUBLE = frozenset((Stage.DEFERRED, Stage.FAILED, Stage.BOUNCED, Stage.DISCARDED, Stage.HELD))
_ENDS = frozenset((Stage.DELIVERED, Stage.SENT))


@dataclass(frozen=True, slots=True)
class Stop:
    at: datetime
    title: str
    address: str
    text: str
    code: int
    look: str
    """ "", "warn" or "end"."""


@dataclass(frozen=True, slots=True)
class Story:
    title: str
    is_own: bool
    """Sent by the reader, with their login."""
    trace_ids: tuple[str, ...]
    stops: tuple[Stop, ...]


def tell(*, letter: Letter, owner: Owner) -> Story:
    own = owner.principal.address.casefold()
    found: list[Step] = []
    traces: list[str] = []
    if letter.message_id.strip("<> "):
        for trace_id in journey.find_traces(message_id=letter.message_id, limit=10):
            steps = visible(journey.list_steps(trace_id=trace_id), own)
            if steps:
                traces.append(trace_id)
                found += steps
    found.sort(key=lambda step: step.at)
    return Story(_title(found), any(is_own(step, own) for step in found), tuple(traces), tuple(_stop(step) for step in found))


def visible(steps: list[Step], own: str) -> list[Step]:
    """All of it to the one who sent it with a login; to a recipient what concerns them."""
    if any(is_own(step, own) for step in steps):
        return steps
    if not any(step.stage != Stage.RECEIVED and step.address.casefold() == own for step in steps):
        return []
    return [step for step in steps if step.stage == Stage.RECEIVED or step.address.casefold() in (own, "")]


def is_own(step: Step, own: str) -> bool:
    return step.stage == Stage.RECEIVED and step.verdict in _OWN_SOURCES and step.address.casefold() == own


def _title(steps: list[Step]) -> str:
    if not steps:
        return gettext("Its journey is not on record")
    ends = [step for step in steps if step.stage in _ENDS]
    if any(step.stage in (Stage.FAILED, Stage.BOUNCED) for step in steps):
        return gettext("It did not reach everybody")
    if not ends:
        return gettext("It is on its way")
    taken = ends[-1].at - steps[0].at
    if taken < 120:
        return ngettext("It arrived within %(count)d second", "It arrived within %(count)d seconds", taken + 1) % {"count": taken + 1}
    return gettext("It arrived after %(count)d minutes") % {"count": taken // 60}


def _stop(step: Step) -> Stop:
    look = "warn" if step.stage in _TROUBLE else "end" if step.stage in _ENDS else ""
    title = next((str(text) for stage, text in _TITLES.items() if stage == step.stage), step.stage)
    return Stop(step.when, title, step.address, step.text, step.code, look)
