"""The way out for addresses that strangers and people name: never into this network, never past what was checked.

The name is looked up once and the connection made to that very address, so a name that
changes its mind between check and use (DNS rebinding) gains nothing. Redirects are for the
caller to follow or not, each checked like the first. Bounded time, bounded answer.
"""

import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from mailcore.kernel.errors import BadSyntax, Deferred
from mailcore.kernel.networks import Address, is_public

SECONDS = 10.0
MAX_ANSWER = 65_536
_PIECE = 65_536


@dataclass(frozen=True, slots=True)
class Target:
    scheme: str
    host: str
    port: int
    path: str


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    text: str


@dataclass(frozen=True, slots=True)
class Fetched:
    status: int
    kind: str
    """Content-Type in lower case, without parameters."""
    location: str
    """Where a redirect leads, as it was written; ""."""
    body: bytes


def parse(url: str, *, allow_plain: bool = False, max_length: int = 500) -> Target:
    """BadSyntax unless it is https:// to a host by name or public address, without a password in it."""
    if any(ord(char) <= 32 or ord(char) == 127 for char in url) or not url.isascii() or len(url) > max_length:
        raise BadSyntax(f"The address must be an https:// URL without spaces, at most {max_length} characters.")
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise BadSyntax("This URL cannot be read.") from error
    if parts.scheme != "https" and not (allow_plain and parts.scheme == "http"):
        raise BadSyntax("Only https:// addresses are asked.")
    if not parts.hostname or parts.username or parts.password or parts.fragment:
        raise BadSyntax("Give a host, and no password or # in the URL.")
    try:
        literal = ipaddress.ip_address(parts.hostname)
    except ValueError:
        literal = None
    if literal is not None and not is_public(literal):
        raise BadSyntax("This address is inside a private network.")
    return Target(parts.scheme, parts.hostname, port, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


def look_up(target: Target) -> Address:
    """The address to connect to. Deferred where there is none, or where one of them is not public."""
    try:
        found = {row[4][0] for row in socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError) as error:
        raise Deferred(f"{target.host} is not found.") from error
    addresses = [ipaddress.ip_address(str(text).partition("%")[0]) for text in found]
    if not addresses or not all(map(is_public, addresses)):
        raise Deferred(f"{target.host} leads into a private network.")
    return sorted(addresses, key=lambda address: address.version)[0]


def post(target: Target, *, to: Address, body: bytes, headers: Mapping[str, str], seconds: float = SECONDS) -> Answer:
    """One POST to the pinned address. Deferred where no answer came."""
    connection = _connect(target, to, seconds)
    try:
        connection.request("POST", target.path, body, dict(headers))
        answer = connection.getresponse()
        return Answer(answer.status, answer.read(MAX_ANSWER)[:500].decode("utf-8", "replace"))
    except (OSError, http.client.HTTPException) as error:
        raise Deferred(f"{target.host} did not answer: {error or type(error).__name__}") from error
    finally:
        connection.close()


def get(target: Target, *, to: Address, accept: str, limit: int, seconds: float = SECONDS) -> Fetched:
    """What one GET brings from the pinned address. Deferred where no answer came, or more than `limit` octets."""
    ends_at = time.monotonic() + seconds
    connection = _connect(target, to, seconds)
    try:
        connection.request(
            "GET", target.path, headers={"Accept": accept, "User-Agent": "Mozilla/5.0 (picture proxy)", "Connection": "close"}
        )
        answer = connection.getresponse()
        kind = (answer.getheader("Content-Type") or "").partition(";")[0].strip().lower()
        return Fetched(answer.status, kind, answer.getheader("Location") or "", _read(answer, limit, ends_at))
    except (OSError, http.client.HTTPException) as error:
        raise Deferred(f"{target.host} did not answer: {error or type(error).__name__}") from error
    finally:
        connection.close()


def _read(answer: http.client.HTTPResponse, limit: int, ends_at: float) -> bytes:
    body = bytearray()
    while len(body) <= limit:
        if time.monotonic() > ends_at:
            raise TimeoutError("too slow")
        piece = answer.read1(_PIECE)
        if not piece:
            return bytes(body)
        body += piece
    raise http.client.HTTPException(f"more than {limit} octets")


def _connect(target: Target, to: Address, seconds: float) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection(target.host, target.port, timeout=seconds)
    try:
        made = socket.create_connection((str(to), target.port), timeout=seconds)
        if target.scheme == "https":
            made = ssl.create_default_context().wrap_socket(made, server_hostname=target.host)
    except OSError as error:
        raise Deferred(f"{target.host} cannot be reached: {error}") from error
    connection.sock = made
    return connection
