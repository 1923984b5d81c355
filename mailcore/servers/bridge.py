"""The one place where the asyncio loop meets the synchronous core.

A call runs in a thread of the crew that keeps its Django connections between calls. A stream runs
from first to last piece in one thread, because a database cursor must not change threads.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Any, ParamSpec, TypeVar

from django.db import connections

from .crew import Crew
from .gathering import Gathering

P = ParamSpec("P")
T = TypeVar("T")
Item = TypeVar("Item")

THREADS = 24
"""A slow reader holds a thread (and a database connection) while its answer is sent."""
PIECE = 65_536


class Bridge:
    def __init__(self, threads: int = THREADS) -> None:
        self._crew = Crew(threads, leave=connections.close_all)
        self._gatherings: dict[Callable[..., Any], Gathering[Any, Any]] = {}

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of a core function; its exceptions pass."""
        return await self._crew.call(partial(_tidy, partial(function, *args, **kwargs)))

    async def call_together(self, function: Callable[[Sequence[Item]], Sequence[T | Exception]], item: Item) -> T:
        """The outcome of one item of a core function that takes many; see `Gathering`."""
        gathering = self._gatherings.get(function)
        if gathering is None:

            def ask(items: Sequence[Item]) -> Awaitable[Sequence[T | Exception]]:
                return self.call(function, items)

            gathering = self._gatherings[function] = Gathering(ask)
        outcome: T = await gathering.call(item)
        return outcome

    async def stream(self, pieces: Iterable[bytes], send: Callable[[bytes], Awaitable[None]]) -> bytes:
        """Run a lazy answer, sending whenever enough has gathered; the unsent rest is returned.

        A short answer costs one hop to a thread. A long one waits for `send` in its thread,
        so memory stays bounded however slow the client is.
        """
        loop = asyncio.get_running_loop()

        def run() -> bytes:
            gathered: list[bytes] = []
            size = 0
            for piece in pieces:
                gathered.append(piece)
                size += len(piece)
                if size >= PIECE:
                    asyncio.run_coroutine_threadsafe(_as_coroutine(send, b"".join(gathered)), loop).result()
                    gathered, size = [], 0
            return b"".join(gathered)

        return await self.call(run)

    def close(self) -> None:
        """Wait for running calls and end the threads, closing their database connections."""
        self._crew.close()


async def _as_coroutine(send: Callable[[bytes], Awaitable[None]], data: bytes) -> None:
    await send(data)


def _tidy(function: Callable[[], T]) -> T:
    """Run a call; a connection that broke or grew too old is not kept for the next one."""
    try:
        return function()
    finally:
        for connection in connections.all(initialized_only=True):
            connection.close_if_unusable_or_obsolete()
