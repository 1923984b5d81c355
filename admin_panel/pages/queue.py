"""/panel/queue and /panel/journey"""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from admin_panel import journeys, waiting
from mailcore.directory.access import Actor
from mailcore.kernel.ids import TraceId
from mailcore.queue.entries import EntryRow

from .gate import for_administrators, show, try_act

PAGE = 50
STATES = (("active", "Waiting"), ("deferred", "Put off"), ("held", "Held"), ("failed", "Returned"), ("all", "All"))
_DONE = {"retry": "is tried now", "hold": "is held", "release": "is released", "cancel": "is cancelled"}


@dataclass(frozen=True, slots=True)
class Line:
    row: EntryRow

    @property
    def waits(self) -> bool:
        return any(recipient.next_attempt_at for recipient in self.row.recipients)


@require_GET
@for_administrators
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    state, search, before = request.GET.get("state", "active"), request.GET.get("q", "").strip(), request.GET.get("before", "")
    start = int(before) if before.isascii() and before.isdigit() and len(before) < 18 else None
    rows = waiting.list_rows(actor, state=state, search=search, before=start, limit=PAGE)
    destinations = {recipient.destination for row in rows for recipient in row.recipients if recipient.next_attempt_at}
    values = {
        "rows": rows,
        "lines": list(map(Line, rows)),
        "destinations": len(destinations),
        "state": state,
        "states": STATES,
        "search": search,
        "here": "queue",
    }
    return show(request, actor, "queue", values | {"older": rows[-1].id if len(rows) == PAGE else None})


@require_POST
@for_administrators
def act(request: HttpRequest, actor: Actor, trace_id: str, action: str) -> HttpResponse:
    try_act(request, lambda: waiting.act(actor, trace_id=TraceId(trace_id), action=action), f"{trace_id} {_DONE[action]}.")
    return redirect("panel:queue")


@require_GET
@for_administrators
def find(request: HttpRequest, actor: Actor) -> HttpResponse:
    search = request.GET.get("q", "").strip()
    return show(request, actor, "journeys", {"search": search, "found": journeys.find(actor, text=search), "here": "journey"})


@require_GET
@for_administrators
def journey(request: HttpRequest, actor: Actor, trace_id: str) -> HttpResponse:
    found = journeys.access(actor, trace_id=TraceId(trace_id))
    return show(request, actor, "journeys", {"search": trace_id, "found": [found], "here": "journey"})
