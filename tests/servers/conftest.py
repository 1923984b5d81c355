"""A front on free ports in a thread of the test's process, over the real core."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.conf import settings

from mailcore.directory import domains, mailboxes
from mailcore.servers.bridge import Bridge
from mailcore.servers.front import Front
from mailcore.servers.hub import Hub
from mailcore.servers.keyring import Keyring
from mailcore.servers.services import Services
from mailcore.workers.sockets import PORTS, listen

ANN = "ann@example.org"
SECRET = "correct horse battery"


@dataclass
class Ports:
    by_name: dict[str, int]
    hub: Hub
    loop: asyncio.AbstractEventLoop

    def __getattr__(self, name: str) -> int:
        return self.by_name[name]


@pytest.fixture
def front(transactional_db: None) -> Iterator[Ports]:
    domains.create(name="example.org")
    mailboxes.create(address=ANN, password=SECRET)
    sockets = {name: listen("127.0.0.1", 0) for name in PORTS}
    hub, bridge, loop = Hub(), Bridge(4), asyncio.new_event_loop()
    keyring = Keyring(data=settings.FACTEUR.data, hostname=settings.FACTEUR.hostname)
    stopping, started = asyncio.Event(), threading.Event()

    async def serve() -> None:
        running = Front(Services(environment=settings.FACTEUR, bridge=bridge, hub=hub, keyring=keyring))
        await running.start(sockets)
        started.set()
        await stopping.wait()
        await running.drain(2)
        # The threads' own connections must go before the test database is emptied.
        await asyncio.to_thread(bridge.close)

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert started.wait(10)
    try:
        yield Ports({name: bound.getsockname()[1] for name, bound in sockets.items()}, hub, loop)
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join(20)
        assert not thread.is_alive()
        loop.close()
