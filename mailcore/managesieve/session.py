"""One ManageSieve session: states, commands and their replies.

RFC 5804. Synchronous: `execute` may block on the ports, so the listener calls it off its loop.
"""

import binascii
import logging
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from mailcore.kernel import bearer
from mailcore.kernel.errors import BadSyntax, Conflict, Deferred, Denied, MailError, NotFound, Throttled
from mailcore.kernel.peers import FailedLogins, Peer
from mailcore.kernel.principal import Principal, Service
from mailcore.kernel.sasl import read_plain
from mailcore.sieve import extensions
from mailcore.sieve.limits import DEFAULT

from .grammar import Command, Fault, bye, no, ok, string
from .ports import Authenticator, OpenScripts, ScriptStore, TooLarge, TooMany

log = logging.getLogger(__name__)

MAX_ERRORS = 20


class State(Enum):
    UNAUTHENTICATED = "unauthenticated"
    AUTHENTICATED = "authenticated"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Ports:
    authenticate: Authenticator
    open_scripts: OpenScripts


@dataclass(frozen=True, slots=True)
class Timeouts:
    idle: float = 1_800.0
    """RFC 5804 §1.9 asks for 30 minutes at least."""
    login: float = 60.0


class Session:
    """`execute` a command at a time, in order."""

    def __init__(self, *, ports: Ports, peer: Peer, timeouts: Timeouts | None = None) -> None:
        self.starttls_requested = False
        self.pause = 0.0
        """Seconds to hold the last reply back: each failed login doubles it, so guessing is slow."""
        self._timeouts = timeouts or Timeouts()
        self._ports = ports
        self._peer = peer
        self._has_tls = peer.has_tls
        self._state = State.UNAUTHENTICATED
        self._sasl: Callable[[bytes], bytes] | None = None
        """Takes the client's next answer of an exchange under way."""
        self._errors = 0
        self._failed_logins = FailedLogins()
        self._principal: Principal | None = None
        self._scripts: ScriptStore | None = None

    # -- what the listener asks ---------------------------------------------------------

    @property
    def is_closed(self) -> bool:
        return self._state is State.CLOSED

    def greeting(self) -> bytes:
        return self._capabilities() + ok(f"{self._peer.hostname} Facteur ManageSieve ready")

    def timeout(self) -> float:
        return self._timeouts.idle if self._state is State.AUTHENTICATED else self._timeouts.login

    def tls_started(self) -> bytes:
        """TLS stands; what is offered now is told unasked (RFC 5804 §2.2)."""
        self.starttls_requested = False
        self._has_tls = True
        return self._capabilities() + ok("TLS negotiation successful")

    def farewell(self, reason: str) -> bytes:
        """The last words where the listener ends the session."""
        self._state = State.CLOSED
        return bye(reason, "TRYLATER")

    def execute(self, command: Command | Fault) -> Iterator[bytes]:
        """The reply to one command. Never raises for what the peer sent."""
        self.pause = 0.0
        try:
            if isinstance(command, Fault):
                yield self._refuse(command)
            elif self._sasl is not None:
                yield self._go_on(command)
            else:
                yield from self._dispatch(command)
        except MailError as error:
            if isinstance(error, BadSyntax):
                self._count_error()
            yield no(error.public, _code(error))
        except Exception:
            incident = secrets.token_hex(4)
            log.exception("incident %s in a ManageSieve session", incident)
            yield no(f"internal error, incident {incident}", "TRYLATER")

    # -- commands -------------------------------------------------------------------------

    def _dispatch(self, command: Command) -> Iterator[bytes]:
        row = COMMANDS.get(command.verb)
        if row is None:
            raise BadSyntax("unknown command")
        if self._state not in row.states:
            raise Denied("log in first" if self._state is State.UNAUTHENTICATED else "you are logged in already")
        return row.run(self, command)

    def _refuse(self, fault: Fault) -> bytes:
        self._count_error()
        self._sasl = None
        if fault.is_fatal:
            self._state = State.CLOSED
            return bye(fault.text, "QUOTA/MAXSIZE" if fault.is_too_large else "")
        return no(fault.text, "QUOTA/MAXSIZE" if fault.is_too_large else "")

    def _count_error(self) -> None:
        self._errors += 1
        if self._errors >= MAX_ERRORS:
            self._state = State.CLOSED

    def _capabilities(self) -> bytes:
        """RFC 5804 §1.7."""
        mechanisms = " ".join(MECHANISMS) if self._may_log_in() and self._state is State.UNAUTHENTICATED else ""
        pairs: list[tuple[str, str | None]] = [
            ("IMPLEMENTATION", "Facteur"),
            ("VERSION", "1.0"),
            ("SASL", mechanisms),
            ("SIEVE", " ".join(extensions.ANNOUNCED)),
            ("NOTIFY", " ".join(extensions.NOTIFY_METHODS)),
            ("MAXREDIRECTS", str(DEFAULT.max_redirects)),
            ("LANGUAGE", "en"),
            ("UNAUTHENTICATE", None),
        ]
        if self._can_start_tls():
            pairs.append(("STARTTLS", None))
        if self._principal is not None:
            pairs.append(("OWNER", self._principal.login))
        return b"".join(
            string(name.encode()) + (b"" if value is None else b" " + string(value.encode())) + b"\r\n" for name, value in pairs
        )

    def _capability(self, command: Command) -> Iterator[bytes]:
        command.strings(0, 0)
        yield self._capabilities() + ok()

    def _noop(self, command: Command) -> Iterator[bytes]:
        tags = command.strings(0, 1)
        code = f"TAG {string(tags[0].encode()).decode('utf-8', 'replace')}" if tags else ""
        yield ok("done", code)

    def _logout(self, command: Command) -> Iterator[bytes]:
        command.strings(0, 0)
        self._state = State.CLOSED
        yield ok("goodbye")

    # -- TLS and login --------------------------------------------------------------------

    def _can_start_tls(self) -> bool:
        return self._state is State.UNAUTHENTICATED and self._peer.can_start_tls and not self._has_tls

    def _may_log_in(self) -> bool:
        return self._has_tls or self._peer.may_log_in_clear

    def _starttls(self, command: Command) -> Iterator[bytes]:
        command.strings(0, 0)
        if not self._can_start_tls():
            raise BadSyntax("TLS is not available now")
        self.starttls_requested = True
        yield ok("begin TLS negotiation")

    def _authenticate(self, command: Command) -> Iterator[bytes]:
        words = command.strings(1, 2)
        mechanism = MECHANISMS.get(words[0].upper())
        if mechanism is None:
            raise BadSyntax(f"the mechanisms known are {', '.join(MECHANISMS)}")
        if not self._may_log_in():
            yield no("start TLS before you log in", "ENCRYPT-NEEDED")
            return
        yield mechanism(self, words[1].encode() if len(words) == 2 else None)

    def _go_on(self, command: Command) -> bytes:
        """The client's part of an exchange; "*" ends it (RFC 5804 §2.1)."""
        step, self._sasl = self._sasl, None
        if command.verb or len(command.arguments) != 1 or not isinstance(command.arguments[0], bytes):
            self._count_error()
            return no("an answer of the exchange is expected")
        if command.arguments[0] == b"*":
            return no("cancelled")
        assert step is not None
        return step(command.arguments[0])

    def _plain(self, initial: bytes | None) -> bytes:
        """RFC 4616 §2."""
        if initial is None:
            self._sasl = self._finish_plain
            return b'""\r\n'
        return self._finish_plain(initial)

    def _finish_plain(self, answer: bytes) -> bytes:
        return self._log_in(*read_plain(_decode(answer).encode()))

    def _login(self, initial: bytes | None) -> bytes:
        """The LOGIN mechanism, for programs that know no other."""
        if initial is None:
            self._sasl = self._take_login_name
            return string(b64encode(b"Username:")) + b"\r\n"
        return self._take_login_name(initial)

    def _take_login_name(self, answer: bytes) -> bytes:
        login = _decode(answer)
        self._sasl = lambda secret: self._log_in(login, _decode(secret))
        return string(b64encode(b"Password:")) + b"\r\n"

    def _bearer(self, mechanism: str, initial: bytes | None) -> bytes:
        """RFC 7628: a token that is not taken is answered with the reason before the login fails."""
        if initial is None:
            self._sasl = lambda answer: self._bearer(mechanism, answer)
            return b'""\r\n'
        login, token = bearer.read(mechanism, _decode(initial).encode())
        try:
            principal = self._prove(login, token)
        except MailError as error:
            refusal = self._refuse_login(error)
            if self._state is State.CLOSED or not isinstance(error, Denied) or isinstance(error, Throttled):
                return refusal
            self._sasl = lambda _: refusal
            return string(b64encode(bearer.REFUSAL)) + b"\r\n"
        return self._enter(principal)

    def _log_in(self, login: str, secret: str) -> bytes:
        try:
            principal = self._prove(login, secret)
        except MailError as error:
            return self._refuse_login(error)
        return self._enter(principal)

    def _prove(self, login: str, secret: str) -> Principal:
        principal = self._ports.authenticate(login=login, secret=secret, service=Service.SIEVE, peer=self._peer.address)
        if principal.mailbox_id is None:
            raise Denied("this login has no mailbox")
        return principal

    def _refuse_login(self, error: MailError) -> bytes:
        self.pause = self._failed_logins.add()
        if self._failed_logins.are_too_many:
            self._state = State.CLOSED
            return bye(error.public)
        return no(error.public, "TRYLATER" if isinstance(error, Throttled | Deferred) else "")

    def _enter(self, principal: Principal) -> bytes:
        self._principal = principal
        self._scripts = self._ports.open_scripts(principal)
        self._state = State.AUTHENTICATED
        return ok("logged in")

    def _unauthenticate(self, command: Command) -> Iterator[bytes]:
        command.strings(0, 0)
        self._principal = self._scripts = None
        self._state = State.UNAUTHENTICATED
        yield ok("logged out")

    # -- scripts --------------------------------------------------------------------------

    @property
    def _store(self) -> ScriptStore:
        if self._scripts is None:
            raise Denied("log in first")
        return self._scripts

    def _havespace(self, command: Command) -> Iterator[bytes]:
        self._store.check_space(*command.string_and_number())
        yield ok()

    def _putscript(self, command: Command) -> Iterator[bytes]:
        self._store.put(*command.string_and_data())
        yield ok()

    def _checkscript(self, command: Command) -> Iterator[bytes]:
        if len(command.arguments) != 1 or not isinstance(command.arguments[0], bytes):
            raise BadSyntax("a script is expected")
        self._store.check(command.arguments[0])
        yield ok()

    def _listscripts(self, command: Command) -> Iterator[bytes]:
        command.strings(0, 0)
        for name, is_active in self._store.list():
            yield string(name.encode()) + (b" ACTIVE\r\n" if is_active else b"\r\n")
        yield ok()

    def _setactive(self, command: Command) -> Iterator[bytes]:
        self._store.activate(command.strings(1, 1)[0])
        yield ok()

    def _getscript(self, command: Command) -> Iterator[bytes]:
        text = self._store.get(command.strings(1, 1)[0])
        yield b"{%d}\r\n%b\r\n" % (len(text), text)
        yield ok()

    def _deletescript(self, command: Command) -> Iterator[bytes]:
        try:
            self._store.remove(command.strings(1, 1)[0])
        except Conflict as error:
            yield no(error.public, "ACTIVE")
            return
        yield ok()

    def _renamescript(self, command: Command) -> Iterator[bytes]:
        old, new = command.strings(2, 2)
        try:
            self._store.rename(old, new)
        except Conflict as error:
            yield no(error.public, "ALREADYEXISTS")
            return
        yield ok()


