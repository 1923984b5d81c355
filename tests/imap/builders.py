"""A session over a memory store, and a client for it that speaks bytes."""

from mailcore.imap.grammar.framing import Command, CommandReader, Continuation, TooLong
from mailcore.imap.session.config import SessionConfig
from mailcore.imap.session.session import Session
from mailcore.kernel.errors import Denied, Throttled
from mailcore.kernel.ids import MailboxId, UserId
from mailcore.kernel.limits import ImapLimits
from mailcore.kernel.principal import Principal, Role, Service

from .memory_store import MemoryStore


def authenticate(*, login: str, secret: str, service: Service, peer: str) -> Principal:
    if secret == "again":
        raise Throttled("Too many guesses; wait a little.")
    if secret != "secret":
        raise Denied("Wrong name or password.")
    return Principal(UserId(1), login, Role.USER, 1, None if login == "root" else MailboxId(1), login)


class Client:
    """Drives a session as the listener would, without a socket."""

    def __init__(self, store: MemoryStore | None = None, *, config: SessionConfig | None = None, log_in: bool = True) -> None:
        self.store = store if store is not None else MemoryStore()
        self.config = config or SessionConfig(clear_login=True)
        self.session = Session(self.config, authenticate, lambda _: self.store)
        self.reader = CommandReader(self.config.limits)
        self.tag = 0
        if log_in:
            assert b" OK " in self.run(b"LOGIN ann secret")

    def send(self, data: bytes) -> bytes:
        """Everything the server says to these bytes."""
        self.reader.feed(data)
        said = []
        while (item := self.reader.next()) is not None:
            if isinstance(item, Continuation):
                said.append(b"+ OK\r\n")
            elif isinstance(item, TooLong):
                said.append(item.reply)
            else:
                said.append(self.answer(item))
        return b"".join(said)

    def answer(self, command: Command) -> bytes:
        if self.session.pending_auth is not None:
            return self.session.continue_auth(command.text)
        if self.session.idling:
            return self.session.done_idle(command.text)
        return b"".join(self.session.execute(command))

    def run(self, command: bytes) -> bytes:
        """One command with a fresh tag; the whole answer."""
        self.tag += 1
        return self.send(b"a%d %b\r\n" % (self.tag, command))

    def ok(self, command: bytes) -> bytes:
        """The untagged part of an answer that must be OK."""
        answer = self.run(command)
        head, _, last = answer.rstrip(b"\r\n").rpartition(b"\r\n")
        assert last.startswith(b"a%d OK" % self.tag), answer
        return head + b"\r\n" if head else b""


def message(subject: str = "Hello", body: str = "Good day", *, sender: str = "ann@example.org", date: str = "") -> bytes:
    lines = [f"From: {sender}", "To: bo@example.org", f"Subject: {subject}"]
    lines += [f"Date: {date}"] if date else []
    return ("\r\n".join(lines) + "\r\n\r\n" + body + "\r\n").encode()


def filled(count: int = 3) -> MemoryStore:
    store = MemoryStore()
    for number in range(1, count + 1):
        store.append("INBOX", message(f"Number {number}"), flags=0, keywords=frozenset(), internaldate=None)
    return store


SMALL = ImapLimits(max_literal_bytes=1_000, max_line=200, max_command_bytes=400)
