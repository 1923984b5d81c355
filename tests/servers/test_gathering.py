"""One turn for all who came during the one before; each gets its own answer."""

import asyncio
from collections.abc import Sequence

import pytest

from mailcore.servers.gathering import Gathering


class Doubling:
    """Doubles numbers, slowly; thirteen is refused, and a turn with a negative one fails as a whole."""

    def __init__(self) -> None:
        self.turns: list[list[int]] = []
        self.may_go_on = asyncio.Event()

    async def __call__(self, items: Sequence[int]) -> list[int | Exception]:
        self.turns.append(list(items))
        await self.may_go_on.wait()
        if min(items) < 0:
            raise RuntimeError("negative")
        return [ValueError("thirteen") if item == 13 else item * 2 for item in items]


async def ask(gathering: Gathering[int, int], number: int) -> int | str:
    try:
        return await gathering.call(number)
    except (ValueError, RuntimeError) as error:
        return str(error)


def test_what_comes_during_a_turn_shares_the_next() -> None:
    async def run() -> None:
        double = Doubling()
        gathering: Gathering[int, int] = Gathering(double)
        first = asyncio.create_task(ask(gathering, 1))
        while not double.turns:
            await asyncio.sleep(0)
        rest = [asyncio.create_task(ask(gathering, number)) for number in (10, 13, 11)]
        await asyncio.sleep(0)
        double.may_go_on.set()
        assert await first == 2
        assert await asyncio.gather(*rest) == [20, "thirteen", 22]
        assert double.turns == [[1], [10, 13, 11]]
        assert await asyncio.gather(ask(gathering, -1), ask(gathering, 3)) == ["negative", "negative"]
        assert await ask(gathering, 4) == 8, "a turn that failed is not the last"

    asyncio.run(run())


def test_a_turn_waits_for_as_many_as_there_were_and_no_longer_than_a_moment() -> None:
    async def run() -> None:
        double = Doubling()
        double.may_go_on.set()
        gathering: Gathering[int, int] = Gathering(double)
        for number in (1, 2):
            await ask(gathering, number)
        await asyncio.gather(ask(gathering, 3), ask(gathering, 4))
        first = asyncio.create_task(ask(gathering, 5))
        for _ in range(5):
            await asyncio.sleep(0)
        assert double.turns == [[1], [2], [3, 4]], "it waits for the other one"
        assert await ask(gathering, 6) == 12
        assert await first == 10
        assert double.turns[3:] == [[5, 6]]
        assert await ask(gathering, 7) == 14, "the other one stays away this time"
        assert double.turns[4:] == [[7]]

    asyncio.run(run())


def test_an_asker_that_left_costs_the_others_nothing() -> None:
    async def run() -> None:
        double = Doubling()
        gathering: Gathering[int, int] = Gathering(double)
        leaving, staying = asyncio.create_task(ask(gathering, 1)), asyncio.create_task(ask(gathering, 2))
        while not double.turns:
            await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.sleep(0)
        double.may_go_on.set()
        assert await staying == 4
        with pytest.raises(asyncio.CancelledError):
            await leaving

    asyncio.run(run())
