"""The receiver: octets in, actions out. It cuts the input; handlers do the rest.

RFC 5321, RFC 2920 (pipelining: replies of what came together go out together),
RFC 3207 (nothing said in clear survives STARTTLS).
"""

from collections.abc import Callable

from mailcore.kernel.principal import Principal

from ..grammar.commands import split
from ..grammar.faults import CommandFault
from .actions import Action, Answer, Close, ReceiverConfig, Reply, StartTls
from .context import Context, Framing
from .dispatch import FOREIGN, TABLE, list_extensions, refuse_order
from .hello import ask_welcome, secure
from .states import State
from .transaction import abandon, finish_data
from .verdicts import Stage

MAX_BUFFERED = 131_072
MAX_HELD_REPLIES = 200
_STOPPED = (State.CLOSED, State.SECURING)


class Receiver:
    """One session. Call `next_action` until it returns None, after each `receive` and each `answer`."""

    def __init__(self, config: ReceiverConfig) -> None:
        self._context = Context(config, list_extensions)
        self._input = b""
        self._at = 0
        self._asked = False
        self._told = False
        self.spoke_early = False
        """The peer sent something before it was greeted, as spam engines do. Allowed; the rim may mind."""
        ask_welcome(self._context)

    @property
    def wants_input(self) -> bool:
        return self._context.state not in _STOPPED and len(self._input) - self._at < MAX_BUFFERED

    @property
    def is_closed(self) -> bool:
        return self._context.state is State.CLOSED

    @property
    def principal(self) -> Principal | None:
        return self._context.principal

    @property
    def helo(self) -> str:
        return self._context.helo

    @property
    def tls(self) -> str:
        """What `tls_started` was told, "" in clear."""
        return self._context.tls

    def receive(self, data: bytes) -> None:
        context = self._context
        if context.state in _STOPPED:
            return
        if context.state is State.CONNECTING and data:
            self.spoke_early = True
        self._input = data if self._at == len(self._input) else self._input[self._at :] + data
        self._at = 0

    def next_action(self) -> Action | None:
        context = self._context
        while context.ask is None and context.state not in _STOPPED:
            if len(context.replies) >= MAX_HELD_REPLIES or not self._step():
                break
        if context.ask is not None:
            if self._asked:
                return None
            self._asked = True
            return context.ask
        if context.replies:
            joined = b"".join(context.replies)
            context.replies.clear()
            return Reply(joined)
        if context.state in _STOPPED and not self._told:
            # What came in one packet with STARTTLS or QUIT is dropped, unread (RFC 3207 §4.2).
            self._told = True
            self._input, self._at = b"", 0
            return StartTls() if context.state is State.SECURING else Close()
        return None

    def answer(self, result: Answer) -> None:
        """Answer the open Ask; what comes after the session was closed is ignored."""
        context = self._context
        resume = context.resume
        if resume is None:
            if context.state is State.CLOSED:
                return
            raise RuntimeError("nothing was asked")
        context.ask = context.resume = None
        self._asked = False
        self._guard(lambda: resume(result))

    def tls_started(self, description: str) -> None:
        self._input, self._at, self._told = b"", 0, False
        secure(self._context, description)

    def timeout(self) -> Reply:
        """The peer was silent for too long. Close follows."""
        return self._end(421, "4.4.2", "Timeout, goodbye")

    def shut_down(self) -> Reply:
        """The server stops. Close follows."""
        return self._end(421, "4.3.2", "The service is shutting down, please try again later")

    def _end(self, code: int, enhanced: str, text: str) -> Reply:
        context = self._context
        context.ask = context.resume = context.sasl = None
        if context.state is not State.CLOSED:
            context.end(code, enhanced, text)
        joined = b"".join(context.replies)
        context.replies.clear()
        return Reply(joined)

    def _step(self) -> bool:
        """Take one command, or a piece of a message. False: more input is needed."""
        match self._context.framing:
            case Framing.LINE | Framing.SASL:
                return self._take_line()
            case Framing.DATA:
                return self._take_data()
            case Framing.CHUNK:
                return self._take_chunk()
            case Framing.SKIP_LINE:
                return self._skip_line()

    def _take_line(self) -> bool:
        limit = self._context.config.limits.max_line
        end = self._input.find(b"\n", self._at)
        length = (end + 1 if end >= 0 else len(self._input)) - self._at
        if length > limit:
            self._refuse_line("The line is too long", skip=True)
            return True
        if end < 0:
            return False
        line = self._input[self._at : end]
        self._at = end + 1
        if not line.endswith(b"\r"):
            self._refuse_line("Lines must end with CRLF", skip=True)
        elif line.find(b"\r") != len(line) - 1 or b"\0" in line:
            self._refuse_line("A line must not hold CR or NUL", skip=False)
        else:
            self._hear(line[:-1])
        return True

    def _refuse_line(self, text: str, *, skip: bool) -> None:
        """`skip`: what follows up to the next CRLF may be text smuggled in, so it is not heard."""
        context = self._context
        context.sasl = None
        context.framing = Framing.SKIP_LINE if skip else Framing.LINE
        if context.state is State.AUTHENTICATING:
            context.move(State.READY)
        context.reply(500, "5.5.2", text)

    def _skip_line(self) -> bool:
        end = self._input.find(b"\r\n", self._at)
        if end >= 0:
            self._at = end + 2
            self._context.framing = Framing.LINE
            return True
        self._at = len(self._input) - (1 if self._input.endswith(b"\r", self._at) else 0)
        return False

    def _take_data(self) -> bool:
        transaction = self._context.transaction
        if transaction is None or transaction.data is None:
            raise RuntimeError("DATA without a reader")
        end = transaction.data.feed(self._input, self._at)
        self._at = len(self._input) if end is None else end
        if end is not None:
            self._guard(lambda: finish_data(self._context))
        return end is not None

    def _take_chunk(self) -> bool:
        context = self._context
        chunk = context.chunk
        if chunk is None:
            raise RuntimeError("BDAT without a reader")
        reader, done = chunk
        end = reader.feed(self._input, self._at)
        self._at = len(self._input) if end is None else end
        if end is not None:
            context.framing, context.chunk = Framing.LINE, None
            self._guard(done)
        return end is not None

    def _guard(self, call: Callable[[], None]) -> None:
        """A defect costs one command or message, not the session; it is logged with its incident."""
        try:
            call()
        except Exception as error:
            abandon(self._context, error)

    def _hear(self, line: bytes) -> None:
        context = self._context
        row = None
        try:
            if context.sasl is not None:
                context.sasl(line)
                return
            verb, argument = split(line)
            row = TABLE.get(verb)
            if row is None or context.config.kind not in row.kinds:
                self._refuse_verb(verb)
            elif context.state not in row.states:
                refuse_order(context, row)
            else:
                row.handle(context, row.parse(argument))
        except CommandFault as fault:
            context.refuse(fault, Stage.COMMAND)
            if row is not None and row.closes_if_malformed and context.state is not State.CLOSED:
                context.move(State.CLOSED)
        except Exception as error:
            abandon(context, error, at_command=True)

    def _refuse_verb(self, verb: str) -> None:
        if verb in FOREIGN:
            self._context.end(554, "5.7.0", "This is a mail server")
        else:
            self._context.reply(500, "5.5.1", "That command is not known here")
