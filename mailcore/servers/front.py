"""All listeners of one process: the table of ports, admission, draining."""

import asyncio
import logging
import socket
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

from mailcore import metrics
from mailcore.smtp.session.actions import Kind

from . import imap, managesieve, pop3, smtp
from .channel import HANDSHAKE_TIMEOUT, Channel
from .porch import Porch
from .services import Services

log = logging.getLogger(__name__)

MAX_PER_ADDRESS = 200
"""Connections of one address to one process; LMTP and this machine itself get more."""
MAX_LOOPBACK = 4_000
MAX_CONNECTIONS = 8_000
DRAIN_SECONDS = 10.0

Serve = Callable[[Channel, Services], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Listener:
    name: str
    """The port's setting is the name and `_port`."""
    serve: Serve
    refusal: bytes
    """Said to a connection that is one too many."""
    implicit_tls: bool = False


_SMTP_BUSY = b"421 4.7.0 Too many connections from your address\r\n"
_IMAP_BUSY = b"* BYE Too many connections from your address\r\n"
_POP3_BUSY = b"-ERR [SYS/TEMP] Too many connections from your address\r\n"
_SIEVE_BUSY = b'BYE (TRYLATER) "Too many connections from your address"\r\n'

LISTENERS: tuple[Listener, ...] = (
    Listener("smtp", partial(smtp.serve, kind=Kind.MX), _SMTP_BUSY),
    Listener("submission", partial(smtp.serve, kind=Kind.SUBMISSION), _SMTP_BUSY),
    Listener("submissions", partial(smtp.serve, kind=Kind.SUBMISSIONS), _SMTP_BUSY, implicit_tls=True),
    Listener("lmtp", partial(smtp.serve, kind=Kind.LMTP), _SMTP_BUSY),
    Listener("imap", imap.serve, _IMAP_BUSY),
    Listener("imaps", imap.serve, _IMAP_BUSY, implicit_tls=True),
    Listener("pop3", pop3.serve, _POP3_BUSY),
    Listener("pop3s", pop3.serve, _POP3_BUSY, implicit_tls=True),
    Listener("sieve", managesieve.serve, _SIEVE_BUSY),
)


class Front:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._servers: list[asyncio.Server | Porch] = []
        self._sessions: dict[asyncio.Task[None], Channel] = {}
        self._by_address: Counter[str] = Counter()
        self._background: list[asyncio.Task[None]] = []

    async def start(self, sockets: Mapping[str, socket.socket]) -> None:
        """Listen on bound sockets, by listener name."""
        services = self._services
        self._background = [
            asyncio.create_task(services.hub.run(), name="hub"),
            asyncio.create_task(services.keyring.keep_fresh(services.bridge), name="certificates"),
        ]
        for listener in LISTENERS:
            bound = sockets.get(listener.name)
            if bound is not None:
                self._servers.append(await self._listen(listener, bound))

    async def _listen(self, listener: Listener, bound: socket.socket) -> asyncio.Server | Porch:
        admit, proxies = partial(self._admit, listener), self._services.environment.mail_proxies
        tls = self._services.tls if listener.implicit_tls else None
        if proxies:
            return Porch(listener.name, bound, proxies=proxies, tls=tls, admit=admit)
        timeout = HANDSHAKE_TIMEOUT if tls is not None else None
        loop = asyncio.get_running_loop()
        return await loop.create_server(lambda: Channel(admit), sock=bound, backlog=1_024, ssl=tls, ssl_handshake_timeout=timeout)

    async def drain(self, seconds: float = DRAIN_SECONDS) -> None:
        """Take no more connections, let running commands finish, say goodbye, close."""
        for server in self._servers:
            server.close()
        for channel in self._sessions.values():
            channel.stop()
        if self._sessions:
            await asyncio.wait(list(self._sessions), timeout=seconds)
        left = [*self._sessions, *self._background]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _admit(self, listener: Listener, channel: Channel) -> None:
        limit = MAX_LOOPBACK if channel.is_loopback else MAX_PER_ADDRESS
        if len(self._sessions) >= MAX_CONNECTIONS or self._by_address[channel.peer] >= limit:
            log.warning("%s: too many connections, last from %s", listener.name, channel.peer)
            metrics.turned_away.labels(listener.name).inc()
            channel.refuse(listener.refusal)
            return
        metrics.connections.labels(listener.name).inc()
        self._by_address[channel.peer] += 1
        task = asyncio.create_task(self._run(listener, channel))
        self._sessions[task] = channel
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        channel = self._sessions.pop(task)
        self._by_address[channel.peer] -= 1
        if self._by_address[channel.peer] <= 0:
            del self._by_address[channel.peer]

    async def _run(self, listener: Listener, channel: Channel) -> None:
        open_now = metrics.sessions.labels(listener.name)
        open_now.inc()
        try:
            await listener.serve(channel, self._services)
        except asyncio.CancelledError:
            # A thread may wait for this client to read: only a cut connection frees it.
            channel.abort()
            raise
        except (ConnectionError, TimeoutError, ssl.SSLError) as error:
            log.debug("%s: connection of %s lost: %r", listener.name, channel.peer, error)
            channel.abort()
        except Exception:
            log.exception("%s: the session of %s failed", listener.name, channel.peer)
            channel.abort()
        finally:
            open_now.dec()
            channel.close()
