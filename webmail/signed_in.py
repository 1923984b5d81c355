"""Where a person is signed in: noted at sign-in, touched now and then, ended from afar."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone

from mailcore.kernel.errors import NotFound

from .models import WebSession

TOUCH_EVERY = 300
_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS X", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    id: int
    name: str
    peer: str
    created_at: datetime
    seen_at: datetime
    is_here: bool
    is_phone: bool


def note(request: HttpRequest, *, user_id: int) -> None:
    """Right after signing in."""
    key = request.session.session_key
    if key is None:
        return
    agent, peer = request.META.get("HTTP_USER_AGENT", "")[:300], request.META.get("REMOTE_ADDR", "")[:60]
    WebSession.objects.update_or_create(
        session_key=key, defaults={"user_id": user_id, "agent": agent, "peer": peer, "seen_at": timezone.now()}
    )
    request.session["noted_at"] = int(time.time())


def touch(request: HttpRequest) -> None:
    """Costs nothing most of the time."""
    noted = request.session.get("noted_at")
    if noted is not None and time.time() - noted > TOUCH_EVERY and request.session.session_key:
        peer = request.META.get("REMOTE_ADDR", "")[:60]
        WebSession.objects.filter(session_key=request.session.session_key).update(seen_at=timezone.now(), peer=peer)
        request.session["noted_at"] = int(time.time())


def list_places(*, user_id: int, here: str | None) -> list[Place]:
    """Living sessions only; rows of dead ones go."""
    rows = list(WebSession.objects.filter(user_id=user_id))
    alive = Session.objects.filter(session_key__in=[row.session_key for row in rows], expire_date__gt=timezone.now())
    keys = set(alive.values_list("session_key", flat=True))
    WebSession.objects.filter(user_id=user_id, seen_at__lt=timezone.now() - timedelta(hours=1)).exclude(session_key__in=keys).delete()
    return [_place(row, here) for row in rows if row.session_key in keys]


def _place(row: WebSession, here: str | None) -> Place:
    is_phone = any(mark in row.agent for mark in ("Mobi", "Android", "iPhone"))
    return Place(row.pk, describe(row.agent), row.peer, row.created_at, row.seen_at, row.session_key == here, is_phone)


def end(*, user_id: int, place_id: int) -> None:
    row = WebSession.objects.filter(user_id=user_id, pk=place_id).first()
    if row is None:
        raise NotFound("That session has ended already.")
    SessionStore(session_key=row.session_key).delete()
    row.delete()


def end_others(*, user_id: int, here: str | None) -> int:
    rows = list(WebSession.objects.filter(user_id=user_id).exclude(session_key=here or ""))
    for row in rows:
        SessionStore(session_key=row.session_key).delete()
        row.delete()
    return len(rows)


def describe(agent: str) -> str:
    browser = next((name for mark, name in _BROWSERS if mark in agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    return ", ".join(filter(None, (browser, system))) or agent[:60] or "?"