def _decode(answer: bytes) -> str:
    try:
        return b64decode(answer, validate=True).decode("utf-8")
    except (binascii.Error, ValueError) as error:
        raise BadSyntax("the answer is not base64 of UTF-8") from error


def _code(error: MailError) -> str:
    """RFC 5804 §1.3."""
    if isinstance(error, NotFound):
        return "NONEXISTENT"
    if isinstance(error, TooMany):
        return "QUOTA/MAXSCRIPTS"
    if isinstance(error, TooLarge):
        return "QUOTA/MAXSIZE"
    return "TRYLATER" if isinstance(error, Deferred | Throttled) else ""


@dataclass(frozen=True, slots=True)
class _Row:
    run: Callable[[Session, Command], Iterator[bytes]]
    states: frozenset[State]


_BEFORE = frozenset({State.UNAUTHENTICATED})
_AFTER = frozenset({State.AUTHENTICATED})


def _bearer(mechanism: str) -> Callable[[Session, bytes | None], bytes]:
    return lambda session, initial: session._bearer(mechanism, initial)


MECHANISMS: dict[str, Callable[[Session, bytes | None], bytes]] = {
    "PLAIN": Session._plain,
    "LOGIN": Session._login,
    **{name: _bearer(name) for name in bearer.MECHANISMS},
}

COMMANDS: dict[str, _Row] = {
    "AUTHENTICATE": _Row(Session._authenticate, _BEFORE),
    "STARTTLS": _Row(Session._starttls, _BEFORE),
    "LOGOUT": _Row(Session._logout, _BEFORE | _AFTER),
    "CAPABILITY": _Row(Session._capability, _BEFORE | _AFTER),
    "NOOP": _Row(Session._noop, _BEFORE | _AFTER),
    "UNAUTHENTICATE": _Row(Session._unauthenticate, _AFTER),
    "HAVESPACE": _Row(Session._havespace, _AFTER),
    "PUTSCRIPT": _Row(Session._putscript, _AFTER),
    "CHECKSCRIPT": _Row(Session._checkscript, _AFTER),
    "LISTSCRIPTS": _Row(Session._listscripts, _AFTER),
    "SETACTIVE": _Row(Session._setactive, _AFTER),
    "GETSCRIPT": _Row(Session._getscript, _AFTER),
    "DELETESCRIPT": _Row(Session._deletescript, _AFTER),
    "RENAMESCRIPT": _Row(Session._renamescript, _AFTER),
}
