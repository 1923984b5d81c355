"""How often a key may ask: 600 requests a minute, 60 of them writes with room for a burst.

Counted for all web processes together (`mailcore.meters`). A batch is one write, so that many changes
are best sent in one.
"""

from rest_framework.throttling import BaseThrottle

from mailcore import meters
from mailcore.directory.access import Actor
from mailcore.meters import Rate

ALL = Rate(600, 600)
WRITES = Rate(60, 120)


class ByKey(BaseThrottle):
    def allow_request(self, request: object, view: object) -> bool:
        actor = getattr(request, "auth", None)
        if not isinstance(actor, Actor) or actor.key_id is None or hasattr(request._request, "batch_actor"):  # type: ignore[attr-defined]
            return True
        kinds = [(f"key:{actor.key_id}:all", ALL)]
        if getattr(request, "method", "") not in ("GET", "HEAD", "OPTIONS"):
            kinds.append((f"key:{actor.key_id}:writes", WRITES))
        self._wait = meters.take(kinds)
        return self._wait <= 0

    def wait(self) -> float:
        return self._wait
