"""`/health`: whether this machine can take and show mail, for load balancers and monitoring. Tells nothing private.

Each part can be asked alone, `/health/queue`. A part is ok, degraded (something needs somebody) or
failing. The whole fails only with what nothing works without.
"""

import os
import socket
import time
from collections.abc import Callable
from typing import Any

import redis
from django.conf import settings
from django.db import DatabaseError, connection

from config.broker import redis_url
from mailcore.certificates import shelf

OK, DEGRADED, FAILING = "ok", "degraded", "failing"
VITAL = ("database", "disk")
OVERDUE_SECONDS = 300
CERTIFICATE_DAYS = 14
ROOM_FOR = 3
"""Of the largest message; with less, mail is refused."""
_WAITING = "SELECT COUNT(*), MIN(next_attempt_at) FROM queue_recipient WHERE state IN ('queued', 'leased')"
_LISTENERS = ("smtp", "submission", "imap")

Part = dict[str, Any]


def look(part: str = "") -> tuple[int, dict[str, Any]]:
    """(HTTP status, report) of everything or of one part. 503 where mail cannot be taken or shown, 404 for no such part."""
    if part:
        if part not in PARTS:
            return 404, {"status": "unknown", "parts": sorted(PARTS)}
        found = _ask(PARTS[part])
        return (503 if found["status"] == FAILING else 200), found
    parts = {name: _ask(check) for name, check in PARTS.items()}
    if any(parts[name]["status"] == FAILING for name in VITAL):
        return 503, {"status": FAILING, **parts}
    is_sound = all(found["status"] == OK for found in parts.values())
    return 200, {"status": OK if is_sound else DEGRADED, **parts}


def _ask(check: Callable[[], Part]) -> Part:
    try:
        return check()
    except DatabaseError:
        return {"status": FAILING}


def _database() -> Part:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return {"status": OK}


def _queue() -> Part:
    with connection.cursor() as cursor:
        cursor.execute(_WAITING)
        count, first_due = cursor.fetchone()
    late = max(0, int(time.time()) - first_due) if first_due is not None else 0
    return {"status": DEGRADED if late > OVERDUE_SECONDS else OK, "waiting": count, "seconds_overdue": late}


def _redis() -> Part:
    """A lost Redis slows things down, no more."""
    url = redis_url(settings.FACTEUR)
    if not url:
        return {"status": OK, "used": False}
    client = redis.Redis.from_url(url, socket_timeout=1.0, socket_connect_timeout=1.0)
    try:
        client.ping()
    except (redis.RedisError, OSError):
        return {"status": DEGRADED, "used": True}
    finally:
        client.close()
    return {"status": OK, "used": True}


def _disk() -> Part:
    room = os.statvfs(settings.FACTEUR.data)
    free = room.f_bavail * room.f_frsize
    return {"status": FAILING if free < ROOM_FOR * settings.FACTEUR.max_message_bytes else OK, "free_bytes": free}


def _listeners() -> Part:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.FACTEUR.bind, settings.FACTEUR.bind)
    states = {name: _answers(host, getattr(settings.FACTEUR, f"{name}_port")) for name in _LISTENERS}
    return {"status": OK if all(states.values()) else FAILING, **{name: OK if up else FAILING for name, up in states.items()}}


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1.0):
            return True
    except OSError:
        return False


def _certificate() -> Part:
    """The first to expire of all that clients are shown."""
    shown = shelf.list_shown()
    if not shown:
        return {"status": FAILING}
    days = int((shown[0].material.not_after - time.time()) // 86_400)
    return {"status": FAILING if days < 0 else DEGRADED if days < CERTIFICATE_DAYS else OK, "days_left": days, "shown": len(shown)}


PARTS: dict[str, Callable[[], Part]] = {
    "database": _database,
    "queue": _queue,
    "redis": _redis,
    "disk": _disk,
    "listeners": _listeners,
    "certificate": _certificate,
}
