"""What the handlers of one session share: its state, its transaction, its replies and its question."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto

from mailcore.kernel.envelope import EnvelopeRecipient
from mailcore.kernel.principal import Principal

from ..grammar.commands import Mail
from ..grammar.replies import format_reply
from ..grammar.transparency import ChunkReader, DataReader
from .actions import Answer, Ask, Kind, ReceiverConfig
from .states import State, check_move
from .verdicts import Stage, answer_error

Resume = Callable[[Answer], None]


class Framing(Enum):
    """How the next octets are cut."""

    LINE = auto()
    SKIP_LINE = auto()
    SASL = auto()
    DATA = auto()
    CHUNK = auto()


@dataclass(slots=True)
class Transaction:
    mail: Mail
    at: int = 0
    """When MAIL was said, seconds since the epoch: what its parameters count from."""
    recipients: dict[str, EnvelopeRecipient] = field(default_factory=dict)
    """By address, in the order of their RCPT; the same address twice is one recipient."""
    order: list[str] = field(default_factory=list)
    """One address for each RCPT that was taken: LMTP replies once for each (RFC 2033 §4.2)."""
    data: DataReader | None = None
    chunks: ChunkReader | None = None


class Context:
    """Mutable heart of a session. Handlers change it; only Receiver reads input and hands out actions."""

    def __init__(self, config: ReceiverConfig, list_extensions: "Callable[[Context], list[str]]") -> None:
        self.config = config
        self.list_extensions = list_extensions
        self.state = State.CONNECTING
        self.framing = Framing.LINE
        self.helo = ""
        self.extended = False
        """True after EHLO or LHLO."""
        self.tls_active = config.tls_active
        self.tls = ""
        self.principal: Principal | None = None
        self.transaction: Transaction | None = None
        self.transactions = 0
        self.errors = 0
        self.replies: list[bytes] = []
        self.ask: Ask | None = None
        self.resume: Resume | None = None
        self.sasl: Callable[[bytes], None] | None = None
        self.chunk: tuple[ChunkReader, Callable[[], None]] | None = None
        """Where the octets of BDAT go, and what to do once they are in."""
        self.discard = ChunkReader(0)
        """Swallows the octets of a BDAT that was refused."""

    def move(self, new: State) -> None:
        self.state = check_move(self.state, new)

    def reply(self, code: int, enhanced: str, text: str) -> None:
        self.put(code, format_reply(code, enhanced, text))

    def put(self, code: int, data: bytes) -> None:
        """Queue a reply. One refusal too many ends the session instead (421)."""
        if self.state is State.CLOSED:
            return
        if code >= 500:
            self.errors += 1
            if self.errors >= self.config.limits.max_errors:
                self.end(421, "4.7.0", "Too many errors, goodbye")
                return
        self.replies.append(data)

    def refuse(self, error: Exception, stage: Stage) -> int:
        code, data = answer_error(error, stage)
        self.put(code, data)
        return code

    def question(self, ask: Ask, resume: Resume) -> None:
        self.ask, self.resume = ask, resume

    def end(self, code: int, enhanced: str, text: str) -> None:
        """Say a last word; nothing is heard after it."""
        self.replies.append(format_reply(code, enhanced, text))
        self.transaction = None
        self.move(State.CLOSED)

    def end_transaction(self) -> None:
        """Back to where MAIL may be said. Also right where there is no transaction."""
        self.transaction = None
        if self.state in (State.MAIL, State.RCPT, State.DATA, State.CHUNKS):
            self.move(State.READY)

    @property
    def offers_auth(self) -> bool:
        return self.config.kind.needs_auth and (self.tls_active or self.config.auth_allowed_in_clear)

    @property
    def offers_tls(self) -> bool:
        return self.config.tls_available and not self.tls_active

    @property
    def protocol(self) -> str:
        """RFC 3848; RFC 6531 §3.7.3 where the transaction uses SMTPUTF8."""
        unicode = self.transaction is not None and self.transaction.mail.smtputf8
        if self.config.kind is Kind.LMTP:
            base = "UTF8LMTP" if unicode else "LMTP"
        elif not self.extended:
            return "SMTP"
        else:
            base = "UTF8SMTP" if unicode else "ESMTP"
        return base + ("S" if self.tls_active else "") + ("A" if self.principal else "")
