"""/panel/journey and /panel/route: where is my message, and what would happen to one."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from admin_panel import journeys
from admin_panel.api.records import require_side
from admin_panel.forms import FindMessage, RouteForm
from mailcore.delivery.rehearsing import rehearse
from mailcore.directory.access import Actor
from mailcore.kernel.ids import TraceId

from .gate import for_administrators, show


@require_GET
@for_administrators
def find(request: HttpRequest, actor: Actor) -> HttpResponse:
    search = request.GET.get("q", "").strip()
    form = FindMessage(request.GET)
    if search:
        found = journeys.find(actor, text=search)
    else:
        found = journeys.find_by(actor, **form.cleaned_data) if form.is_valid() and form.is_filled() else []
    values = {"search": search, "form": form, "asked": bool(search) or form.is_filled(), "found": found, "here": "journey"}
    return show(request, actor, "journeys", values)


@require_GET
@for_administrators
def journey(request: HttpRequest, actor: Actor, trace_id: str) -> HttpResponse:
    found = journeys.access(actor, trace_id=TraceId(trace_id))
    values = {"search": trace_id, "form": FindMessage(), "asked": True, "found": [found], "here": "journey"}
    return show(request, actor, "journeys", values)


@require_GET
@for_administrators
def route(request: HttpRequest, actor: Actor) -> HttpResponse:
    form = RouteForm(request.GET or None)
    found = None
    if form.is_valid():
        require_side(actor, sender=form.cleaned_data["sender"], recipient=form.cleaned_data["recipient"])
        found = rehearse(sender=form.cleaned_data["sender"], recipient=form.cleaned_data["recipient"])
    return show(request, actor, "route", {"form": form, "found": found, "here": "route"})
