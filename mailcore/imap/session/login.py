"""LOGIN and AUTHENTICATE (RFC 3501 §6.2.2, §6.2.3; RFC 4616 PLAIN; RFC 4959 SASL-IR; RFC 7677 SCRAM-SHA-256;
RFC 7628 OAUTHBEARER and XOAUTH2; the LOGIN mechanism)."""

from base64 import b64encode
from collections.abc import Generator
from dataclasses import dataclass
from secrets import token_urlsafe

from mailcore.kernel import bearer
from mailcore.kernel import scram as scrams
from mailcore.kernel.errors import Denied, MailError, Throttled
from mailcore.kernel.mailstore import MailStore
from mailcore.kernel.principal import Principal

from ..grammar.cursor import BadCommand
from ..grammar.login import Authenticate, Login, decode_base64, decode_text, read_plain
from .core import Connection, State
from .replies import Rejected

MECHANISMS = (b"SCRAM-SHA-256-PLUS", b"SCRAM-SHA-256", b"PLAIN", b"LOGIN", *(name.encode("ascii") for name in bearer.MECHANISMS))
_NONCE_BYTES = 18


def list_mechanisms(session: Connection) -> list[bytes]:
    """What can be used on this connection now, the best first."""
    config = session.config
    offered = []
    for mechanism in MECHANISMS:
        is_scram, is_plus = mechanism.startswith(b"SCRAM"), mechanism.endswith(b"-PLUS")
        if (not is_scram or config.scram is not None) and (not is_plus or (session.tls and config.bindings)):
            offered.append(mechanism)
    return offered


@dataclass(slots=True)
class Exchange:
    """An AUTHENTICATE under way."""

    tag: bytes
    mechanism: bytes
    login: str | None = None
    scram: scrams.Exchange | None = None
    refused: Rejected | None = None
    """Why a token was not taken; the client has been told, and answers before the login fails."""
    principal: Principal | None = None
    """Proved, and only to be told that we are who we say."""


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
    _open(session, principal)


def _open(session: Connection, principal: Principal) -> None:
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
    if asked.mechanism not in list_mechanisms(session):
        raise Rejected(b"CANNOT", "That mechanism is not offered")
    if not session.may_log_in:
        raise Rejected(b"PRIVACYREQUIRED", "Start TLS before sending a password")
    exchange = Exchange(tag, asked.mechanism)
    if asked.initial is None:
        session.pending_auth = exchange
        yield challenge(b"Username:") if asked.mechanism == b"LOGIN" else b"+ \r\n"
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
    if exchange.mechanism.decode("ascii") in bearer.MECHANISMS:
        return _advance_bearer(session, exchange, answer)
    if exchange.mechanism.startswith(b"SCRAM"):
        try:
            return _advance_scram(session, exchange, answer)
        except scrams.BadMessage as error:
            raise BadCommand(str(error)) from error
    if exchange.login is None:
        exchange.login = decode_text(answer)
        return challenge(b"Password:")
    log_in(session, Login(exchange.login, decode_text(answer)))
    return None


def _advance_bearer(session: Connection, exchange: Exchange, answer: bytes) -> bytes | None:
    if exchange.refused is not None:
        raise exchange.refused
    try:
        asked = Login(*bearer.read(exchange.mechanism.decode("ascii"), answer))
    except MailError as error:
        raise BadCommand(error.public) from error
    try:
        log_in(session, asked)
    except Rejected as error:
        if error.code != b"AUTHENTICATIONFAILED":
            raise
        exchange.refused = error
        return challenge(bearer.REFUSAL)
    return None


def _advance_scram(session: Connection, exchange: Exchange, answer: bytes) -> bytes | None:
    config = session.config
    assert config.scram is not None, "it is offered with its port only"
    if exchange.principal is not None:
        # The last word was ours; the client has nothing to add (RFC 5802 §5).
        if answer:
            raise scrams.BadMessage("There was nothing left to say")
        _open(session, exchange.principal)
        return None
    if exchange.scram is None:
        exchange.scram = scrams.Exchange(
            token_urlsafe(_NONCE_BYTES), config.bindings if session.tls else {}, exchange.mechanism.endswith(b"-PLUS")
        )
        login = exchange.scram.first(answer)
        return challenge(exchange.scram.challenge(salt=config.scram.find_salt(login=login, peer=config.peer)))
    exchange.scram.final(answer)
    try:
        exchange.principal, signature = config.scram.log_in(
            login=exchange.scram.login, service=config.service, peer=config.peer, check=exchange.scram.check
        )
    except Throttled:
        raise
    except Denied as error:
        raise Rejected(b"AUTHENTICATIONFAILED", error.public) from error
    return challenge(signature)
