"""One POP3 session: states, commands and their replies.

RFC 1939; RFC 2449 (CAPA, RESP-CODES, PIPELINING), RFC 2595 §4 (STLS), RFC 3206
(AUTH-RESP-CODE, SYS/TEMP), RFC 5034 (AUTH), RFC 6856 (UTF8, LANG). Synchronous: `execute` may block on the ports,
so the listener calls it off its loop.
"""

import logging
import secrets
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum

from mailcore.kernel.errors import BadSyntax, Deferred, Denied, MailError, Throttled
from mailcore.kernel.limits import Pop3Limits
from mailcore.kernel.peers import FailedLogins, Peer
from mailcore.kernel.principal import Principal, Service

from . import languages
from . import login as logins
from .grammar import Command, err, multi_line, ok, parse, scan, stuffed, top
from .maildrop import Maildrop
from .ports import Authenticator, Expiry, Maildrops, Never, OpenStore

log = logging.getLogger(__name__)

MAX_ERRORS = 20


class State(Enum):
    AUTHORIZATION = "authorization"
    TRANSACTION = "transaction"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Ports:
    authenticate: Authenticator
    open_store: OpenStore
    maildrops: Maildrops
    sasl: logins.Sasl = field(default_factory=logins.Sasl)
    expiry: Expiry = field(default_factory=Never)


