"""Whether SCRAM is offered just now: asked of the directory now and then, not at every connection."""

import time

from mailcore.directory import scram_keys
from mailcore.directory.scram import ScramDirectory
from mailcore.kernel.ports import ScramPort

from .bridge import Bridge

SECONDS = 60.0
SECONDS_WHEN_OPEN = 600.0
"""That nothing lacks its key takes a look at every login; that one does, at one."""


class ScramOffer:
    def __init__(self) -> None:
        self._port: ScramPort = ScramDirectory()
        self._is_open = False
        self._asked_at = float("-inf")

    async def find(self, bridge: Bridge) -> ScramPort | None:
        """The port, None while some login has no key for it yet."""
        now = time.monotonic()
        if now - self._asked_at >= (SECONDS_WHEN_OPEN if self._is_open else SECONDS):
            self._asked_at = now
            self._is_open = await bridge.call(scram_keys.is_complete)
        return self._port if self._is_open else None
