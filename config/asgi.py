"""The web process: `/push`, `/health` and `/metrics` natively on the loop, everything else as WSGI in threads.

Pages are synchronous Django, which is several times faster under WSGI; one process serves both
so that the browser sees one origin.
"""

import asyncio
import gc
import json
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from django.conf import settings
from django.urls import get_resolver

from .pages import Pages
from .wsgi import application as wsgi

# isort: split
from mailcore.kernel.networks import is_within
from mailcore.servers import exposition, proxies
from mailcore.servers.bridge import Bridge
from mailcore.servers.health import look
from mailcore.servers.hub import Hub
from mailcore.servers.push import Message, Push, Receive, Send

THREADS = 8

_hub = Hub()
_bridge = Bridge(2)
_push = Push(_bridge, _hub)
_pages = Pages(wsgi, threads=THREADS)  # type: ignore[arg-type]  # HttpResponse is such an iterable
_listening: asyncio.Task[None] | None = None


async def application(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        scope = proxies.unfold(dict(scope), settings.FACTEUR.trusted_proxies)
    match scope["type"], scope.get("path"):
        case "lifespan", _:
            await _live(receive, send)
        case "http", "/push":
            _listen()
            await _push(scope, receive, send)
        case "http", str(path) if path == "/health" or path.startswith("/health/"):
            await _tell_health(send, path.removeprefix("/health").strip("/"))
        case "http", "/metrics":
            await _tell_metrics(scope, send)
        case "http", _:
            await _pages(scope, _coroutine(receive), send)


def _coroutine(function: Callable[..., Awaitable[Any]]) -> Callable[..., Coroutine[Any, Any, Any]]:
    """A page that reads a form hands it to `run_coroutine_threadsafe`, which does not take the awaitable granian gives."""

    async def call(*values: Any) -> Any:
        return await function(*values)

    return call


def _listen() -> None:
    """Join the bus once the first page listens."""
    global _listening
    if _listening is None or _listening.done():
        _listening = asyncio.create_task(_hub.run(), name="hub")


async def _tell_health(send: Send, part: str) -> None:
    status, report = await _bridge.call(look, part)
    await _answer(send, status, "application/json", json.dumps(report).encode() + b"\n")


async def _tell_metrics(scope: Message, send: Send) -> None:
    """Only to the networks of the settings; one who comes through a proxy that is not trusted comes from nowhere."""
    peer = (scope.get("client") or ("", 0))[0]
    if scope.get("forwarded") or not is_within(peer, settings.FACTEUR.metrics_networks):
        await _answer(send, 404, "text/plain", b"Not found\n")
        return
    await _answer(send, 200, exposition.CONTENT_TYPE, await _bridge.call(exposition.render))


async def _answer(send: Send, status: int, kind: str, body: bytes) -> None:
    headers = [(b"content-type", kind.encode()), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _warm_up() -> None:
    """Load the pages before the first person asks, and spare the collector what will live as long as the process."""
    get_resolver().url_patterns  # noqa: B018 - reading it is what loads them
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            _warm_up()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
