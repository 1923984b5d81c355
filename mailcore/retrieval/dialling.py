"""Connections to other servers: guarded addresses, metered bytes, time that ends.

The name is looked up once and the connection made to that very address. Every read is counted
against what was allowed and against the clock, so neither a server that drips nor one that
floods can hold a run for longer, or fill more memory, than was foreseen.
"""

import io
import ipaddress
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from mailcore.kernel.networks import is_public, is_within

from .faults import Kind, SourceFault, plainly
from .models import Security

CONNECT_SECONDS = 15.0
READ_SECONDS = 60.0
SLOWEST = 65_536
"""Bytes a second below which a large answer is given up."""
SMALL = 256 << 10
"""Bytes any short answer may have."""


@dataclass(frozen=True, slots=True)
class Server:
    host: str
    port: int
    security: str


class Meter:
    """What a server may still send, and until when."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.left = 0
        self.deadline = 0.0
        self.allow()

    def allow(self, octets: int = SMALL) -> None:
        self.left = octets
        self.deadline = time.monotonic() + READ_SECONDS + octets / SLOWEST

    def check(self, octets: int) -> None:
        """Before so many bytes are waited for in one piece."""
        if octets > self.left:
            raise SourceFault(Kind.TOO_MUCH, f"{self.host} sends more than was asked for.")

    def take(self, octets: int) -> None:
        self.check(octets)
        self.left -= octets


class _Reader(io.RawIOBase):
    def __init__(self, inner: socket.socket, meter: Meter) -> None:
        self._inner, self._meter = inner, meter

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        remaining = self._meter.deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        self._inner.settimeout(min(READ_SECONDS, remaining))
        count = self._inner.recv_into(buffer)
        self._meter.take(count)
        return count


class Line:
    """A socket as imaplib and poplib use one, whose every byte is metered."""

    def __init__(self, inner: socket.socket, meter: Meter) -> None:
        self.inner, self.meter = inner, meter

    def makefile(self, *_: Any, **__: Any) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self.inner, self.meter))

    def sendall(self, data: bytes) -> None:
        self.inner.settimeout(READ_SECONDS)
        self.inner.sendall(data)

    def settimeout(self, _: float | None) -> None:
        """Times are the meter's."""

    def shutdown(self, how: int) -> None:
        self.inner.shutdown(how)

    def close(self) -> None:
        self.inner.close()


class Upgrade:
    """Stands where the libraries want an SSL context for STARTTLS, and keeps the bytes metered."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context

    def wrap_socket(self, line: Line, server_hostname: str) -> Line:
        line.inner.settimeout(CONNECT_SECONDS)
        return Line(self._context.wrap_socket(line.inner, server_hostname=server_hostname), line.meter)


def make_context() -> ssl.SSLContext:
    return ssl.create_default_context()


def dial(server: Server, meter: Meter) -> Line:
    """A connection, under TLS where it begins so. SourceFault where there is none."""
    check_security(server.security)
    address = look_up(server)
    with plainly(server.host):
        made = socket.create_connection((address, server.port), timeout=CONNECT_SECONDS)
        try:
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if server.security == Security.TLS:
                made = make_context().wrap_socket(made, server_hostname=server.host)
        except BaseException:
            made.close()
            raise
        return Line(made, meter)


def check_security(security: str) -> None:
    if security == Security.NONE and not settings.FACTEUR.retrieval_plain:
        raise SourceFault(Kind.SECURITY, "Connections without TLS are not allowed here.")


def look_up(server: Server) -> str:
    """The address to connect to; none of a name's addresses may lie where no one may collect from."""
    try:
        found = {row[4][0] for row in socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError) as error:
        raise SourceFault(Kind.UNREACHABLE, f"{server.host} is not found.") from error
    addresses = sorted((ipaddress.ip_address(str(text).partition("%")[0]) for text in found), key=lambda one: one.version)
    if not addresses:
        raise SourceFault(Kind.UNREACHABLE, f"{server.host} is not found.")
    for address in addresses:
        if not is_public(address) and not is_within(str(address), settings.FACTEUR.retrieval_networks):
            raise SourceFault(Kind.FORBIDDEN, f"{server.host} leads into a private network.")
    return str(addresses[0])
