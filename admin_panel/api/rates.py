"""How often a key may ask: 600 requests a minute, 60 of them writes with room for a burst.

Counted in the memory of one process: whose calls go to both of two may have twice as much. A batch is one
write, so that many changes are best sent in one.
"""

import threading
import time

from rest_framework.throttling import BaseThrottle

from mailcore.directory.access import Actor

ALL = (600, 600)
WRITES = (60, 120)
"""(a minute, at once)"""
MAX_KEYS = 10_000


class ByKey(BaseThrottle):
    def allow_request(self, request: object, view: object) -> bool:
        actor = getattr(request, "auth", None)
        if not isinstance(actor, Actor) or actor.key_id is None or hasattr(request._request, "batch_actor"):  # type: ignore[attr-defined]
            return True
        kinds = [("all", ALL)]
        if getattr(request, "method", "") not in ("GET", "HEAD", "OPTIONS"):
            kinds.append(("writes", WRITES))
        waits = [take((actor.key_id, kind), rate=rate, now=time.monotonic()) for kind, rate in kinds]
        self._wait = max(waits)
        return self._wait <= 0

    def wait(self) -> float:
        return self._wait


_buckets: dict[tuple[int, str], tuple[float, float]] = {}
_lock = threading.Lock()


def take(bucket: tuple[int, str], *, rate: tuple[int, int], now: float) -> float:
    """Take one; 0 where there was one, else the seconds until there is."""
    a_minute, at_once = rate
    with _lock:
        if len(_buckets) > MAX_KEYS:
            _buckets.clear()
        left, since = _buckets.get(bucket, (float(at_once), now))
        left = min(float(at_once), left + (now - since) * a_minute / 60)
        if left < 1:
            _buckets[bucket] = (left, now)
            return (1 - left) * 60 / a_minute
        _buckets[bucket] = (left - 1, now)
        return 0.0


def forget() -> None:
    _buckets.clear()
