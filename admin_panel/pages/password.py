"""/panel/password: the own password, also for administrators who have no mailbox."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from admin_panel.forms import OwnPassword
from mailcore.directory import users
from mailcore.directory.access import Actor
from mailcore.directory.authentication import authenticate
from mailcore.directory.faults import BadField
from mailcore.directory.models import User
from mailcore.kernel.errors import Denied
from mailcore.kernel.principal import Service

from .gate import for_administrators, show, try_form


@require_http_methods(["GET", "POST"])
@for_administrators
def change(request: HttpRequest, actor: Actor) -> HttpResponse:
    form = OwnPassword(request.POST or None)
    peer = request.META.get("REMOTE_ADDR", "")
    if request.method == "POST" and try_form(form, lambda: _change(actor, form.cleaned_data, peer)):
        update_session_auth_hash(request, User.objects.get(id=actor.user_id))
        messages.success(request, _("Your password is changed. Every other session is signed out."))
        return redirect("panel:overview")
    return show(request, actor, "password", {"form": form, "here": "password"})


def _change(actor: Actor, values: dict[str, str], peer: str) -> None:
    """Asks the one authentication for the old password, so guesses at it are counted."""
    try:
        authenticate(login=actor.name, secret=values["old"], service=Service.WEB, peer=peer)
    except Denied as error:
        raise BadField("old", error.public, error.detail) from error
    users.set_password(user_id=actor.user_id, password=values["password"])
