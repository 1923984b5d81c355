"""/panel/queue"""

import time
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from admin_panel import waiting
from mailcore.directory.access import Actor
from mailcore.kernel.ids import TraceId
from mailcore.queue import destinations
from mailcore.queue.entries import EntryRow

from .gate import for_administrators, show, try_act

PAGE = 50
STATES = (("active", _("Waiting")), ("deferred", _("Put off")), ("held", _("Held")), ("failed", _("Returned")), ("all", _("All")))
_DONE = {
    "retry": gettext_noop("%(id)s is tried now."),
    "hold": gettext_noop("%(id)s is held."),
    "release": gettext_noop("%(id)s is released."),
    "cancel": gettext_noop("%(id)s is cancelled."),
    "bounce": gettext_noop("%(id)s is returned to its sender."),
}
_MANY = {"retry": "tried now", "hold": "held", "release": "released", "cancel": "cancelled", "bounce": "returned to their senders"}


@dataclass(frozen=True, slots=True)
class Line:
    row: EntryRow

    @property
    def waits(self) -> bool:
        return any(recipient.next_attempt_at for recipient in self.row.recipients)

    @property
    def tries(self) -> int:
        return max((recipient.attempts for recipient in self.row.recipients), default=0)


@require_GET
@for_administrators
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    state, search, before = request.GET.get("state", "active"), request.GET.get("q", "").strip(), request.GET.get("before", "")
    start = int(before) if before.isascii() and before.isdigit() and len(before) < 18 else None
    rows = waiting.list_rows(actor, state=state, search=search, before=start, limit=PAGE)
    places = destinations.list_waiting(domains=actor.domain_names, now=int(time.time()), limit=12)
    values = {
        "rows": rows,
        "lines": list(map(Line, rows)),
        "places": places,
        "waiting": sum(place.recipients for place in places),
        "state": state,
        "states": STATES,
        "search": search,
        "here": "queue",
        "older": rows[-1].id if len(rows) == PAGE else None,
    }
    return show(request, actor, "queue", values)


@require_POST
@for_administrators
def act(request: HttpRequest, actor: Actor, trace_id: str, action: str) -> HttpResponse:
    try_act(request, lambda: waiting.act(actor, trace_id=TraceId(trace_id), action=action), gettext(_DONE[action]) % {"id": trace_id})
    return redirect("panel:queue")


@require_POST
@for_administrators
def act_on_many(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What is ticked, or with `all` whatever the search finds. Everything that waits only where the search says so."""
    action, search, state = request.POST.get("action", ""), request.POST.get("q", "").strip(), request.POST.get("state", "active")
    chosen = [TraceId(text) for text in request.POST.getlist("pick") if len(text) <= 32]
    back = f"{reverse('panel:queue')}?{urlencode({'state': state, 'q': search})}"
    if action not in waiting.ACTIONS or not (chosen or "all" in request.POST):
        messages.error(request, gettext("Nothing was done: tick some messages first."))
        return redirect(back)
    report = waiting.act_on_many(actor, action=action, trace_ids=() if "all" in request.POST else chosen, state=state, search=search)
    if report.done:
        messages.success(request, f"{report.done} message{'' if report.done == 1 else 's'} {_MANY[action]}.")
    if report.failed:
        messages.error(request, f"{len(report.failed)} could not be: {report.failed[0][1]}")
    return redirect(back)
