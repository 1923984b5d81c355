"""CAPABILITY, NOOP, CHECK, LOGOUT, ID, ENABLE, NAMESPACE, STARTTLS (RFC 3501 §6.1; RFC 2971; RFC 5161; RFC 2342)."""

from collections.abc import Callable, Generator, Mapping

from ..grammar.cursor import BadCommand
from ..grammar.responses import write_string
from .core import Connection, State
from .replies import Rejected

Reply = Generator[bytes, None, bytes]
"""A handler yields untagged data and returns what follows "OK " in the tagged line."""


def noop(session: Connection, _: None) -> Reply:
    yield from ()
    return b"Done"


def logout(session: Connection, _: None) -> Reply:
    yield b"* BYE Until next time\r\n"
    session.unselect()
    session.enter(State.LOGOUT)
    return b"Logged out"


def identify(session: Connection, fields: dict[str, str]) -> Reply:
    yield b'* ID ("name" %b)\r\n' % write_string(session.config.server_name.encode("ascii", "replace"))
    return b"Pleased to meet you"


def enable(session: Connection, names: list[bytes]) -> Reply:
    """RFC 5161 §3.1: what is not known, or on already, is passed over."""
    had_modseqs = session.condstore
    enabled = [name for name, switch_on in SWITCHES.items() if name.upper() in names and switch_on(session)]
    yield b"* ENABLED%b\r\n" % b"".join(b" " + name for name in enabled)
    if session.condstore and not had_modseqs and session.view is not None:
        yield b"* OK [HIGHESTMODSEQ %d] Highest change\r\n" % session.view.told_modseq
    return b"Enabled"


def _enable_condstore(session: Connection) -> bool:
    fresh = not session.condstore
    session.condstore = True
    return fresh


def _enable_qresync(session: Connection) -> bool:
    """Brings CONDSTORE with it (RFC 7162 §3.2.3)."""
    fresh = not session.qresync
    session.condstore = session.qresync = True
    return fresh


def _enable_rev2(session: Connection) -> bool:
    fresh = not session.rev2
    session.rev2 = True
    if session.view is not None:
        session.view.forget_recent()
    return fresh


def _enable_utf8(session: Connection) -> bool:
    fresh = not session.utf8
    session.utf8 = True
    return fresh


def _enable_uid_only(session: Connection) -> bool:
    fresh = not session.uid_only
    session.uid_only = True
    return fresh


SWITCHES: Mapping[bytes, Callable[[Connection], bool]] = {
    b"CONDSTORE": _enable_condstore,
    b"QRESYNC": _enable_qresync,
    b"IMAP4rev2": _enable_rev2,
    b"UTF8=ACCEPT": _enable_utf8,
    b"UIDONLY": _enable_uid_only,
}
"""What ENABLE can switch on; each says whether it was off."""


def namespace(session: Connection, _: None) -> Reply:
    yield b'* NAMESPACE (("" "/")) (("Other Users/" "/")) (("Shared/" "/"))\r\n'
    return b"Namespaces listed"


def compress(session: Connection, mechanism: bytes) -> Reply:
    if mechanism != b"DEFLATE":
        raise BadCommand("Only DEFLATE is offered")
    if session.compressed:
        raise Rejected(b"COMPRESSIONACTIVE", "It is compressed already")
    yield from ()
    session.compress_requested = True
    return b"Deflate from here on"


def unauthenticate(session: Connection, _: None) -> Reply:
    """As after the greeting, but for TLS and compression (RFC 8437 §3)."""
    yield from ()
    session.unselect()
    session.forget_login()
    session.enter(State.NOT_AUTHENTICATED)
    return b"Who are you?"


def starttls(session: Connection, _: None) -> Reply:
    if session.tls or session.compressed or not session.config.starttls:
        raise Rejected(b"CANNOT", "TLS cannot be started here")
    yield from ()
    session.starttls_requested = True
    return b"Begin TLS now"
