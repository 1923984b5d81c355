"""One small text by HTTPS from a host that a stranger names: bounded, without redirects, never from inside.

The name is looked up once and the address that was looked at is the one that is talked to, so an
answer that changes meanwhile (DNS rebinding) gains nothing. Only addresses of the public internet.
"""

import http.client
import socket
import ssl
import time
from collections.abc import Callable
from ipaddress import ip_address

from mailcore.kernel import networks

from .names import Kind, Names, NamesFailed

HTTPS_PORT = 443
SECONDS = 30.0
MAX_ADDRESSES = 2
_PIECE = 8_192


class FetchFailed(Exception):
    """Nothing was fetched; `is_certificate` where only the certificate was at fault."""

    def __init__(self, reason: str, *, is_certificate: bool = False) -> None:
        super().__init__(reason)
        self.is_certificate = is_certificate


def is_public(address: str) -> bool:
    try:
        return networks.is_public(ip_address(address))
    except ValueError:
        return False


def fetch(
    names: Names,
    *,
    host: str,
    path: str,
    limit: int,
    may_talk_to: Callable[[str], bool] = is_public,
    make_context: Callable[[], ssl.SSLContext] = ssl.create_default_context,
) -> bytes:
    """The body of a 200 answer of at most `limit` octets. FetchFailed for everything else."""
    ends_at = time.monotonic() + SECONDS
    fault = FetchFailed(f"{host} has no address")
    for address in _find_addresses(names, host)[:MAX_ADDRESSES]:
        if not may_talk_to(address):
            fault = FetchFailed(f"{host} is at {address}, which is not on the public internet")
            continue
        try:
            return _get(address, host, path, limit, ends_at, make_context())
        except ssl.SSLCertVerificationError as error:
            fault = FetchFailed(f"the certificate of {host}: {error.verify_message}", is_certificate=True)
        except (OSError, http.client.HTTPException, ValueError) as error:
            fault = FetchFailed(f"{host} [{address}]: {error}")
        except FetchFailed as error:
            fault = error
    raise fault


def _find_addresses(names: Names, host: str) -> list[str]:
    try:
        return [*names.look_up(host, Kind.A).records, *names.look_up(host, Kind.AAAA).records]
    except NamesFailed as error:
        raise FetchFailed(str(error)) from error


def _get(address: str, host: str, path: str, limit: int, ends_at: float, context: ssl.SSLContext) -> bytes:
    with (
        socket.create_connection((address, HTTPS_PORT), timeout=_rest(ends_at)) as plain,
        context.wrap_socket(plain, server_hostname=host) as channel,
    ):
        channel.settimeout(_rest(ends_at))
        channel.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: Facteur\r\nAccept: text/plain\r\nConnection: close\r\n\r\n".encode()
        )
        response = http.client.HTTPResponse(channel, method="GET")
        response.begin()
        if response.status != 200:
            raise FetchFailed(f"{host} answers {response.status}")
        body = bytearray()
        while len(body) <= limit:
            channel.settimeout(_rest(ends_at))
            piece = response.read(_PIECE)
            if not piece:
                return bytes(body)
            body += piece
        raise FetchFailed(f"{host} sends more than {limit} octets")


def _rest(ends_at: float) -> float:
    rest = ends_at - time.monotonic()
    if rest <= 0:
        raise TimeoutError("too slow")
    return rest
