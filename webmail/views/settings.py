"""The settings area: its first page with the search, and the pages made of single choices."""

from dataclasses import dataclass
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from mailcore.directory.models import User
from mailcore.kernel.errors import MailError

from .. import preferences, settings_map
from ..desk import Desk, Toast, frame, is_fragment, leave_toast, with_desk
from ..person import preferences_of
from ..preferences import Option, Preferences

_YEAR = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Choice:
    """One setting as the page shows it."""

    option: Option
    value: str
    is_locked: bool
    items: tuple[tuple[str, str], ...]

    @property
    def is_long(self) -> bool:
        return len(self.items) > 5


def settings_frame(request: HttpRequest, desk: Desk, slug: str) -> dict[str, Any]:
    """What every page of the area needs around it."""
    return frame(request, desk) | {"parts": settings_map.PARTS, "place": settings_map.find_place(slug), "here": slug}


def user_of(desk: Desk) -> User:
    return User.objects.get(id=desk.owner.principal.user_id)


@require_GET
@with_desk
def show(request: HttpRequest, desk: Desk) -> HttpResponse:
    typed = request.GET.get("q", "").strip()[:100]
    context = {"typed_setting": typed, "found": settings_map.search(typed), "parts": settings_map.PARTS}
    if is_fragment(request):
        return render(request, "webmail/settings/_found.html", context)
    return render(request, "webmail/settings/index.html", context | settings_frame(request, desk, ""))


@require_http_methods(["GET", "POST"])
@with_desk
def choices(request: HttpRequest, desk: Desk, section: str) -> HttpResponse:
    options = settings_map.options_of(section)
    chosen = preferences_of(request)
    if request.method == "POST":
        values = {one.name: _read(request, one) for one in options if one.name not in chosen.locked}
        try:
            preferences.save(cast(User, request.user), values)
        except MailError as error:
            return _page(request, desk, section, chosen, _(error.public), 422)
        with translation.override(values.get("language", chosen.language) or translation.get_language_from_request(request)):
            leave_toast(request, Toast(_("Kept")))
        return _with_cookies(redirect(f"settings-{section}"), values)
    return _page(request, desk, section, chosen)


def _page(request: HttpRequest, desk: Desk, section: str, chosen: Preferences, error: str = "", status: int = 200) -> HttpResponse:
    found = [
        Choice(
            option,
            chosen.get(option.name),
            option.name in chosen.locked,
            tuple((value, str(label)) for value, label in option.all_choices()),
        )
        for option in settings_map.options_of(section)
    ]
    context = settings_frame(request, desk, section) | {"choices": found, "error": error}
    return render(request, "webmail/settings/choices.html", context, status=status)


def _read(request: HttpRequest, option: Option) -> str:
    return request.POST.get(option.name, "no" if option.is_switch else "")


def _with_cookies(response: HttpResponse, values: dict[str, str]) -> HttpResponse:
    """The pages before signing in look the same in this browser."""
    for name in ("theme", "density", "language"):
        if values.get(name):
            response.set_cookie(name, values[name], max_age=_YEAR, samesite="Lax", httponly=True)
        elif name in values:
            response.delete_cookie(name, samesite="Lax")
    return response
