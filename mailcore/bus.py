"""The bus: tells every process that something changed, by ids only.

Redis pub/sub where there is a Redis, silence where there is none. Losing, doubling or
delaying an event loses nothing: a subscriber is told every few seconds to look itself.
"""

import asyncio
import json
import logging
import os
import threading
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict
from typing import Any

import redis
import redis.asyncio
from django.conf import settings

from config.broker import redis_url
from mailcore.kernel.events import CredentialsChanged, Event, FolderChanged, MailboxChanged
from mailcore.kernel.ids import FolderId, MailboxId

log = logging.getLogger(__name__)

CHANNEL = "facteur:events"
LOOK_WITH_REDIS = 30.0
"""Seconds of silence after which a subscriber is told to look, while Redis answers."""
LOOK_WITHOUT_REDIS = 3.0
_REST_AFTER_FAILURE = 2.0
"""A dead Redis must not cost every commit a connection attempt."""


def encode(events: Sequence[Event]) -> bytes:
    """One message for all that one commit changed: a message costs every process that listens more than what is in it."""
    return json.dumps([{"kind": type(event).__name__} | asdict(event) for event in events], separators=(",", ":")).encode()


def decode(data: bytes | str) -> list[Event]:
    """The events, without those that another version of the code sent and this one does not know."""
    try:
        found = [_read(fields) for fields in json.loads(data)]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        log.warning("a message on the bus could not be read: %r", error)
        return []
    return [event for event in found if event is not None]


def _read(fields: dict[str, Any]) -> Event | None:
    match fields["kind"]:
        case "FolderChanged":
            return FolderChanged(MailboxId(fields["mailbox_id"]), FolderId(fields["folder_id"]), int(fields["modseq"]))
        case "MailboxChanged":
            return MailboxChanged(MailboxId(fields["mailbox_id"]))
        case "CredentialsChanged":
            return CredentialsChanged(int(fields["user_id"]))
    return None


class _Publisher:
    """One connection a process; remembers when Redis failed, to leave it alone for a moment.

    The answer to a message is read when the next one is sent: waiting for it took longer
    than the statements of a change of flags do.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.pid = os.getpid()
        self.resting_until = 0.0
        self.has_failed = False
        self._lock = threading.Lock()
        self._link: Any = redis.ConnectionPool.from_url(url, socket_timeout=1.0, socket_connect_timeout=0.5).make_connection()
        self._is_linked = self._is_owed = False

    def send(self, data: bytes) -> None:
        with self._lock:
            if time.monotonic() < self.resting_until:
                return
            try:
                self._settle()
                self._link.send_command("PUBLISH", CHANNEL, data)
            except (redis.RedisError, OSError) as error:
                self._cut()
                self.resting_until = time.monotonic() + _REST_AFTER_FAILURE
                if not self.has_failed:
                    log.warning("the bus is silent, Redis does not answer: %s", error)
                self.has_failed = True
            else:
                self._is_linked = self._is_owed = True
                self.has_failed = False

    def _settle(self) -> None:
        """Read the last answer. A connection that Redis closed meanwhile is made anew, so that no message goes into it."""
        try:
            if self._is_owed:
                self._is_owed = False
                self._link.read_response()
            if self._is_linked and self._link.can_read(timeout=0):
                raise redis.ConnectionError("an answer to nothing")
        except redis.ConnectionError:
            self._cut()

    def _cut(self) -> None:
        self._is_linked = self._is_owed = False
        self._link.disconnect()


_publisher: _Publisher | None = None


def publish(*events: Event) -> None:
    """Tell whoever listens. Never raises; call it after the commit."""
    global _publisher
    url = redis_url(settings.FACTEUR)
    if not url:
        return
    if _publisher is None or _publisher.url != url or _publisher.pid != os.getpid():
        try:
            _publisher = _Publisher(url)
        except ValueError as error:
            log.warning("the bus is silent, the Redis URL cannot be read: %s", error)
            return
    _publisher.send(encode(events))


async def subscribe() -> AsyncIterator[Event | None]:
    """Events as they come, for ever; None means: something may have been missed, look yourself.

    None comes first (the subscription stands from then on), after every reconnection, and
    whenever nothing came for a while. Without Redis there is only None.
    """
    while True:
        url = redis_url(settings.FACTEUR)
        if url:
            try:
                async for event in _listen(url):
                    yield event
            except (redis.RedisError, OSError, ValueError) as error:
                log.warning("the bus was cut, trying again: %s", error)
        yield None
        await asyncio.sleep(LOOK_WITHOUT_REDIS)


async def _listen(url: str) -> AsyncIterator[Event | None]:
    client = redis.asyncio.Redis.from_url(url, socket_connect_timeout=2.0)
    pubsub = client.pubsub(ignore_subscribe_messages=True)
    try:
        await pubsub.subscribe(CHANNEL)
        yield None
        told_at = time.monotonic()
        while True:
            message = await pubsub.get_message(timeout=LOOK_WITH_REDIS)
            events = decode(message["data"]) if message else []
            for event in events:
                yield event
            if not events and time.monotonic() - told_at >= LOOK_WITH_REDIS - 1:
                told_at = time.monotonic()
                yield None
    finally:
        await pubsub.aclose()  # type: ignore[no-untyped-call]
        await client.aclose()
