"""Calls from the loop, run in threads."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from mailcore.servers.crew import Crew

SIZE = 2


@pytest.fixture
def crew() -> Iterator[Crew]:
    crew = Crew(SIZE)
    yield crew
    crew.close()


def test_gives_what_a_job_returns_and_raises_what_it_raises(crew: Crew) -> None:
    async def run() -> None:
        assert await crew.call(lambda: 7) == 7
        with pytest.raises(ZeroDivisionError):
            await crew.call(lambda: 1 // 0)
        assert await crew.call(threading.get_ident) != threading.get_ident()

    asyncio.run(run())


def test_calls_who_was_busy_last(crew: Crew) -> None:
    async def run() -> None:
        both = threading.Barrier(SIZE)

        def meet() -> int:
            both.wait(10)
            return threading.get_ident()

        assert len(set(await asyncio.gather(*(crew.call(meet) for _ in range(SIZE))))) == SIZE
        assert len({await crew.call(threading.get_ident) for _ in range(10)}) == 1

    asyncio.run(run())


def test_more_calls_than_threads_wait_their_turn(crew: Crew) -> None:
    begun: list[int] = []

    async def run() -> None:
        def note(number: int) -> int:
            begun.append(number)
            return number

        assert await asyncio.gather(*(crew.call(lambda number=number: note(number)) for number in range(50))) == list(range(50))

    asyncio.run(run())
    assert sorted(begun) == list(range(50))


def test_a_cancelled_call_that_waits_is_never_begun(crew: Crew) -> None:
    begun: list[str] = []

    async def run() -> None:
        gate = threading.Event()
        busy = [asyncio.create_task(crew.call(lambda: gate.wait(10))) for _ in range(SIZE)]
        await asyncio.sleep(0)
        waiting = asyncio.create_task(crew.call(lambda: begun.append("cancelled")))
        following = asyncio.create_task(crew.call(lambda: begun.append("following")))
        await asyncio.sleep(0)
        waiting.cancel()
        gate.set()
        await asyncio.gather(*busy, following)
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(run())
    assert begun == ["following"]


def test_a_cancelled_call_that_runs_gives_its_thread_back(crew: Crew) -> None:
    async def run() -> None:
        gate = threading.Event()
        busy = [asyncio.create_task(crew.call(lambda: gate.wait(10))) for _ in range(SIZE)]
        await asyncio.sleep(0)
        for task in busy:
            task.cancel()
        gate.set()
        assert await crew.call(lambda: "done") == "done"
        assert all(isinstance(outcome, asyncio.CancelledError) for outcome in await asyncio.gather(*busy, return_exceptions=True))

    asyncio.run(run())


def test_serves_another_loop_after_one_that_ended_in_the_middle_of_a_call(crew: Crew) -> None:
    gate, over = threading.Event(), threading.Event()

    def linger() -> None:
        gate.wait(10)
        over.set()

    async def leave() -> None:
        task = asyncio.create_task(crew.call(linger))
        await asyncio.sleep(0)
        task.cancel()

    asyncio.run(leave())
    gate.set()
    assert over.wait(10)

    async def run() -> list[int]:
        return await asyncio.gather(*(crew.call(lambda: 1) for _ in range(5)))

    assert asyncio.run(run()) == [1] * 5


def test_closing_waits_for_what_runs_cancels_what_waits_and_takes_no_more() -> None:
    left: list[int] = []
    crew = Crew(1, leave=lambda: left.append(threading.get_ident()))
    done: list[str] = []

    async def run() -> None:
        gate = threading.Event()
        running = asyncio.create_task(crew.call(lambda: (gate.wait(10), done.append("running"))))
        waiting = asyncio.create_task(crew.call(lambda: done.append("waiting")))
        await asyncio.sleep(0)
        closing = asyncio.create_task(asyncio.to_thread(crew.close))
        with pytest.raises(asyncio.CancelledError):
            await waiting
        gate.set()
        await asyncio.gather(closing, running)
        with pytest.raises(RuntimeError):
            await crew.call(lambda: 1)

    asyncio.run(run())
    assert done == ["running"]
    assert len(left) == 1
