"""Signing in and out, and the way to the first page."""

from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from mailcore.directory.authentication import authenticate
from mailcore.directory.backends import DirectoryBackend
from mailcore.directory.models import User
from mailcore.kernel.errors import Denied
from mailcore.kernel.principal import Service

from ..access.opening import find_mailbox

BACKEND = "mailcore.directory.backends.DirectoryBackend"


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return redirect("login")
    return redirect("folder", folder="INBOX") if has_mailbox(request) else redirect("/panel/")


@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    if request.method == "GET":
        return redirect("home") if request.user.is_authenticated else _page(request, "", "")
    name = request.POST.get("login", "")
    try:
        principal = authenticate(
            login=name, secret=request.POST.get("password", ""), service=Service.WEB, peer=request.META.get("REMOTE_ADDR", "")
        )
    except Denied as error:
        return _page(request, name, error.public, status=403)
    user = DirectoryBackend().get_user(principal.user_id)
    if user is None:
        return _page(request, name, "This account is suspended.", status=403)
    login(request, user, backend=BACKEND)
    if not request.POST.get("stay"):
        request.session.set_expiry(0)
    return redirect(_next(request))


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("login")


def has_mailbox(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and find_mailbox(request.user) is not None


def _next(request: HttpRequest) -> str:
    target = request.POST.get("next", "")
    return target if target and url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure()) else "/"


def _page(request: HttpRequest, name: str, error: str, status: int = 200) -> HttpResponse:
    host = request.get_host().partition(":")[0]
    context = {
        "login": name,
        "error": error,
        "next": request.GET.get("next", request.POST.get("next", "")),
        "host": host,
        "mark": host[:18],
        "now": timezone.now(),
    }
    return render(request, "webmail/login.html", context, status=status)
