"""The web process: `/push` natively on the loop, everything else as WSGI in threads.

Pages are synchronous Django, which is several times faster under WSGI; one process serves both
so that the browser sees one origin.
"""

import asyncio
from typing import Any

from a2wsgi import WSGIMiddleware

from mailcore.servers.bridge import Bridge
from mailcore.servers.hub import Hub

from .wsgi import application as pages

# isort: split
from mailcore.servers.push import Message, Push, Receive, Send

THREADS = 8

_hub = Hub()
_push = Push(Bridge(2), _hub)
_wsgi: Any = WSGIMiddleware(pages, workers=THREADS)  # type: ignore[arg-type]  # HttpResponse is such an iterable
_listening: asyncio.Task[None] | None = None


async def application(scope: Message, receive: Receive, send: Send) -> None:
    global _listening
    if scope["type"] == "lifespan":
        await _live(receive, send)
        return
    if scope["type"] != "http":
        return
    if scope["path"] != "/push":
        await _wsgi(scope, receive, send)
        return
    if _listening is None or _listening.done():
        _listening = asyncio.create_task(_hub.run(), name="hub")
    await _push(scope, receive, send)


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
