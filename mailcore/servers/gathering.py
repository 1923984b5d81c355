"""What many sessions ask at the same time, asked of the core together.

One turn runs at a time. What comes meanwhile is the next turn's, so one hop to a thread, and one
commit, serve more sessions the more there are, and a lone one waits for nobody.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

MAX_TURN = 256


class Gathering(Generic[Item, Outcome]):
    """`ask` returns one outcome an item, in order; an exception among them is raised to its asker alone."""

    def __init__(self, ask: Callable[[Sequence[Item]], Awaitable[Sequence[Outcome | Exception]]]) -> None:
        self._ask = ask
        self._waiting: list[tuple[Item, asyncio.Future[Outcome]]] = []
        self._turns: asyncio.Task[None] | None = None

    async def call(self, item: Item) -> Outcome:
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        if self._turns is None or self._turns.done():
            self._turns = asyncio.create_task(self._take_turns())
        return await answer

    async def _take_turns(self) -> None:
        while self._waiting:
            turn = self._waiting[:MAX_TURN]
            del self._waiting[:MAX_TURN]
            await self._take(turn)

    async def _take(self, turn: Sequence[tuple[Item, asyncio.Future[Outcome]]]) -> None:
        outcomes: Sequence[Outcome | Exception]
        try:
            outcomes = await self._ask([item for item, _ in turn])
        except Exception as error:
            outcomes = [error] * len(turn)
        for (_, answer), outcome in zip(turn, outcomes, strict=True):
            if answer.done():  # its session is gone
                continue
            if isinstance(outcome, Exception):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)
