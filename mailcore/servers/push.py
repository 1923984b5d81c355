"""`/push`: tells an open page that its mailbox changed, as server-sent events.

An event carries ids only; the page then asks for what it shows. `folder` {"folder", "modseq"},
`mailbox` {} (folders came or went), `look` {} (something may have been missed).
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest

from mailcore.directory import second_factor
from mailcore.directory.authentication import find_principal
from mailcore.directory.models import User
from mailcore.directory.second_factor import Standing
from mailcore.kernel.events import Event, FolderChanged
from mailcore.kernel.ids import MailboxId, UserId

from .bridge import Bridge
from .hub import Hub

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

HEARTBEAT = 25.0
"""Seconds between two signs of life; the login is checked again at each."""
MAX_WAITING = 100
_HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


def find_mailbox(session_key: str) -> MailboxId | None:
    """The mailbox of a logged-in page, None where the session is none or no longer good."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user = get_user(request)
    if not isinstance(user, User) or second_factor.judge(user, request.session) is not Standing.OPEN:
        return None
    principal = find_principal(user_id=UserId(user.pk))
    return principal.mailbox_id if principal is not None else None


class Push:
    def __init__(self, bridge: Bridge, hub: Hub) -> None:
        self._bridge = bridge
        self._hub = hub

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        key = _session_key(scope)
        mailbox_id = await self._bridge.call(find_mailbox, key) if key else None
        if mailbox_id is None:
            await send({"type": "http.response.start", "status": 403, "headers": [(b"content-type", b"text/plain")]})
            await send({"type": "http.response.body", "body": b"Log in first.\n"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        feed = asyncio.create_task(self._feed(mailbox_id, key, send))
        gone = asyncio.create_task(_until_gone(receive))
        await asyncio.wait((feed, gone), return_when=asyncio.FIRST_COMPLETED)
        for task in (feed, gone):
            task.cancel()
        await asyncio.gather(feed, gone, return_exceptions=True)

    async def _feed(self, mailbox_id: MailboxId, key: str, send: Send) -> None:
        waiting: asyncio.Queue[Event | None] = asyncio.Queue(MAX_WAITING)

        def wake(event: Event | None) -> None:
            # A page that does not keep up has old events before it, which make it look anyway.
            if not waiting.full():
                waiting.put_nowait(event)

        with self._hub.watch(mailbox_id, wake):
            await _body(send, b"retry: 3000\n\n")
            while True:
                try:
                    async with asyncio.timeout(HEARTBEAT):
                        event = await waiting.get()
                    await _body(send, format_event(event))
                except TimeoutError:
                    if await self._bridge.call(find_mailbox, key) != mailbox_id:
                        break
                    await _body(send, b": here\n\n")
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def format_event(event: Event | None) -> bytes:
    if isinstance(event, FolderChanged):
        return b"event: folder\ndata: %b\n\n" % json.dumps({"folder": event.folder_id, "modseq": event.modseq}).encode()
    return b"event: %b\ndata: {}\n\n" % (b"look" if event is None else b"mailbox")


def _session_key(scope: Message) -> str:
    jar: SimpleCookie = SimpleCookie()
    for name, value in scope["headers"]:
        if name == b"cookie":
            try:
                jar.load(value.decode("latin-1"))
            except CookieError:
                return ""
    morsel = jar.get(settings.SESSION_COOKIE_NAME)
    return morsel.value if morsel is not None else ""


async def _body(send: Send, data: bytes) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": True})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
