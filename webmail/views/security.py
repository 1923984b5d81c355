"""Password and second step of the person's own account."""

from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from mailcore.directory import users
from mailcore.directory.authentication import authenticate
from mailcore.kernel.errors import Denied, MailError
from mailcore.kernel.principal import Service

from ..desk import Desk, Toast, leave_toast, with_desk
from .settings import settings_frame, user_of


@require_GET
@with_desk
def show(request: HttpRequest, desk: Desk) -> HttpResponse:
    return _page(request, desk, {})


@require_POST
@with_desk
def set_password(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The old password is asked for, so that a page left open cannot take the account away."""
    new = request.POST.get("new", "")
    if new != request.POST.get("again", ""):
        return _page(request, desk, {"again": _("The two new passwords differ.")}, status=422)
    peer = request.META.get("REMOTE_ADDR", "")
    try:
        authenticate(login=desk.owner.principal.login, secret=request.POST.get("old", ""), service=Service.WEB, peer=peer)
    except Denied:
        return _page(request, desk, {"old": _("That is not your present password.")}, status=422)
    try:
        users.set_password(user_id=desk.owner.principal.user_id, password=new)
    except MailError as error:
        return _page(request, desk, {"new": error.public}, status=422)
    update_session_auth_hash(request, user_of(desk))
    leave_toast(request, Toast(_("Password changed. Other sessions are signed out")))
    return redirect("security")


def _page(request: HttpRequest, desk: Desk, faults: dict[str, str], status: int = 200) -> HttpResponse:
    return render(request, "webmail/settings/security.html", settings_frame(request, desk, "security") | {"faults": faults}, status=status)
