"""One client connection: bounded reading, backpressure in writing, TLS begun in mid-stream."""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Callable
from typing import cast

HIGH_WATER = 262_144
WRITE_TIMEOUT = 120.0
"""Seconds a client may take none of what is sent to it."""
HANDSHAKE_TIMEOUT = 30.0
LINGER = 30.0


class Stopping(Exception):
    """The server is going down and this connection is idle."""


def name_peer(address: object) -> str:
    """The address of a socket's other end; "" where it has none."""
    return str(address[0]).removeprefix("::ffff:") if isinstance(address, tuple) else ""


def _is_loopback(peer: str) -> bool:
    try:
        return ipaddress.ip_address(peer).is_loopback
    except ValueError:
        return False


class Channel(asyncio.Protocol):
    """`on_connect` is called with the channel once the connection (and implicit TLS) stands.

    `client` is the address a proxy in front gave for it; "" where the socket's own is the client's.
    """

    def __init__(self, on_connect: Callable[["Channel"], None], *, client: str = "") -> None:
        self._on_connect = on_connect
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._reading: asyncio.Future[None] | None = None
        self._draining: asyncio.Future[None] | None = None
        self._has_ended = False
        self._is_paused = False
        self._is_stopping = False
        self.peer = client
        self._is_proxied = bool(client)
        self._neighbour = ""
        """The other end of the socket itself."""
        self.wake = False
        """Set by `nudge`: a read ended without data because something else happened."""

    # -- asyncio.Protocol ------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._neighbour = name_peer(transport.get_extra_info("peername"))
        if not self._is_proxied:
            self.peer = self._neighbour
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._on_connect(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if len(self._buffer) > HIGH_WATER and self._transport is not None and not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()
        self._wake_reader()

    def eof_received(self) -> bool:
        self._has_ended = True
        self._wake_reader()
        # A client may close its half and still wait for answers; TLS cannot be half closed.
        return self.tls is None

    def connection_lost(self, error: Exception | None) -> None:
        self._has_ended = True
        self._wake_reader()
        self.resume_writing()

    def pause_writing(self) -> None:
        if self._draining is None:
            self._draining = self._loop.create_future()

    def resume_writing(self) -> None:
        if self._draining is not None and not self._draining.done():
            self._draining.set_result(None)
        self._draining = None

    # -- what a server uses -----------------------------------------------------------------

    @property
    def tls(self) -> ssl.SSLObject | None:
        return self._transport.get_extra_info("ssl_object") if self._transport is not None else None

    @property
    def tls_name(self) -> str:
        """e.g. "TLSv1.3 TLS_AES_256_GCM_SHA384", "" in clear."""
        link = self.tls
        cipher = link.cipher() if link is not None else None
        return f"{link.version()} {cipher[0]}" if link is not None and cipher else ""

    @property
    def end_point(self) -> bytes:
        """Digest of the certificate the client was shown (RFC 5929 §4); b"" in clear, and where a session was taken up again."""
        link = self.tls
        return getattr(link.context, "end_point", b"") if link is not None and not link.session_reused else b""

    @property
    def is_loopback(self) -> bool:
        """What is said here stays on this machine: neither the client nor a proxy between is elsewhere."""
        return _is_loopback(self.peer) and _is_loopback(self._neighbour)

    async def read(self, timeout: float) -> bytes:
        """What arrived, as soon as anything did; b"" at the end, or after `nudge` (then `wake` is set).

        TimeoutError after `timeout` seconds of silence; Stopping when the server goes down.
        """
        if not self._buffer and not self._has_ended and not self.wake and not self._is_stopping:
            self._reading = self._loop.create_future()
            try:
                async with asyncio.timeout(timeout):
                    await self._reading
            finally:
                self._reading = None
        if not self._buffer and not self._has_ended and self._is_stopping:
            raise Stopping
        data = bytes(self._buffer)
        self._buffer.clear()
        if self._is_paused and self._transport is not None:
            self._is_paused = False
            self._transport.resume_reading()
        return data

    async def is_silent(self, seconds: float) -> bool:
        """Wait so long; False as soon as anything arrives, which stays to be read. True where the client left meanwhile."""
        if not self._buffer and not self._has_ended:
            self._reading = self._loop.create_future()
            try:
                async with asyncio.timeout(seconds):
                    await self._reading
            except TimeoutError:
                return True
            finally:
                self._reading = None
        return not self._buffer

    @property
    def has_ended(self) -> bool:
        return self._has_ended and not self._buffer

    def nudge(self) -> None:
        """End a waiting `read` early."""
        self.wake = True
        self._wake_reader()

    def stop(self) -> None:
        self._is_stopping = True
        self._wake_reader()

    async def send(self, data: bytes) -> None:
        """Write, and wait while the client does not keep up; ConnectionError when it is gone."""
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError("the client is gone")
        if data:
            self._transport.write(data)
        draining = self._draining
        if draining is not None:
            async with asyncio.timeout(WRITE_TIMEOUT):
                await asyncio.shield(draining)

    @property
    def keeps_up(self) -> bool:
        """The client is there and has taken what was sent to it so far."""
        return self._transport is not None and not self._transport.is_closing() and self._draining is None

    def send_aside(self, data: bytes) -> None:
        """Write a line nobody waits for; ask `keeps_up` first."""
        if self._transport is not None:
            self._transport.write(data)

    async def start_tls(self, context: ssl.SSLContext, last_words: bytes) -> None:
        """Say the last words in clear, then shake hands. Clear text sent ahead is thrown away (RFC 3207 §4.2)."""
        if self._transport is None:
            raise ConnectionResetError("the client is gone")
        # Reading stops before the reply goes out, or the client's hello would land in our buffer.
        self._transport.pause_reading()
        self._buffer.clear()
        self._is_paused = False
        self._transport.write(last_words)
        transport = await self._loop.start_tls(self._transport, self, context, server_side=True, ssl_handshake_timeout=HANDSHAKE_TIMEOUT)
        if transport is None:
            raise ConnectionResetError("the client left during the handshake")
        self._transport = transport

    def refuse(self, last_words: bytes) -> None:
        """Say one line and close, without ever reading."""
        if self._transport is not None:
            self._transport.write(last_words)
            self._transport.close()

    def close(self) -> None:
        """Send what is buffered, then close; a client that does not take it in time is cut off."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.close()
            if self._transport.get_write_buffer_size():
                self._loop.call_later(LINGER, self._transport.abort)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _wake_reader(self) -> None:
        if self._reading is not None and not self._reading.done():
            self._reading.set_result(None)
