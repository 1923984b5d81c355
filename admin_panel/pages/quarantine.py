"""/panel/quarantine: mail that is held until somebody has looked, and logins whose mail is."""

from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from admin_panel import policies, quarantine, waiting
from mailcore.directory.access import Actor
from mailcore.kernel.errors import NotFound
from mailcore.kernel.ids import TraceId

from .gate import for_administrators, show, try_act

PAGE = 50


@require_GET
@for_administrators
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    search, before = request.GET.get("q", "").strip(), request.GET.get("before", "")
    start = int(before) if before.isascii() and before.isdigit() and len(before) < 18 else None
    rows = quarantine.list_held(actor, search=search, before=start, limit=PAGE)
    suspects = [(one, datetime.fromtimestamp(one.at, UTC)) for one in policies.list_suspects(actor)]
    values = {
        "rows": rows,
        "suspects": suspects,
        "search": search,
        "held": waiting.count_waiting(actor)["held"],
        "older": rows[-1].row.id if len(rows) == PAGE else None,
        "here": "quarantine",
    }
    return show(request, actor, "quarantine", values)


@require_GET
@for_administrators
def held(request: HttpRequest, actor: Actor, trace_id: str) -> HttpResponse:
    return show(request, actor, "held", {"opened": quarantine.access_held(actor, trace_id=TraceId(trace_id)), "here": "quarantine"})


@require_POST
@for_administrators
def act(request: HttpRequest, actor: Actor, trace_id: str, action: str) -> HttpResponse:
    if action not in ("release", "delete"):
        raise NotFound("There is no such thing to do.")
    if not waiting.access_row(actor, trace_id=TraceId(trace_id)).is_held:
        raise NotFound("This message is not held any more.")
    is_released = action == "release"
    said = _("%(id)s is released and on its way.") if is_released else _("%(id)s is deleted. Its sender is told nothing.")
    wanted = "release" if is_released else "cancel"
    try_act(request, lambda: waiting.act(actor, trace_id=TraceId(trace_id), action=wanted), said % {"id": trace_id})
    return redirect("panel:quarantine")


@require_POST
@for_administrators
def clear(request: HttpRequest, actor: Actor) -> HttpResponse:
    is_released = "release" in request.POST
    login = request.POST.get("release" if is_released else "login", "")
    if is_released:
        said = _("%(login)s sends again, and its mail is on its way.") % {"login": login}
    else:
        said = _("%(login)s sends again. What is held stays so until you release it.") % {"login": login}
    held_mail = "release" if is_released else "keep"
    try_act(request, lambda: policies.clear_suspect(actor, login=login, held_mail=held_mail), said)
    return redirect("panel:quarantine")
