"""The door of the panel: administrators only, and errors of the core as pages."""

from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from mailcore.audit.acting import Acting, Via, acting_as, new_request_id
from mailcore.directory.access import Actor, actor_of
from mailcore.directory.models import User
from mailcore.kernel.errors import Denied, MailError, NotFound

P = ParamSpec("P")
Page = Callable[Concatenate[HttpRequest, Actor, P], HttpResponse]


def for_administrators(page: Page[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Give the page its actor. Strangers are sent to the login; people without a role get a page that says so."""

    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        user = request.user
        if not isinstance(user, User):
            return redirect_to_login(request.get_full_path())
        actor = actor_of(user)
        who = Acting(actor.name, Via.PANEL, actor.user_id, request.META.get("REMOTE_ADDR", ""), new_request_id())
        with acting_as(who):
            return _open(request, user, actor, *args, **kwargs)

    def _open(request: HttpRequest, user: User, actor: Actor, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if user.role == User.Role.USER:
            return show(request, actor, "refused", {"reason": "The panel is for administrators."}, status=403)
        try:
            return page(request, actor, *args, **kwargs)
        except NotFound as error:
            return show(request, actor, "missing", {"reason": error.public}, status=404)
        except Denied as error:
            return show(request, actor, "refused", {"reason": error.public}, status=403)

    guarded.__name__, guarded.__doc__ = page.__name__, page.__doc__
    return guarded


def show(request: HttpRequest, actor: Actor, page: str, values: dict[str, Any], *, status: int = 200) -> HttpResponse:
    return render(request, f"admin_panel/{page}.html", {"actor": actor, **values}, status=status)


def try_form(form: Form, act: Callable[[], object]) -> bool:
    """Do what a valid form asks. An error of the core is put beside the field that it is about."""
    if not form.is_valid():
        return False
    try:
        act()
    except (NotFound, Denied):
        raise
    except MailError as error:
        field = getattr(error, "field", None)
        form.add_error(field if field in form.fields else None, error.public)
        return False
    return True


def try_act(request: HttpRequest, act: Callable[[], object], done: str) -> None:
    """Do what a button asks, and say how it went."""
    try:
        act()
    except (NotFound, Denied):
        raise
    except MailError as error:
        messages.error(request, error.public)
    else:
        messages.success(request, done)
