"""Headers that keep a page from running or loading anything it did not ship with.

Every response gets a strict Content-Security-Policy with a fresh nonce, unless its view set
its own (the sandboxed letter does). Also carries what a page needs before its first byte:
theme, density and time zone, from cookies whose values are checked against a list.
"""

import secrets
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

THEMES = ("system", "light", "dark")
DENSITIES = ("cosy", "compact", "roomy")


@dataclass(frozen=True, slots=True)
class Appearance:
    theme: str = "system"
    density: str = "cosy"


def page_policy(nonce: str) -> str:
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic'; style-src 'self'; img-src 'self'; font-src 'self'; "
        "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"
    )


def read_appearance(request: HttpRequest) -> Appearance:
    theme, density = request.COOKIES.get("theme", ""), request.COOKIES.get("density", "")
    return Appearance(theme if theme in THEMES else "system", density if density in DENSITIES else "cosy")


def _activate_zone(name: str) -> None:
    """The browser's own zone; a name this machine does not know means the server's."""
    try:
        timezone.activate(zoneinfo.ZoneInfo(name) if name else timezone.get_default_timezone())
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        timezone.deactivate()


class ContentSecurityPolicy:
    """Middleware. Templates read `request.csp_nonce` and `request.appearance`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        nonce = secrets.token_urlsafe(18)
        request.csp_nonce = nonce  # type: ignore[attr-defined]
        request.appearance = read_appearance(request)  # type: ignore[attr-defined]
        _activate_zone(request.COOKIES.get("tz", ""))
        response = self.get_response(request)
        headers = response.headers
        headers.setdefault("Content-Security-Policy", page_policy(nonce))
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
        headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if headers.get("Content-Type", "").startswith("text/html"):
            headers.setdefault("Cache-Control", "private, no-store")
        return response