class Session:
    """`execute` a line at a time, in order; `close` whatever happened."""

    def __init__(self, *, ports: Ports, peer: Peer, limits: Pop3Limits | None = None) -> None:
        self.limits = limits or Pop3Limits()
        self.starttls_requested = False
        self.pause = 0.0
        """Seconds to hold the last reply back: each failed login doubles it, so guessing is slow."""
        self._ports = ports
        self._peer = peer
        self._has_tls = peer.has_tls
        self._state = State.AUTHORIZATION
        self._login = ""
        self._sasl: logins.Exchange | None = None
        """An AUTH that waits for the client's next line."""
        self._utf8 = False
        self._language = next(iter(languages.LANGUAGES))
        self._errors = 0
        self._failed_logins = FailedLogins()
        self._drop: Maildrop | None = None
        self._release: Callable[[], None] | None = None

    # -- what the listener asks ---------------------------------------------------------

    @property
    def is_closed(self) -> bool:
        return self._state is State.CLOSED

    def greeting(self) -> bytes:
        return ok(f"{self._peer.hostname} Facteur POP3 ready")

    def timeout(self) -> float:
        return self.limits.idle_timeout if self._state is State.TRANSACTION else self.limits.login_timeout

    def tls_started(self) -> None:
        """TLS stands; what was said in clear is forgotten (RFC 2595 §4)."""
        self.starttls_requested = False
        self._has_tls = True
        self._login = ""

    def close(self) -> None:
        """Give the mailbox free. Without QUIT nothing is deleted (RFC 1939 §6)."""
        self._state = State.CLOSED
        if self._release is not None:
            self._release()
            self._release = None

    def execute(self, line: bytes | None) -> Iterator[bytes]:
        """The reply to one line, in pieces; None is a line that was too long. Never raises for what the peer sent."""
        pieces = self._execute(line)
        for first in pieces:
            # Only the first holds words; and LANG itself is answered in the language it chose.
            yield languages.translate(first, self._language)
            yield from pieces

    def _execute(self, line: bytes | None) -> Iterator[bytes]:
        self.pause = 0.0
        try:
            if self._sasl is not None:
                yield self._answer_sasl(self._sasl, line)
                return
            if line is None:
                raise BadSyntax("line too long")
            yield from self._dispatch(parse(line))
        except MailError as error:
            self._count_error()
            yield err(error.public, _code(error))
        except Exception:
            incident = secrets.token_hex(4)
            log.exception("incident %s in a POP3 session", incident)
            yield err(f"internal error, incident {incident}", "SYS/TEMP")

    # -- commands -------------------------------------------------------------------------

    def _dispatch(self, command: Command) -> Iterator[bytes]:
        row = COMMANDS.get(command.verb)
        if row is None:
            raise BadSyntax("unknown command")
        if self._state not in row.states:
            raise BadSyntax("not in this state")
        return row.run(self, command)

    def _count_error(self) -> None:
        self._errors += 1
        if self._errors >= MAX_ERRORS:
            self._state = State.CLOSED

    def _capa(self, command: Command) -> Iterator[bytes]:
        lines = ["TOP", "UIDL", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", self._tell_expiry(), "UTF8 USER", "LANG"]
        lines.append("IMPLEMENTATION Facteur")
        if self._state is State.AUTHORIZATION and self._may_log_in():
            lines += ["USER", f"SASL {' '.join(self._list_mechanisms())}"]
        if self._can_start_tls():
            lines.append("STLS")
        return multi_line(ok("capabilities follow"), [line.encode() for line in lines])

    def _tell_expiry(self) -> str:
        """RFC 2449 §6.7: before the login the shortest period anybody has, after it one's own."""
        if self._drop is not None:
            days = self._ports.expiry.find_days(self._drop.mailbox_id)
            return f"EXPIRE {days or 'NEVER'}"
        shortest = self._ports.expiry.find_shortest()
        return f"EXPIRE {shortest} USER" if shortest else "EXPIRE NEVER"

    def _can_start_tls(self) -> bool:
        # Who has said UTF8 may not start TLS any more (RFC 6856 §2).
        return self._state is State.AUTHORIZATION and self._peer.can_start_tls and not self._has_tls and not self._utf8

    def _list_mechanisms(self) -> list[str]:
        return self._ports.sasl.list_mechanisms(has_tls=self._has_tls)

    def _may_log_in(self) -> bool:
        return self._has_tls or self._peer.may_log_in_clear

    def _require_privacy(self) -> None:
        if not self._may_log_in():
            raise Denied("start TLS before you log in")

    def _stls(self, command: Command) -> Iterator[bytes]:
        if not self._can_start_tls():
            raise BadSyntax("TLS is not available now")
        self.starttls_requested = True
        yield ok("begin TLS")

    def _utf_8(self, command: Command) -> Iterator[bytes]:
        """RFC 6856 §2.

        Deviates: RFC 6856 §4, because messages are served as they came, with or without UTF8: refusing those with
        8-bit headers would keep older programs from all that senders of such mail ever wrote.
        """
        if command.argument:
            raise BadSyntax("UTF8 takes no argument")
        self._utf8 = True
        yield ok("UTF-8 it is")

    def _lang(self, command: Command) -> Iterator[bytes]:
        """RFC 6856 §3."""
        asked = command.argument.decode("ascii", "replace").strip()
        if not asked:
            yield from multi_line(ok("languages follow"), [f"{tag} {name}".encode() for tag, name in languages.LANGUAGES.items()])
            return
        found = next(iter(languages.LANGUAGES)) if asked == "*" else languages.find_language(asked)
        if found is None:
            raise BadSyntax("that language is not spoken here")
        self._language = found
        yield ok(f"{found} language chosen")

    def _user(self, command: Command) -> Iterator[bytes]:
        self._require_privacy()
        self._login = _text(command.argument)
        if not self._login:
            raise BadSyntax("USER needs a name")
        yield ok("send PASS")

    def _pass(self, command: Command) -> Iterator[bytes]:
        self._require_privacy()
        if not self._login:
            raise BadSyntax("USER first")
        login, self._login = self._login, ""
        yield self._log_in(login, _text(command.argument))

    def _auth(self, command: Command) -> Iterator[bytes]:
        self._require_privacy()
        words = command.argument.split()
        if not words:
            yield from multi_line(ok("mechanisms follow"), [name.encode() for name in self._list_mechanisms()])
            return
        name = words[0].decode("ascii", "replace").upper()
        if name not in self._list_mechanisms() or len(words) > 2:
            raise BadSyntax("that mechanism is not offered")
        exchange = self._begin_sasl(name)
        question = next(exchange)
        yield self._answer_sasl(exchange, words[1]) if len(words) == 2 else self._ask_sasl(exchange, question)

    def _begin_sasl(self, name: str) -> logins.Exchange:
        if name == "PLAIN":
            return logins.plain(self._log_in)
        if not name.startswith("SCRAM"):
            return logins.bearer(name, prove=self._prove, open_drop=self._open_drop, refuse=self._login_failed)
        return logins.scram(
            self._ports.sasl, is_plus=name.endswith("-PLUS"), has_tls=self._has_tls, peer=self._peer.address, open_drop=self._open_drop
        )

    def _ask_sasl(self, exchange: logins.Exchange, question: bytes) -> bytes:
        self._sasl = exchange
        return b"+ %b\r\n" % b64encode(question)

    def _answer_sasl(self, exchange: logins.Exchange, line: bytes | None) -> bytes:
        """The client's next line of AUTH; `*` cancels (RFC 5034 §4)."""
        self._sasl = None
        if line == b"*":
            return err("cancelled")
        try:
            return self._ask_sasl(exchange, exchange.send(logins.decode(line)))
        except StopIteration as ended:
            reply: bytes = ended.value
            return reply
        except Denied as error:
            return self._login_failed(error)

    def _prove(self, login: str, secret: str) -> Principal:
        return self._ports.authenticate(login=login, secret=secret, service=Service.POP3, peer=self._peer.address)

    def _log_in(self, login: str, secret: str) -> bytes:
        try:
            principal = self._prove(login, secret)
        except MailError as error:
            return self._login_failed(error)
        return self._open_drop(principal)

    def _open_drop(self, principal: Principal) -> bytes:
        try:
            if principal.mailbox_id is None:
                raise Denied("this login has no mailbox")
            self._release = self._ports.maildrops.lock(principal.mailbox_id)
            if self._release is None:
                return err("another POP3 session holds this mailbox", "IN-USE")
            self._drop = Maildrop(self._ports.open_store(principal.mailbox_id))
        except MailError as error:
            return self._login_failed(error)
        except Exception:
            self._give_back()
            raise
        self._state = State.TRANSACTION
        return ok(f"{self._drop.count()} messages")

    def _login_failed(self, error: MailError) -> bytes:
        self._give_back()
        self.pause = self._failed_logins.add()
        if self._failed_logins.are_too_many:
            self._state = State.CLOSED
        return err(error.public, _code(error))

    def _give_back(self) -> None:
        if self._release is not None:
            self._release()
            self._release = None

    def _quit(self, command: Command) -> Iterator[bytes]:
        self._state = State.CLOSED
        if self._drop is not None:
            try:
                self._drop.update()
            except MailError as error:
                yield err(f"messages were not removed: {error.public}", _code(error))
                return
            finally:
                self._give_back()
        yield ok("goodbye")

    # -- transaction ------------------------------------------------------------------------

    @property
    def _maildrop(self) -> Maildrop:
        if self._drop is None:
            raise BadSyntax("not in this state")
        return self._drop

    def _stat(self, command: Command) -> Iterator[bytes]:
        yield ok(f"{self._maildrop.count()} {self._maildrop.octets()}")

    def _list(self, command: Command) -> Iterator[bytes]:
        drop = self._maildrop
        return self._scan(command, lambda number: str(drop.size(number)), drop.list_sizes)

    def _uidl(self, command: Command) -> Iterator[bytes]:
        return self._scan(command, self._maildrop.unique_id, self._maildrop.list_unique_ids)

    def _scan(self, command: Command, show: Callable[[int], str], show_all: Callable[[], list[str]]) -> Iterator[bytes]:
        wanted = command.numbers(0, 1)
        if wanted:
            number = self._maildrop.check(wanted[0])
            return iter([ok(f"{number} {show(number)}")])
        return scan(ok(f"{self._maildrop.count()} messages"), self._maildrop.numbers(), show_all())

    def _retr(self, command: Command) -> Iterator[bytes]:
        number = self._maildrop.check(command.numbers(1, 1)[0])
        raw = self._maildrop.read(number, whole=True)
        yield ok(f"{len(raw)} octets")
        yield from stuffed(raw)

    def _top(self, command: Command) -> Iterator[bytes]:
        number, lines = command.numbers(2, 2)
        raw = self._maildrop.read(self._maildrop.check(number), whole=False)
        yield ok("top of message follows")
        yield from stuffed(top(raw, lines))

    def _dele(self, command: Command) -> Iterator[bytes]:
        number = self._maildrop.check(command.numbers(1, 1)[0])
        self._maildrop.delete(number)
        yield ok(f"message {number} deleted")

    def _rset(self, command: Command) -> Iterator[bytes]:
        self._maildrop.reset()
        yield ok(f"{self._maildrop.count()} messages")

    def _noop(self, command: Command) -> Iterator[bytes]:
        yield ok()


def _text(argument: bytes) -> str:
    try:
        return argument.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadSyntax("that is not UTF-8") from error


def _code(error: MailError) -> str:
    if isinstance(error, Deferred | Throttled):
        return "SYS/TEMP"
    return "AUTH" if isinstance(error, Denied) else ""


@dataclass(frozen=True, slots=True)
class _Row:
    run: Callable[[Session, Command], Iterator[bytes]]
    states: frozenset[State]


_BEFORE = frozenset({State.AUTHORIZATION})
_AFTER = frozenset({State.TRANSACTION})

COMMANDS: dict[str, _Row] = {
    "CAPA": _Row(Session._capa, _BEFORE | _AFTER),
    "STLS": _Row(Session._stls, _BEFORE),
    "UTF8": _Row(Session._utf_8, _BEFORE),
    "LANG": _Row(Session._lang, _BEFORE | _AFTER),
    "USER": _Row(Session._user, _BEFORE),
    "PASS": _Row(Session._pass, _BEFORE),
    "AUTH": _Row(Session._auth, _BEFORE),
    "QUIT": _Row(Session._quit, _BEFORE | _AFTER),
    "STAT": _Row(Session._stat, _AFTER),
    "LIST": _Row(Session._list, _AFTER),
    "UIDL": _Row(Session._uidl, _AFTER),
    "RETR": _Row(Session._retr, _AFTER),
    "TOP": _Row(Session._top, _AFTER),
    "DELE": _Row(Session._dele, _AFTER),
    "RSET": _Row(Session._rset, _AFTER),
    "NOOP": _Row(Session._noop, _AFTER),
}
