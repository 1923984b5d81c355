"""Step-up: what could take an account over is done only shortly after the password was given.

A payload in a letter or an open browser in a library must not add a forward or an app password.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from .desk import Desk, frame

P = ParamSpec("P")
LASTS = 15 * 60
_KEPT = "kept."
MAX_KEPT = 200_000


def note_proof(request: HttpRequest) -> None:
    request.session["proved_at"] = int(time.time())


def is_proved(request: HttpRequest) -> bool:
    return time.time() - float(request.session.get("proved_at", 0)) < LASTS


def with_proof(
    view: Callable[Concatenate[HttpRequest, Desk, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, Desk, P], HttpResponse]:
    """Stands within `with_desk`. A page is asked for again afterwards; what a form sent is carried along."""

    @wraps(view)
    def wrapped(request: HttpRequest, desk: Desk, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if is_proved(request):
            return view(request, desk, *args, **kwargs)
        if request.method == "GET":
            return redirect(f"{reverse('prove')}?{urlencode({'next': request.get_full_path()})}")
        kept = [(f"{_KEPT}{name}", value) for name, values in request.POST.lists() if name != "csrfmiddlewaretoken" for value in values]
        return ask(request, desk, target=request.get_full_path(), kept=kept, status=403)

    return cast(Callable[Concatenate[HttpRequest, Desk, P], HttpResponse], wrapped)


def read_kept(request: HttpRequest) -> list[tuple[str, str]]:
    return [(name, value) for name, values in request.POST.lists() if name.startswith(_KEPT) for value in values]


def ask(
    request: HttpRequest, desk: Desk, *, target: str, kept: list[tuple[str, str]], fault: str = "", is_done: bool = False, status: int = 200
) -> HttpResponse:
    """The question; with `is_done` the button that sends what was kept."""
    fields = [(name.removeprefix(_KEPT) if is_done else name, value) for name, value in kept]
    context: dict[str, Any] = {"target": target, "kept": fields, "fault": fault, "is_done": is_done}
    return render(request, "webmail/settings/prove.html", context | frame(request, desk), status=status)
