"""CAPABILITY, NOOP, CHECK, LOGOUT, ID, ENABLE, NAMESPACE, STARTTLS (RFC 3501 §6.1; RFC 2971; RFC 5161; RFC 2342)."""

from collections.abc import Generator

from ..grammar.responses import write_string
from .core import Connection, State
from .replies import Rejected

Reply = Generator[bytes, None, bytes]
"""A handler yields untagged data and returns what follows "OK " in the tagged line."""
_ENABLED_BY_NAME = (b"CONDSTORE",)


def noop(session: Connection, _: None) -> Reply:
    yield from ()
    return b"Done"


def logout(session: Connection, _: None) -> Reply:
    yield b"* BYE Until next time\r\n"
    session.view = None
    session.enter(State.LOGOUT)
    return b"Logged out"


def identify(session: Connection, fields: dict[str, str]) -> Reply:
    yield b'* ID ("name" %b)\r\n' % write_string(session.config.server_name.encode("ascii", "replace"))
    return b"Pleased to meet you"


def enable(session: Connection, names: list[bytes]) -> Reply:
    enabled = [name for name in _ENABLED_BY_NAME if name in names]
    if enabled:
        session.condstore = True
    yield b"* ENABLED%b\r\n" % b"".join(b" " + name for name in enabled)
    return b"Enabled"


def namespace(session: Connection, _: None) -> Reply:
    yield b'* NAMESPACE (("" "/")) NIL NIL\r\n'
    return b"Namespaces listed"


def starttls(session: Connection, _: None) -> Reply:
    if session.tls or not session.config.starttls:
        raise Rejected(b"CANNOT", "TLS cannot be started here")
    yield from ()
    session.starttls_requested = True
    return b"Begin TLS now"
