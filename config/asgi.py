"""The web process: `/push` and `/health` natively on the loop, everything else as WSGI in threads.

Pages are synchronous Django, which is several times faster under WSGI; one process serves both
so that the browser sees one origin.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from a2wsgi import WSGIMiddleware

from .wsgi import application as pages

# isort: split
from mailcore.servers.bridge import Bridge
from mailcore.servers.health import look
from mailcore.servers.hub import Hub
from mailcore.servers.push import Message, Push, Receive, Send

THREADS = 8

_hub = Hub()
_bridge = Bridge(2)
_push = Push(_bridge, _hub)
_wsgi: Any = WSGIMiddleware(pages, workers=THREADS)  # type: ignore[arg-type]  # HttpResponse is such an iterable
_listening: asyncio.Task[None] | None = None


async def application(scope: Message, receive: Receive, send: Send) -> None:
    match scope["type"], scope.get("path"):
        case "lifespan", _:
            await _live(receive, send)
        case "http", "/push":
            _listen()
            await _push(scope, receive, send)
        case "http", "/health":
            await _tell_health(send)
        case "http", _:
            await _wsgi(scope, _coroutine(receive), send)


def _coroutine(function: Callable[..., Awaitable[Any]]) -> Callable[..., Coroutine[Any, Any, Any]]:
    """a2wsgi hands it to `run_coroutine_threadsafe`, which does not take the awaitable granian gives."""

    async def call(*values: Any) -> Any:
        return await function(*values)

    return call


def _listen() -> None:
    """Join the bus once the first page listens."""
    global _listening
    if _listening is None or _listening.done():
        _listening = asyncio.create_task(_hub.run(), name="hub")


async def _tell_health(send: Send) -> None:
    status, report = await _bridge.call(look)
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(report).encode() + b"\n"})


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
