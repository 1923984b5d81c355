"""`/health`: whether this machine can take and show mail, for load balancers and monitoring. Tells nothing private."""

import time
from typing import Any

import redis
from django.conf import settings
from django.db import DatabaseError, connection

from config.broker import redis_url

_WAITING = "SELECT COUNT(*), MIN(next_attempt_at) FROM queue_recipient WHERE state IN ('queued', 'leased')"


def look() -> tuple[int, dict[str, Any]]:
    """(HTTP status, report). 503 only where mail cannot be taken: a lost Redis slows things down, no more."""
    report: dict[str, Any] = {"status": "ok", "database": "ok", "redis": _look_at_redis()}
    try:
        with connection.cursor() as cursor:
            cursor.execute(_WAITING)
            count, first_due = cursor.fetchone()
    except DatabaseError:
        return 503, report | {"status": "failing", "database": "failing"}
    late = max(0, int(time.time()) - first_due) if first_due is not None else 0
    return 200, report | {"queue": {"waiting": count, "seconds_overdue": late}}


def _look_at_redis() -> str:
    url = redis_url(settings.FACTEUR)
    if not url:
        return "none"
    client = redis.Redis.from_url(url, socket_timeout=1.0, socket_connect_timeout=1.0)
    try:
        client.ping()
    except (redis.RedisError, OSError):
        return "failing"
    finally:
        client.close()
    return "ok"
