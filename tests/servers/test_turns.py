"""Turns: the limits hold, nobody waits for ever, a cancelled one gives its turn back."""

import asyncio

from mailcore.servers.turns import Turns


def test_a_peer_gets_a_share_and_no_more() -> None:
    async def run() -> None:
        turns, done, inside = Turns(at_once=3, for_one=2), asyncio.Event(), list[str]()

        async def work(peer: str) -> None:
            async with turns.take(peer):
                inside.append(peer)
                try:
                    await done.wait()
                finally:
                    inside.remove(peer)

        tasks = [asyncio.create_task(work(peer)) for peer in ("a", "a", "a", "a", "b", "b")]
        for _ in range(20):
            await asyncio.sleep(0)
        assert sorted(inside) == ["a", "a", "b"]
        tasks[0].cancel()
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(inside) == 3, "the turn of the cancelled one is another's"
        done.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        async with turns.take("a"), turns.take("a"), turns.take("b"):
            pass

    asyncio.run(asyncio.wait_for(run(), 10))
