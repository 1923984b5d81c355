"""Speaking POP3 with another server (RFC 1939), by poplib. One connection, one thread."""

import poplib
from collections.abc import Iterator
from typing import Any

from mailcore.store.found import to_wire

from .dialling import SMALL, Meter, Server, Upgrade, dial, make_context
from .faults import Kind, SourceFault, plainly
from .models import Security

MAX_MESSAGES = 200_000
MAX_LISTING = 24 << 20
MAX_LINE = 1 << 20


class _Client(poplib.POP3):
    """poplib on a metered line, that takes the long lines real mail has."""

    def __init__(self, server: Server, meter: Meter) -> None:
        self._server, self.meter = server, meter
        super().__init__(server.host, server.port)

    def _create_socket(self, timeout: float | None) -> Any:
        return dial(self._server, self.meter)

    def begin(self, command: str) -> None:
        self._shortcmd(command)  # type: ignore[attr-defined]

    def read_lines(self) -> Iterator[bytes]:
        """The lines of a long answer, dots undone (RFC 1939 §3)."""
        at_start = True
        while True:
            line: bytes = self.file.readline(MAX_LINE)
            if not line:
                raise poplib.error_proto("-ERR EOF")
            if at_start and line.startswith(b"."):
                if line.rstrip(b"\r\n") == b".":
                    return
                line = line[1:]
            at_start = line.endswith(b"\n")
            yield line


class Pop3:
    """A login at a POP3 server. Message numbers are those of this session."""

    def __init__(self, server: Server, *, login: str, secret: str) -> None:
        self.host = server.host
        self.meter = Meter(server.host)
        with plainly(self.host):
            self._client = _Client(server, self.meter)
        try:
            self._enter(server, login, secret)
        except BaseException:
            self.drop()
            raise

    def _enter(self, server: Server, login: str, secret: str) -> None:
        if any(char in login + secret for char in "\r\n\0"):
            raise SourceFault(Kind.LOGIN, "A login or password cannot hold line ends.")
        if server.security == Security.STARTTLS:
            with plainly(self.host):
                if "STLS" not in self._client.capa():
                    raise SourceFault(Kind.SECURITY, f"{self.host} does not offer STLS.")
                self._client.stls(Upgrade(make_context()))  # type: ignore[arg-type]
        with plainly(self.host, at_login=True):
            self._client.encoding = "UTF-8"
            self._client.user(login)
            self._client.pass_(secret)

    def list_sizes(self) -> dict[int, int]:
        return {number: _number(rest) for number, rest in self._list("LIST")}

    def list_ids(self) -> dict[int, str]:
        """UIDL by number; empty where the server has none."""
        try:
            return {number: rest.decode("latin-1")[:70] for number, rest in self._list("UIDL")}
        except SourceFault as fault:
            if isinstance(fault.__cause__, poplib.error_proto) and fault.kind is Kind.BROKEN and "EOF" not in fault.detail:
                return {}
            raise

    def _list(self, command: str) -> list[tuple[int, bytes]]:
        rows: list[tuple[int, bytes]] = []
        self.meter.allow(MAX_LISTING)
        with plainly(self.host):
            self._client.begin(command)
            for line in self._client.read_lines():
                number, _, rest = line.strip().partition(b" ")
                rows.append((_number(number), rest.strip()))
                if len(rows) > MAX_MESSAGES:
                    raise SourceFault(Kind.TOO_MUCH, f"{self.host} lists more messages than can be handled.")
        return rows

    def read_header(self, number: int) -> bytes:
        self.meter.allow(SMALL + (1 << 20))
        with plainly(self.host):
            self._client.begin(f"TOP {number} 0")
            return to_wire(b"".join(self._client.read_lines()))

    def read(self, number: int, *, limit: int) -> bytes:
        """A whole message. SourceFault TOO_MUCH where it is larger than `limit`; the connection is of no use then."""
        self.meter.allow(limit + SMALL)
        size, parts = 0, []
        with plainly(self.host):
            self._client.begin(f"RETR {number}")
            for line in self._client.read_lines():
                size += len(line)
                if size > limit:
                    raise SourceFault(Kind.TOO_MUCH, f"{self.host} sends more than was asked for.")
                parts.append(line)
        return to_wire(b"".join(parts))

    def remove(self, number: int) -> None:
        self.meter.allow()
        with plainly(self.host):
            self._client.begin(f"DELE {number}")

    def close(self) -> None:
        """QUIT: only now the server removes what was marked (RFC 1939 §6)."""
        self.meter.allow()
        with plainly(self.host):
            self._client.quit()

    def drop(self) -> None:
        self._client.close()


def _number(text: bytes) -> int:
    word = text.split(b" ")[0]
    if not word.isdigit() or len(word) > 15:
        raise ValueError(f"not a number: {text[:30]!r}")
    return int(word)
