"""LOGIN and AUTHENTICATE (RFC 3501 §6.2.2, §6.2.3; RFC 4616 PLAIN; RFC 4959 SASL-IR; the LOGIN mechanism)."""

from base64 import b64encode
from collections.abc import Generator
from dataclasses import dataclass

from mailcore.kernel.errors import Denied, Throttled
from mailcore.kernel.mailstore import MailStore

from ..grammar.cursor import BadCommand
from ..grammar.login import Authenticate, Login, decode_base64, decode_text, read_plain
from .core import Connection, State
from .replies import Rejected

MECHANISMS = (b"PLAIN", b"LOGIN")


@dataclass(slots=True)
class Exchange:
    """An AUTHENTICATE under way."""

    tag: bytes
    mechanism: bytes
    login: str | None = None


def log_in(session: Connection, asked: Login) -> None:
    """Check the password and open the mailbox; Rejected where that fails."""
    if not session.may_log_in:
        raise Rejected(b"PRIVACYREQUIRED", "Start TLS before sending a password")
    config = session.config
    try:
        principal = session.authenticate(login=asked.login, secret=asked.secret, service=config.service, peer=config.peer)
    except Throttled:
        raise
    except Denied as error:
        raise Rejected(b"AUTHENTICATIONFAILED", error.public) from error
    if principal.mailbox_id is None:
        raise Rejected(b"AUTHORIZATIONFAILED", "This login has no mailbox")
    store: MailStore = session.open_store(principal)
    session.principal, session.store = principal, store
    session.enter(State.AUTHENTICATED)


def login(session: Connection, asked: Login) -> Generator[bytes, None, bytes]:
    yield from ()
    log_in(session, asked)
    return b"Logged in"


def authenticate(session: Connection, asked: Authenticate, tag: bytes) -> Generator[bytes, None, bytes | None]:
    """None where the answer is still to come through `continue_exchange`."""
    if asked.mechanism not in MECHANISMS:
        raise Rejected(b"CANNOT", "That mechanism is not offered")
    if not session.may_log_in:
        raise Rejected(b"PRIVACYREQUIRED", "Start TLS before sending a password")
    exchange = Exchange(tag, asked.mechanism)
    if asked.initial is None:
        session.pending_auth = exchange
        yield b"+ \r\n" if asked.mechanism == b"PLAIN" else challenge(b"Username:")
        return None
    question = _advance(session, exchange, asked.initial)
    if question is None:
        return b"Logged in"
    session.pending_auth = exchange
    yield question
    return None


def challenge(text: bytes) -> bytes:
    return b"+ " + b64encode(text) + b"\r\n"


def continue_exchange(session: Connection, exchange: Exchange, line: bytes) -> bytes | None:
    """The next challenge, or None when logged in. `pending_auth` is cleared whatever happens."""
    session.pending_auth = None
    if line == b"*":
        raise BadCommand("Authentication cancelled")
    question = _advance(session, exchange, decode_base64(line))
    if question is not None:
        session.pending_auth = exchange
    return question


def _advance(session: Connection, exchange: Exchange, answer: bytes) -> bytes | None:
    if exchange.mechanism == b"PLAIN":
        log_in(session, read_plain(answer))
        return None
    if exchange.login is None:
        exchange.login = decode_text(answer)
        return challenge(b"Password:")
    log_in(session, Login(exchange.login, decode_text(answer)))
    return None
