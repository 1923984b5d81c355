"""The person's own settings: how it looks, and the password."""

from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from mailcore.directory import users
from mailcore.directory.authentication import authenticate
from mailcore.directory.models import User
from mailcore.kernel.errors import Denied, MailError
from mailcore.kernel.principal import Service

from ..desk import Desk, Toast, frame, leave_toast, with_desk
from ..security import DENSITIES, THEMES

_YEAR = 365 * 24 * 3600
THEME_LABELS = (("system", "As the system"), ("light", "Light"), ("dark", "Dark"))
DENSITY_LABELS = (("cosy", "Cosy"), ("compact", "Compact"), ("roomy", "Roomy"))


@require_GET
@with_desk
def show(request: HttpRequest, desk: Desk) -> HttpResponse:
    return _page(request, desk, {})


@require_POST
@with_desk
def set_look(request: HttpRequest, desk: Desk) -> HttpResponse:
    leave_toast(request, Toast("Kept for this browser"))
    response = redirect("settings")
    for name, allowed in (("theme", THEMES), ("density", DENSITIES)):
        if request.POST.get(name) in allowed:
            response.set_cookie(name, request.POST[name], max_age=_YEAR, samesite="Lax", httponly=True)
    return response


@require_POST
@with_desk
def set_password(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The old password is asked for, so that a page left open cannot take the account away."""
    new = request.POST.get("new", "")
    if new != request.POST.get("again", ""):
        return _page(request, desk, {"again": "The two new passwords differ."}, status=422)
    peer = request.META.get("REMOTE_ADDR", "")
    try:
        authenticate(login=desk.owner.principal.login, secret=request.POST.get("old", ""), service=Service.WEB, peer=peer)
    except Denied:
        return _page(request, desk, {"old": "That is not your present password."}, status=422)
    try:
        users.set_password(user_id=desk.owner.principal.user_id, password=new)
    except MailError as error:
        return _page(request, desk, {"new": error.public}, status=422)
    update_session_auth_hash(request, User.objects.get(id=desk.owner.principal.user_id))
    leave_toast(request, Toast("Password changed. Other sessions are signed out"))
    return redirect("settings")


def _page(request: HttpRequest, desk: Desk, faults: dict[str, str], status: int = 200) -> HttpResponse:
    return render(
        request,
        "webmail/settings.html",
        frame(request, desk) | {"faults": faults, "themes": THEME_LABELS, "densities": DENSITY_LABELS},
        status=status,
    )
