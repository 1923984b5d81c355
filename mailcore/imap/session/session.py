"""One client's session: the door through which the listener drives the state machine.

`execute` may block on the store and is meant for a thread; it yields output in chunks and
never raises for what a client sent. One command at a time.
"""

from collections.abc import Callable, Iterator

from mailcore.kernel.errors import MailError
from mailcore.kernel.mailstore import MailStore
from mailcore.kernel.ports import Authenticator
from mailcore.kernel.principal import Principal

from ..grammar.cursor import BadCommand, Cursor, UidRequired
from ..grammar.framing import Command
from . import login, saved
from .config import SessionConfig
from .core import Connection, SelectedFolderGone, State
from .login import Exchange
from .replies import answer_error, logger
from .table import COUNTED, TABLE, Row, list_capabilities

MAX_BAD_COMMANDS = 50
"""In a row; whoever sends more speaks something else."""
_GONE = b"* BYE The open folder was removed\r\n"


class Session(Connection):
    __slots__ = ()

    def __init__(self, config: SessionConfig, authenticate: Authenticator, open_store: Callable[[Principal], MailStore]) -> None:
        super().__init__(config, authenticate, open_store)

    def greeting(self) -> bytes:
        name = self.config.server_name.encode("ascii", "replace")
        return b"* OK [CAPABILITY %b] %b is ready\r\n" % (list_capabilities(self), name)

    def is_quick(self, command: Command) -> bool:
        """Whether `execute` of this command asks neither store nor authenticator."""
        row = TABLE.get(_peek_verb(command))
        # Anything not known for sure is not quick: a store called on the listener's loop fails.
        return row is not None and row.quick and not (row.refresh_after and self.view is not None)

    def execute(self, command: Command) -> Iterator[bytes]:
        """Run one command; its untagged data and its tagged line, in chunks."""
        cursor = Cursor(command, utf8_names=self.utf8 or self.rev2, utf8_only=self.utf8, uid_only=self.uid_only)
        tag = b"*"
        row: Row | None = None
        try:
            tag = cursor.tag()
            cursor.space()
            row = self._find_row(cursor)
            arguments = row.parse(cursor)
            cursor.end()
            yield from self._run(row, tag, arguments)
            self.bad_commands = 0
        except SelectedFolderGone:
            yield self._leave(_GONE)
        # Whatever a command does, the session lives on: this is where errors become answers.
        except Exception as error:
            yield answer_error(tag, error, dict(row.codes) if row is not None else {})
            if isinstance(error, BadCommand):
                self.bad_commands += 1
                if self.bad_commands >= MAX_BAD_COMMANDS:
                    yield self._leave(b"* BYE Too many bad commands\r\n")

    def _find_row(self, cursor: Cursor) -> Row:
        verb = cursor.word()
        if verb == b"UID":
            cursor.space()
            verb = b"UID " + cursor.word()
        row = TABLE.get(verb)
        if row is None:
            raise BadCommand("There is no such command")
        if self.state not in row.states:
            raise BadCommand("Not in this state")
        if self.uid_only and row.verb in COUNTED:
            raise UidRequired("Sequence numbers were given up")
        return row

    def _run(self, row: Row, tag: bytes, arguments: object) -> Iterator[bytes]:
        if row.verb == b"CAPABILITY":
            yield b"* CAPABILITY %b\r\n" % list_capabilities(self)
        before = self.view
        if row.refresh_before:
            yield from _some(self.refresh())
        if self.view is not None:
            arguments = saved.bind(self.view, arguments, by_uid=row.verb.startswith(b"UID "))
        extra = (tag,) if row.wants_tag else ()
        text = yield from row.run(self, arguments, *extra)
        if text is None:
            return
        if self.view is not None and self.view is before and not row.keeps_numbers:
            yield from _some((self.refresh() if row.refresh_after else b"") + self.report_expunged())
        elif row.refresh_after and self.view is not None:
            yield from _some(self.refresh() + self.report_lag())
        elif row.keeps_numbers:
            yield from _some(self.report_lag())
        if not row.quick or row.refresh_after:
            yield from _some(self.report_results())
        if row.verb in (b"LOGIN", b"AUTHENTICATE"):
            text = self._logged_in(text)
        yield b"%b OK %b\r\n" % (tag, text)

    def _logged_in(self, text: bytes) -> bytes:
        return b"[CAPABILITY %b] %b" % (list_capabilities(self), text)

    def continue_auth(self, line: bytes) -> bytes:
        """Answer the client's line while `pending_auth` is set. May block, like `execute`."""
        exchange = self.pending_auth
        assert isinstance(exchange, Exchange), "nobody is logging in"
        try:
            question = login.continue_exchange(self, exchange, line)
        except Exception as error:
            return answer_error(exchange.tag, error, {})
        return question if question is not None else b"%b OK %b\r\n" % (exchange.tag, self._logged_in(b"Logged in"))

    def tls_started(self) -> None:
        """The listener has upgraded the connection; nothing learnt in clear is kept (RFC 3501 §6.2.1)."""
        self.tls = True
        self.starttls_requested = False
        self.pending_auth = None

    def compress_started(self) -> None:
        self.compressed = True
        self.compress_requested = False

    def poll(self) -> bytes:
        """What changed, for a client that idles or has asked to be told. May block."""
        if not self.is_listening:
            return b""
        try:
            return self._look()
        except SelectedFolderGone:
            return self._leave(_GONE)
        except MailError as error:
            # Nothing was taken from the journal, so the next look reports it all.
            logger.warning("IDLE could not look: %s", error.detail)
            return b""

    def _look(self) -> bytes:
        watcher, news = self.watcher, b""
        if self.view is not None and (self.idling or (watcher is not None and watcher.watches_selected)):
            news = self.refresh()
            if self.idling or (watcher is not None and not watcher.delays_expunges):
                news += self.report_expunged()
            else:
                news += self.report_lag()
            news += self.report_results()
        if watcher is None:
            return news
        try:
            return news + watcher.look(self)
        except MailError as error:
            # What the open folder's journal gave has been taken, and is told now or never.
            logger.warning("NOTIFY could not look: %s", error.detail)
            return news

    def done_idle(self, line: bytes) -> bytes:
        """The line that ends IDLE. May block."""
        tag, self.idling = self.idle_tag, False
        if line.strip().upper() != b"DONE":
            return b"%b BAD Expected DONE\r\n" % tag
        try:
            news = self.refresh() + self.report_expunged() + self.report_results() if self.view is not None else b""
        except SelectedFolderGone:
            return self._leave(_GONE)
        except Exception as error:
            return answer_error(tag, error, {})
        return b"%b%b OK Done\r\n" % (news, tag)

    def timeout(self) -> bytes:
        """The client was silent for too long (RFC 3501 §5.4)."""
        return self._leave(b"* BYE You were silent for too long\r\n")

    def _leave(self, farewell: bytes) -> bytes:
        self.idling = False
        self.view = None
        self.state = State.LOGOUT
        self.close = True
        return farewell


def _peek_verb(command: Command) -> bytes:
    words = command.text.split(None, 2)
    return words[1].upper() if len(words) > 1 else b""


def _some(data: bytes) -> Iterator[bytes]:
    if data:
        yield data
