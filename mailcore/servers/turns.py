"""Turns at what may take long: so many at once, and not all of them for one peer.

Who waits does so in the loop and holds no thread. A peer whose name servers are slow on purpose
gets a share and no more.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    def __init__(self, *, at_once: int, for_one: int) -> None:
        self._at_once = at_once
        self._for_one = for_one
        self._taken: Counter[str] = Counter()
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def take(self, peer: str) -> AsyncIterator[None]:
        async with self._changed:
            await self._changed.wait_for(lambda: self._taken.total() < self._at_once and self._taken[peer] < self._for_one)
            self._taken[peer] += 1
        try:
            yield
        finally:
            self._taken[peer] -= 1
            if not self._taken[peer]:
                del self._taken[peer]
            async with self._changed:
                self._changed.notify_all()
