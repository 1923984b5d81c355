"""Where connections are taken when proxies stand in front: who comes from one of them says first whom it brings.

The header is taken from the socket octet for octet before anything else looks at it, so what follows,
be it a TLS handshake or a greeting that waits, never knows of the proxy.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable

from mailcore import metrics
from mailcore.kernel.networks import is_within
from mailcore.kernel.proxy_header import MAX_HEADER, BadProxyHeader, ProxyHeader, read_header

from .channel import HANDSHAKE_TIMEOUT, Channel, name_peer

log = logging.getLogger(__name__)

HEADER_TIMEOUT = 10.0
"""Seconds from the connection to the end of its header; a proxy sends it at once."""
MAX_WAITING = 2_000
"""Connections whose header is still to come, of one listener in one process."""
OUT_OF_SOCKETS_PAUSE = 1.0


class Porch:
    def __init__(
        self, name: str, bound: socket.socket, *, proxies: tuple[str, ...], tls: ssl.SSLContext | None, admit: Callable[[Channel], None]
    ) -> None:
        self._name, self._bound, self._proxies, self._tls, self._admit = name, bound, proxies, tls, admit
        self._loop = asyncio.get_running_loop()
        self._entering: set[asyncio.Task[None]] = set()
        self._waiting = 0
        self._accepting = asyncio.create_task(self._accept(), name=f"porch {name}")

    def close(self) -> None:
        """Take no more; who has not yet said whom it brings is turned away."""
        self._accepting.cancel()
        self._accepting.add_done_callback(lambda _task: self._bound.close())
        for task in self._entering:
            task.cancel()

    async def _accept(self) -> None:
        while True:
            try:
                link, _address = await self._loop.sock_accept(self._bound)
            except OSError as error:
                # The kernel has no more sockets for us, or the client left before it was taken.
                log.error("%s: a connection could not be taken: %s", self._name, error)
                await asyncio.sleep(OUT_OF_SOCKETS_PAUSE)
                continue
            task = asyncio.create_task(self._enter(link))
            self._entering.add(task)
            task.add_done_callback(self._entering.discard)

    async def _enter(self, link: socket.socket) -> None:
        try:
            link.setblocking(False)
            await self._bring_in(link)
        except BadProxyHeader as error:
            self._turn_away(link, str(error))
        except (OSError, ssl.SSLError) as error:
            # Here too ends what left while it shook hands; a plain listener is as silent about that.
            log.debug("%s: a connection was lost at the door: %r", self._name, error)
            link.close()
        except asyncio.CancelledError:
            link.close()
            raise

    async def _bring_in(self, link: socket.socket) -> None:
        client = ""
        if is_within(name_peer(link.getpeername()), self._proxies):
            client = (await self._wait_for_header(link)).client
        tls = self._tls
        await self._loop.connect_accepted_socket(
            lambda: Channel(self._admit, client=client), link, ssl=tls, ssl_handshake_timeout=HANDSHAKE_TIMEOUT if tls is not None else None
        )

    async def _wait_for_header(self, link: socket.socket) -> ProxyHeader:
        if self._waiting >= MAX_WAITING:
            raise BadProxyHeader("too many wait for theirs")
        self._waiting += 1
        try:
            async with asyncio.timeout(HEADER_TIMEOUT):
                return await self._take_header(link)
        except TimeoutError as error:
            raise BadProxyHeader(f"none in {HEADER_TIMEOUT:g} seconds") from error
        finally:
            self._waiting -= 1

    async def _take_header(self, link: socket.socket) -> ProxyHeader:
        """Looks before it takes: not one octet of the client's may be taken here."""
        taken = b""
        while True:
            await self._wait_for_octets(link)
            try:
                seen = link.recv(MAX_HEADER - len(taken), socket.MSG_PEEK)
            except BlockingIOError:
                continue
            if not seen:
                raise BadProxyHeader("it left without one")
            header = read_header(taken + seen)
            if header is not None:
                link.recv(header.length - len(taken))
                return header
            taken += link.recv(len(seen))

    async def _wait_for_octets(self, link: socket.socket) -> None:
        ready = self._loop.create_future()
        self._loop.add_reader(link, lambda: None if ready.done() else ready.set_result(None))
        try:
            await ready
        finally:
            self._loop.remove_reader(link)

    def _turn_away(self, link: socket.socket, reason: str) -> None:
        try:
            peer = name_peer(link.getpeername())
        except OSError:
            peer = "somebody who is gone"
        log.warning("%s: the proxy %s brought no header that can be used: %s", self._name, peer, reason)
        metrics.turned_away.labels(self._name).inc()
        link.close()
