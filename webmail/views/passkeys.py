"""Passkeys: those of the account, and the door they open.

Signing in is a question as JSON and an answer as an ordinary form, so that what comes of it is an ordinary page.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from mailcore.directory import asking, passkeys
from mailcore.directory.passkeys import Site
from mailcore.kernel.errors import Denied, MailError

from ..desk import Desk, Toast, leave_toast, with_desk
from ..proving import with_proof
from ..two_steps import note_two_steps
from . import session
from .settings import settings_frame


def site_of(request: HttpRequest) -> Site:
    return Site(request.get_host())


@require_http_methods(["GET", "POST"])
@with_desk
@with_proof
def index(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The list; POST keeps what the browser made."""
    user_id = desk.owner.principal.user_id
    faults: dict[str, str] = {}
    if request.method == "POST":
        try:
            challenge = asking.take(request.session, purpose="register")
            answer, name = request.POST.get("answer", ""), request.POST.get("name", "")
            passkeys.finish_registration(user_id=user_id, site=site_of(request), challenge=challenge, answer=answer, name=name)
            note_two_steps(request)
            leave_toast(request, Toast(_("The passkey is kept. It opens this account from now on")))
            return redirect("passkeys")
        except MailError as error:
            faults[getattr(error, "field", "answer")] = _(error.public)
    context = settings_frame(request, desk, "passkeys") | {
        "rows": passkeys.list_keys(user_id=user_id),
        "faults": faults,
        "typed_name": request.POST.get("name", ""),
        "is_named": site_of(request).is_named,
        "rp_id": site_of(request).rp_id,
    }
    return render(request, "webmail/settings/passkeys.html", context, status=422 if faults else 200)


@require_POST
@with_desk
@with_proof
def begin(request: HttpRequest, desk: Desk) -> HttpResponse:
    question = passkeys.begin_registration(user_id=desk.owner.principal.user_id, site=site_of(request))
    return as_json(asking.keep(request.session, question, purpose="register"))


@require_POST
@with_desk
@with_proof
def rename(request: HttpRequest, desk: Desk, passkey_id: int) -> HttpResponse:
    passkeys.rename(user_id=desk.owner.principal.user_id, passkey_id=passkey_id, name=request.POST.get("name", ""))
    leave_toast(request, Toast(_("Kept")))
    return redirect("passkeys")


@require_POST
@with_desk
@with_proof
def remove(request: HttpRequest, desk: Desk, passkey_id: int) -> HttpResponse:
    passkeys.remove(user_id=desk.owner.principal.user_id, passkey_id=passkey_id)
    leave_toast(request, Toast(_("Taken away. That passkey opens nothing any more")))
    return redirect("passkeys")


@require_POST
def ask_at_door(request: HttpRequest) -> HttpResponse:
    return as_json(asking.keep(request.session, passkeys.begin_login(site=site_of(request)), purpose="door"))


@sensitive_post_parameters("answer")
@require_POST
def sign_in(request: HttpRequest) -> HttpResponse:
    """The passkey alone: having it and being its owner are two steps."""
    challenge = asking.take(request.session, purpose="door")
    try:
        user = passkeys.finish_login(
            site=site_of(request), challenge=challenge, answer=request.POST.get("answer", ""), peer=session.peer_of(request)
        )
    except Denied as error:
        return session.door(request, name=request.POST.get("login", ""), passkey_error=_(error.public), status=403)
    return session.enter(request, user, stays=bool(request.POST.get("stay")), target=session.next_of(request), has_both=True)


@require_POST
def ask_second(request: HttpRequest) -> HttpResponse:
    user = session.find_half(request)
    if user is None:
        return HttpResponse(status=409)
    question = passkeys.begin_login(site=site_of(request), user_id=user.pk)
    return as_json(asking.keep(request.session, question, purpose="second"))


@sensitive_post_parameters("answer")
@require_POST
def second(request: HttpRequest) -> HttpResponse:
    """The passkey in the place of a code."""
    challenge = asking.take(request.session, purpose="second")
    user = session.find_half(request)
    if user is None:
        return redirect("login")
    try:
        passkeys.finish_login(
            site=site_of(request),
            challenge=challenge,
            answer=request.POST.get("answer", ""),
            peer=session.peer_of(request),
            user_id=user.pk,
        )
    except Denied as error:
        return session.code_page(request, user, passkey_error=_(error.public), status=403)
    return session.enter_half(request, user)


def as_json(text: str) -> HttpResponse:
    return HttpResponse(text, content_type="application/json", headers={"Cache-Control": "no-store"})
