"""A connection to a scanner: by a path, or by host and port; everything within one span of time and so many octets."""

import socket
import time
from types import TracebackType

SECONDS = 30.0
MAX_ANSWER = 4_000_000


class ScannerFailed(Exception):
    """It could not say anything of the message."""


class Line:
    def __init__(self, address: str, *, seconds: float = SECONDS) -> None:
        self._ends_at = time.monotonic() + seconds
        self._buffer = b""
        self._read = 0
        if address.startswith("/"):
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._socket.settimeout(min(5.0, seconds))
            try:
                self._socket.connect(address)
            except OSError:
                self._socket.close()
                raise
        else:
            host, _, port = address.rpartition(":")
            if not port.isdigit():
                raise ScannerFailed(f"{address} is no host:port and no path")
            self._socket = socket.create_connection((host.strip("[]"), int(port)), timeout=min(5.0, seconds))

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._socket.close()

    def prolong(self, seconds: float) -> None:
        """So many from now on."""
        self._ends_at = time.monotonic() + seconds

    def send(self, data: bytes) -> None:
        self._arm()
        self._socket.sendall(data)

    def end_sending(self) -> None:
        self._socket.shutdown(socket.SHUT_WR)

    def read(self, count: int) -> bytes:
        """Exactly so many octets."""
        while len(self._buffer) < count:
            self._fill(count)
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken

    def read_line(self, end: bytes = b"\n") -> bytes:
        """Up to `end`, without it."""
        while end not in self._buffer:
            self._fill(65_536)
        taken, _, self._buffer = self._buffer.partition(end)
        return taken

    def read_rest(self) -> bytes:
        """Until the other side closes."""
        while True:
            try:
                self._fill(MAX_ANSWER)
            except EOFError:
                taken, self._buffer = self._buffer, b""
                return taken

    def _fill(self, wanted: int) -> None:
        if wanted > MAX_ANSWER or self._read > MAX_ANSWER:
            raise ScannerFailed("its answer is too long")
        self._arm()
        data = self._socket.recv(65_536)
        if not data:
            raise EOFError("it closed the connection")
        self._read += len(data)
        self._buffer += data

    def _arm(self) -> None:
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise ScannerFailed("it took too long")
        self._socket.settimeout(left)
