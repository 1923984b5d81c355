"""Letters that wait for their time: seen, called back, sent sooner."""

from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from mailcore.kernel.errors import BadSyntax

from .. import outbox, recalling
from ..desk import Desk, Toast, frame, leave_toast, with_desk


@require_GET
@with_desk
def index(request: HttpRequest, desk: Desk) -> HttpResponse:
    recalling.file_departed(owner=desk.owner, mail=desk.mail)
    waiting = recalling.list_scheduled(owner=desk.owner)
    return render(request, "webmail/scheduled.html", {"waiting": waiting} | frame(request, desk))


@require_POST
@with_desk
def undo(request: HttpRequest, desk: Desk, outgoing_id: int) -> HttpResponse:
    """Back into a draft, which is opened."""
    writing = recalling.call_back(outgoing_id=outgoing_id, owner=desk.owner, mail=desk.mail)
    leave_toast(request, Toast(_("Called back. It is a draft again")))
    return redirect(f"{reverse('compose')}?draft={writing.key}")


@require_POST
@with_desk
def hurry(request: HttpRequest, desk: Desk, outgoing_id: int) -> HttpResponse:
    recalling.hurry(outgoing_id=outgoing_id, owner=desk.owner, mail=desk.mail)
    leave_toast(request, Toast(_("Sent")))
    return redirect("scheduled")


@require_POST
@with_desk
def put_off(request: HttpRequest, desk: Desk, outgoing_id: int) -> HttpResponse:
    moment = outbox.read_time(request.POST.get("when", ""), timezone.localtime())
    if moment <= timezone.now().timestamp():
        raise BadSyntax(_("That time has passed."))
    recalling.put_off(outgoing_id=outgoing_id, owner=desk.owner, due_at=datetime.fromtimestamp(moment, UTC))
    leave_toast(request, Toast(_("Put off")))
    return redirect("scheduled")
