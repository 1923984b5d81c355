"""Signing in and out, in one step or two, and the way to the first page."""

import time

from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from mailcore.directory import passkeys, second_factor, second_step
from mailcore.directory.authentication import authenticate
from mailcore.directory.backends import DirectoryBackend
from mailcore.directory.models import User
from mailcore.kernel.errors import Denied
from mailcore.kernel.principal import Service

from .. import preferences, signed_in
from ..access.opening import find_mailbox
from ..proving import note_proof
from ..two_steps import note_two_steps

BACKEND = "mailcore.directory.backends.DirectoryBackend"
HALF_LASTS = 10 * 60
_YEAR = 365 * 24 * 3600


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return redirect("login")
    return redirect("folder", folder="INBOX") if has_mailbox(request) else redirect("/panel/")


@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    if request.method == "GET":
        return redirect("home") if request.user.is_authenticated else door(request)
    name = request.POST.get("login", "")
    try:
        principal = authenticate(login=name, secret=request.POST.get("password", ""), service=Service.WEB, peer=peer_of(request))
    except Denied as error:
        return door(request, name=name, error=_(error.public), status=403)
    user = DirectoryBackend().get_user(principal.user_id)
    if user is None:
        return door(request, name=name, error=_("This account is suspended."), status=403)
    stays = bool(request.POST.get("stay"))
    if second_factor.is_asked_at_door(user):
        # Nothing is open yet: the session only remembers who has still to give the code.
        request.session["half"] = [user.pk, user.auth_version, int(time.time()), stays, next_of(request)]
        return redirect("login-code")
    return enter(request, user, stays=stays, target=next_of(request))


@require_http_methods(["GET", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """The second step."""
    user = find_half(request)
    if user is None:
        return redirect("login")
    if request.method == "GET":
        return code_page(request, user)
    if not user.has_second_step:
        # A secret that waits to be confirmed counts for nothing yet.
        return code_page(request, user, status=403)
    try:
        was_paper = second_step.check(user_id=user.pk, login=user.login, code=request.POST.get("code", ""), peer=peer_of(request))
    except Denied as error:
        return code_page(request, user, error=_(error.public), status=403)
    response = enter_half(request, user)
    if was_paper:
        left = second_step.count_codes(user_id=user.pk)
        request.session["toast"] = [_("A recovery code was used. %(count)d are left") % {"count": left}, [], 0, False]
    return response


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("login")


def has_mailbox(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and find_mailbox(request.user) is not None


def enter(request: HttpRequest, user: User, *, stays: bool, target: str, has_both: bool = False) -> HttpResponse:
    """`has_both`: by two factors, which a passkey alone is."""
    login(request, user, backend=BACKEND)
    request.session.pop(second_factor.SHOWN, None)
    if has_both:
        note_two_steps(request)
    if not stays:
        request.session.set_expiry(0)
    note_proof(request)
    signed_in.note(request, user_id=user.pk)
    response = redirect(target)
    chosen = preferences.read(user)
    for name, value in (("theme", chosen.theme), ("density", chosen.density), ("language", chosen.language)):
        if value:
            response.set_cookie(name, value, max_age=_YEAR, samesite="Lax", httponly=True)
    return response


def enter_half(request: HttpRequest, user: User) -> HttpResponse:
    """For who has passed the second step too."""
    half = request.session.pop("half")
    return enter(request, user, stays=bool(half[3]), target=str(half[4]), has_both=True)


def find_half(request: HttpRequest) -> User | None:
    """Who has given the password and still owes the second step; a stale half is forgotten."""
    half = request.session.get("half")
    user = _read_half(half)
    if half is not None and user is None:
        del request.session["half"]
    return user


def _read_half(half: object) -> User | None:
    if not isinstance(half, list) or len(half) != 5 or time.time() - half[2] > HALF_LASTS:
        return None
    user = DirectoryBackend().get_user(half[0])
    return user if user is not None and user.auth_version == half[1] else None


def next_of(request: HttpRequest) -> str:
    target = request.POST.get("next", "")
    return target if target and url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure()) else "/"


def peer_of(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))


def door(request: HttpRequest, *, name: str = "", error: str = "", passkey_error: str = "", status: int = 200) -> HttpResponse:
    context = {"login": name, "error": error, "passkey_error": passkey_error, "next": request.GET.get("next", request.POST.get("next", ""))}
    return render(request, "webmail/login.html", context | envelope(request), status=status)


def code_page(request: HttpRequest, user: User, *, error: str = "", passkey_error: str = "", status: int = 200) -> HttpResponse:
    has_passkey = passkeys.has_keys(user_id=user.pk, site=passkeys.Site(request.get_host()))
    elsewhere = [] if has_passkey else sorted({key.rp_id for key in passkeys.list_keys(user_id=user.pk)})
    context = {
        "error": error,
        "passkey_error": passkey_error,
        "has_passkey": has_passkey,
        "has_code": user.has_second_step,
        "elsewhere": ", ".join(elsewhere),
    }
    return render(request, "webmail/login_code.html", context | envelope(request), status=status)


def envelope(request: HttpRequest) -> dict[str, object]:
    host = request.get_host().partition(":")[0]
    return {"host": host, "mark": host[:18], "now": timezone.now(), "is_named": passkeys.Site(request.get_host()).is_named}
