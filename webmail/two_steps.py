"""Middleware: where a second factor is required, nothing of webmail and panel is open before it is there and was shown.

Who has none is led to the page that sets one up; who has one and came in without it signs in again.
"""

from collections.abc import Callable
from urllib.parse import urlencode

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from mailcore.directory import second_factor
from mailcore.directory.models import User
from mailcore.directory.second_factor import Standing

from .desk import is_fragment

_ELSEWHERE = ("/api/", "/login", "/logout", "/settings/code", "/settings/required")
"""What has its own door (keys), and what leads in and out."""


class SecondFactorFirst:
    """Stands after authentication."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(_ELSEWHERE) or not isinstance(request.user, User):
            return self.get_response(request)
        match second_factor.judge(request.user, request.session):
            case Standing.LACKING:
                return _lead(request, reverse("second-factor"))
            case Standing.UNSHOWN:
                logout(request)
                return _lead(request, reverse("login"))
            case Standing.OPEN:
                return self.get_response(request)


def note_two_steps(request: HttpRequest) -> None:
    """This session was opened by two factors."""
    request.session[second_factor.SHOWN] = True


def _lead(request: HttpRequest, place: str) -> HttpResponse:
    if is_fragment(request):
        return HttpResponse(status=403, headers={"HX-Redirect": place})
    target = f"{place}?{urlencode({'next': request.get_full_path()})}" if request.method == "GET" and request.path != "/" else place
    return redirect(target)
