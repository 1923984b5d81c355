"""One connection to another mail host: a socket, the TLS on it, and the client session it serves.

Plain blocking sockets: the callers are worker threads. How much the handshake must prove is the
caller's demand (`trust.tlspolicy`).
"""

import socket
import ssl
from collections.abc import Callable
from contextlib import suppress

from mailcore.smtp.client.actions import ClientConfig, Close, Finished, OutgoingMessage, Send, StartTls
from mailcore.smtp.client.session import ClientSession
from mailcore.trust import tlsguard
from mailcore.trust.tlsguard import TlsFault
from mailcore.trust.tlspolicy import Demand, Level

CONNECT_TIMEOUT = 30.0
COMMAND_TIMEOUT = 300.0
DOT_TIMEOUT = 600.0
"""RFC 5321 §4.5.3.2."""
_READ = 65_536
_PROOFS = {"sts": ", proved by MTA-STS", "tlsa": ", proved by DANE", "rule": ", proved as the rule for the domain wants"}


class LeaseLost(Exception):
    """Somebody else owns these recipients now; the final dot was not sent."""


class Connection:
    """Open a connection with `connect`; send messages one after the other; close it."""

    def __init__(self, channel: socket.socket, config: ClientConfig, *, host: str, demand: Demand) -> None:
        self._channel = channel
        self._session = ClientSession(config)
        self._demand = demand
        self.host = host
        self._fault = ""
        self.has_sent_dot = False
        """Whether the end of the latest message may have reached the other side."""

    @property
    def tls_fault(self) -> str:
        """What was wrong with TLS, as a result type of RFC 8460 §4.3; "" where nothing was."""
        return "starttls-not-supported" if self._session.lacks_tls else self._fault

    @property
    def has_tls(self) -> bool:
        return self._session.tls_active

    @property
    def tls_words(self) -> str:
        """How safe the way is, e.g. "TLSv1.3, proved by MTA-STS"."""
        if not isinstance(self._channel, ssl.SSLSocket):
            return "in clear"
        return f"{self._channel.version()}{_PROOFS.get(self._demand.source, '') if self._demand.level >= Level.VERIFY else ''}"

    @property
    def offers_reports(self) -> bool:
        return "DSN" in self._session.offers

    @property
    def keeps_time(self) -> bool:
        return "DELIVERBY" in self._session.offers

    def send(self, message: OutgoingMessage, *, before_dot: Callable[[], bool]) -> Finished:
        """Send one message. `before_dot` is called just before its last octets go out; False means LeaseLost."""
        self.has_sent_dot = False
        self._session.send(message)
        while True:
            action = self._session.next_action()
            if isinstance(action, Finished):
                return action
            if isinstance(action, Send) and action.final:
                if not before_dot():
                    self.abort("the lease was lost")
                    raise LeaseLost
                self.has_sent_dot = True
                self._channel.settimeout(DOT_TIMEOUT)
                self._write(action.data)
            else:
                self._do(action)

    def close(self) -> None:
        """Take leave politely where that is possible; never raises."""
        if self._session.is_idle:
            self._session.quit()
            self._channel.settimeout(5.0)
            while not self._session.is_closed:
                self._do(self._session.next_action())
        self._channel.close()

    def abort(self, reason: str) -> None:
        self._session.connection_lost(reason)
        self._channel.close()

    def _do(self, action: Send | StartTls | Finished | Close | None) -> None:
        if action is None:
            self._read()
        elif isinstance(action, Send):
            self._write(action.data)
        elif isinstance(action, StartTls):
            self._start_tls()
        elif isinstance(action, Close):
            self._channel.close()

    def _write(self, data: bytes) -> None:
        try:
            self._channel.sendall(data)
        except OSError as error:
            self._session.connection_lost(f"writing failed: {error}")

    def _read(self) -> None:
        try:
            data = self._channel.recv(_READ)
        except OSError as error:
            self._session.connection_lost(f"no reply: {error}")
            return
        if data:
            self._channel.settimeout(COMMAND_TIMEOUT)
            self._session.receive(data)
        else:
            self._session.connection_lost("the connection was closed by the other side")

    def _start_tls(self) -> None:
        try:
            self._channel = tlsguard.wrap(self._channel, self.host, self._demand)
        except (OSError, ValueError) as error:
            self._fault = error.fault if isinstance(error, TlsFault) else "validation-failure"
            self._session.connection_lost(f"the TLS handshake failed: {error}")
        else:
            self._session.tls_started()


def connect(address: str, port: int, config: ClientConfig, *, host: str, demand: Demand | None = None) -> Connection:
    """Raises OSError where nothing answers."""
    channel = socket.create_connection((address, port), timeout=CONNECT_TIMEOUT)
    with suppress(OSError):  # a hint only
        channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    channel.settimeout(COMMAND_TIMEOUT)
    if config.tls_active:
        try:
            channel = tlsguard.wrap(channel, host, demand or Demand())
        except (OSError, ValueError) as error:
            channel.close()
            raise error if isinstance(error, OSError) else OSError(str(error)) from error
    return Connection(channel, config, host=host, demand=demand or Demand())
