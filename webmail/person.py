"""Middleware: what a page looks and reads like to the person who asks for it.

Signed in, their preferences decide; before that the cookies of this browser and its
Accept-Language. Sets `request.preferences`, `request.appearance`, the language and the zone.
"""

import zoneinfo
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from mailcore.directory.models import User

from . import preferences, signed_in
from .preferences import Preferences
from .security import Appearance


def preferences_of(request: HttpRequest) -> Preferences:
    found = getattr(request, "preferences", None)
    return found if isinstance(found, Preferences) else Preferences()


class Person:
    """Stands after authentication."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/api/"):
            return self.get_response(request)
        language = ""
        if isinstance(request.user, User):
            chosen = preferences.read(request.user)
            signed_in.touch(request)
            request.preferences = chosen  # type: ignore[attr-defined]
            request.appearance = Appearance(chosen.theme, chosen.density)  # type: ignore[attr-defined]
            if chosen.time_zone:
                timezone.activate(zoneinfo.ZoneInfo(chosen.time_zone))
            language = chosen.language
        with translation.override(language or translation.get_language_from_request(request)):
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language() or "en-gb")
        return response
