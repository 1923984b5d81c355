"""The client session: replies in, actions out.

RFC 5321, RFC 2920 (what may go out together does), RFC 3207, RFC 4954, RFC 2033.
Every command sent leaves one handler in a queue; each reply goes to the handler at its head.
"""

import base64
from collections import deque
from collections.abc import Callable
from enum import Enum, auto
from functools import partial

from ..grammar.replies import BrokenReply, PeerReply, ReplyReader
from ..grammar.transparency import stuff
from .actions import Action, ClientConfig, Close, Finished, OutgoingMessage, Send, StartTls, TlsUse
from .lines import CannotSend, plan
from .offers import Offers, read_offers
from .transfer import Transfer

PIECE = 65_536
_LAST_DOT = len(b".\r\n")
Handler = Callable[[PeerReply], None]


class State(Enum):
    OPENING = auto()
    SECURING = auto()
    IDLE = auto()
    BUSY = auto()
    QUITTING = auto()
    CLOSED = auto()


class ClientSession:
    """One connection. `send` one message at a time; the next after its Finished."""

    def __init__(self, config: ClientConfig) -> None:
        self._config = config
        self._state = State.OPENING
        self._reader = ReplyReader()
        self._expected: deque[Handler] = deque([self._on_greeting])
        self._actions: deque[Action] = deque()
        self._transfer: Transfer | None = None
        self._failure: tuple[int, str, str] = (421, "4.4.2", "The connection is closed")
        self._needs_reset = False
        self._pending: list[bytes] = []
        """RCPT and DATA lines still to go, one at a time, where the peer does not pipeline."""
        self._handlers: list[Handler] = []
        self.offers = Offers()
        self.tls_active = config.tls_active
        self.lacks_tls = False
        """True where TLS was required and the server would not start it."""
        self.data_sent = False
        """True once the end of the current message was handed out to be written."""

    @property
    def is_idle(self) -> bool:
        """Ready for `send`: open, and nothing under way."""
        return self._state is State.IDLE and self._transfer is None

    @property
    def is_closed(self) -> bool:
        return self._state is State.CLOSED

    def send(self, message: OutgoingMessage) -> None:
        """May be called before the session is open; then it goes once it is."""
        if self._transfer is not None:
            raise RuntimeError("one message at a time")
        self._transfer = Transfer(message)
        self.data_sent = False
        if self._state is State.IDLE:
            self._begin()
        elif self._state in (State.QUITTING, State.CLOSED):
            self._finish_failed()

    def quit(self) -> None:
        """Take leave; Close follows the peer's reply. Only where `is_idle`."""
        if self._state is not State.IDLE or self._transfer is not None:
            raise RuntimeError("a message is under way")
        self._leave()

    def next_action(self) -> Action | None:
        if not self._actions:
            return None
        action = self._actions.popleft()
        if isinstance(action, Send) and action.final:
            self.data_sent = True
        return action

    def receive(self, data: bytes) -> None:
        self._reader.feed(data)
        try:
            while self._state not in (State.CLOSED, State.SECURING) and (reply := self._reader.read()) is not None:
                self._hear(reply)
        except BrokenReply as error:
            self._fail(451, "4.5.0", f"The server does not speak SMTP: {error}")
            self._close()

    def tls_started(self) -> None:
        if self._state is not State.SECURING:
            raise RuntimeError("no handshake was asked for")
        self.tls_active, self._state = True, State.OPENING
        self.offers = Offers()
        self._say_hello()

    def connection_lost(self, reason: str) -> None:
        """Also for a failed handshake and for a timeout. What is not settled has failed for now."""
        if self._state is not State.CLOSED:
            self._fail(451, "4.4.2", reason)
            self._close()

    def _hear(self, reply: PeerReply) -> None:
        if self._state is State.QUITTING:
            self._close()
        elif reply.code == 421 or not self._expected:
            # Also a reply nobody waits for: after it no reply could be told from another.
            text = reply.text if reply.code == 421 else f"unexpected reply {reply.code} {reply.text}"
            self._fail(421, reply.enhanced if reply.code == 421 else "4.5.0", text)
            self._close()
        else:
            self._expected.popleft()(reply)

    def _put(self, data: bytes, *handlers: Handler) -> None:
        self._actions.append(Send(data))
        self._expected.extend(handlers)

    # Opening: greeting, hello, TLS, authentication.

    def _on_greeting(self, reply: PeerReply) -> None:
        if reply.code // 100 == 2:
            self._say_hello()
        else:
            self._give_up(reply)

    def _say_hello(self) -> None:
        verb = "LHLO" if self._config.lmtp else "EHLO"
        self._put(f"{verb} {self._config.helo}\r\n".encode(), self._on_ehlo)

    def _on_ehlo(self, reply: PeerReply) -> None:
        if reply.code // 100 == 2:
            self.offers = read_offers(reply)
            self._secure()
        elif reply.code >= 500 and not self._config.lmtp:
            self._put(f"HELO {self._config.helo}\r\n".encode(), self._on_helo)
        else:
            self._give_up(reply)

    def _on_helo(self, reply: PeerReply) -> None:
        if reply.code // 100 == 2:
            self._secure()
        else:
            self._give_up(reply)

    def _secure(self) -> None:
        if self.tls_active or self._config.tls is TlsUse.NEVER:
            self._authenticate()
        elif "STARTTLS" in self.offers:
            self._put(b"STARTTLS\r\n", self._on_starttls)
        elif self._config.tls is TlsUse.REQUIRED:
            self.lacks_tls = True
            self._give_up(PeerReply(454, "4.7.0", ("TLS is required and the server does not offer it",)))
        else:
            self._authenticate()

    def _on_starttls(self, reply: PeerReply) -> None:
        if reply.code == 220 and not self._reader.is_empty:
            # Something was put behind the 220 in clear, to be read as if it had come under TLS.
            self._fail(451, "4.7.0", "The server spoke between its 220 and the handshake")
            self._close()
        elif reply.code == 220:
            self._state = State.SECURING
            self._actions.append(StartTls())
        elif self._config.tls is TlsUse.REQUIRED:
            self.lacks_tls = True
            self._give_up(reply)
        else:
            self._authenticate()

    def _authenticate(self) -> None:
        login, secret = self._config.login, self._config.secret
        if not login:
            self._open()
        elif not (self.tls_active or self._config.auth_allowed_in_clear):
            self._give_up(PeerReply(454, "4.7.0", ("A password is not sent without TLS",)))
        elif "PLAIN" in self.offers.mechanisms:
            self._put(b"AUTH PLAIN " + base64.b64encode(f"\0{login}\0{secret}".encode()) + b"\r\n", self._on_authenticated)
        elif "LOGIN" in self.offers.mechanisms:
            self._put(b"AUTH LOGIN\r\n", partial(self._on_prompt, [login, secret]))
        else:
            self._give_up(PeerReply(454, "4.7.0", ("The server offers neither AUTH PLAIN nor AUTH LOGIN",)))

    def _on_prompt(self, answers: list[str], reply: PeerReply) -> None:
        if reply.code != 334:
            self._give_up(reply)
            return
        answer, *rest = answers
        following = partial(self._on_prompt, rest) if rest else self._on_authenticated
        self._put(base64.b64encode(answer.encode()) + b"\r\n", following)

    def _on_authenticated(self, reply: PeerReply) -> None:
        if reply.code == 235:
            self._open()
        else:
            self._give_up(reply)

    def _open(self) -> None:
        self._state = State.IDLE
        if self._transfer is not None:
            self._begin()

    # A message.

    def _begin(self) -> None:
        transfer = self._current()
        try:
            planned = plan(transfer.message, self.offers, is_last=self._config.lmtp)
        except CannotSend as error:
            transfer.fail(transfer.open_indexes, code=error.code, enhanced=error.enhanced, text=error.text, permanent=True)
            self._finish()
            return
        lines: list[bytes] = [planned.mail]
        handlers: list[Handler] = [self._on_mail]
        for index, line in enumerate(planned.recipients):
            if isinstance(line, CannotSend):
                transfer.fail([index], code=line.code, enhanced=line.enhanced, text=line.text, permanent=True)
            else:
                lines.append(line)
                handlers.append(partial(self._on_recipient, index))
        if len(lines) == 1:
            self._finish()
            return
        if self._needs_reset:
            lines.insert(0, b"RSET\r\n")
            handlers.insert(0, self._on_reset)
        self._state = State.BUSY
        lines.append(b"DATA\r\n")
        handlers.append(self._on_data)
        if "PIPELINING" in self.offers:
            self._put(b"".join(lines), *handlers)
        else:
            self._pending, self._handlers = lines, handlers
            self._put_next()

    def _put_next(self) -> None:
        if self._pending:
            self._put(self._pending.pop(0), self._handlers.pop(0))

    def _on_reset(self, reply: PeerReply) -> None:
        if reply.code // 100 == 2:
            self._needs_reset = False
            self._put_next()
        else:
            # A MAIL inside the old transaction would be refused for good, and this message bounced for it.
            self._give_up(reply)

    def _on_mail(self, reply: PeerReply) -> None:
        transfer = self._current()
        transfer.take_mail(reply)
        self._needs_reset = transfer.mail_refusal is None
        if transfer.mail_refusal is not None and self._pending:
            self._stop_asking()
            transfer.refuse(transfer.open_indexes, reply)
            self._finish()
        else:
            self._put_next()

    def _on_recipient(self, index: int, reply: PeerReply) -> None:
        transfer = self._current()
        transfer.take_recipient(index, reply)
        if len(self._pending) == 1 and not transfer.accepted:
            # Only DATA is left, and nobody to send it to.
            self._stop_asking()
            self._finish()
        else:
            self._put_next()

    def _stop_asking(self) -> None:
        self._pending, self._handlers = [], []

    def _on_data(self, reply: PeerReply) -> None:
        transfer = self._current()
        if reply.code != 354:
            transfer.refuse(transfer.accepted, reply)
            self._finish()
        elif transfer.accepted:
            self._put_message(transfer)
        elif self._config.lmtp:
            # A server that wants a message for nobody: how many replies it would give is anyone's guess.
            self._finish()
            self._leave()
        else:
            self._put(b".\r\n", self._on_nothing_sent)

    def _put_message(self, transfer: Transfer) -> None:
        wire = stuff(transfer.message.raw)
        if len(wire) > PIECE:
            body = memoryview(wire)[:-_LAST_DOT]
            self._actions.extend(Send(bytes(body[start : start + PIECE])) for start in range(0, len(body), PIECE))
            wire = wire[-_LAST_DOT:]
        self._actions.append(Send(wire, final=True))
        if self._config.lmtp:
            self._expected.extend(partial(self._on_kept, [index]) for index in transfer.accepted)
        else:
            self._expected.append(partial(self._on_kept, transfer.accepted))

    def _on_kept(self, indexes: list[int], reply: PeerReply) -> None:
        transfer = self._current()
        transfer.settle(indexes, reply)
        if not transfer.open_indexes:
            self._needs_reset = False
            self._finish()

    def _on_nothing_sent(self, _reply: PeerReply) -> None:
        self._needs_reset = False
        self._finish()

    def _finish(self) -> None:
        transfer, self._transfer = self._current(), None
        self._state = State.IDLE
        self._actions.append(Finished(transfer.results()))

    def _current(self) -> Transfer:
        if self._transfer is None:
            raise RuntimeError("no message is under way")
        return self._transfer

    # Endings.

    def _give_up(self, reply: PeerReply) -> None:
        """The session cannot be opened. Never permanent: another host, or this one tomorrow, may take the message."""
        self._fail(reply.code, reply.enhanced, reply.text)
        self._leave()

    def _fail(self, code: int, enhanced: str, text: str) -> None:
        self._failure = (code, enhanced, text)
        if self._transfer is not None:
            self._finish_failed()

    def _finish_failed(self) -> None:
        transfer, self._transfer = self._current(), None
        code, enhanced, text = self._failure
        transfer.fail(transfer.open_indexes, code=code, enhanced=enhanced, text=text, permanent=False)
        self._actions.append(Finished(transfer.results(), session_failed=True))

    def _leave(self) -> None:
        self._state = State.QUITTING
        self._expected.clear()
        self._actions.append(Send(b"QUIT\r\n"))

    def _close(self) -> None:
        if self._state is not State.CLOSED:
            self._state = State.CLOSED
            self._expected.clear()
            self._actions.append(Close())
