"""Where a session stands, and where it may go from there (RFC 5321 §4.1.4)."""

from enum import Enum


class State(Enum):
    CONNECTING = "connecting"
    """Nothing said yet: whether this peer is welcome is being asked."""
    GREETED = "greeted"
    READY = "ready"
    """Said hello; no transaction."""
    MAIL = "mail"
    """The sender is taken, no recipient yet."""
    RCPT = "rcpt"
    DATA = "data"
    CHUNKS = "chunks"
    AUTHENTICATING = "authenticating"
    SECURING = "securing"
    """220 was said to STARTTLS; the handshake is the rim's."""
    REJECTED = "rejected"
    """Turned away with 554: only QUIT is heard (RFC 5321 §3.1)."""
    CLOSED = "closed"


class IllegalTransition(Exception):
    """A defect of ours, never of the peer."""


_S = State
TRANSITIONS: dict[State, frozenset[State]] = {
    _S.CONNECTING: frozenset({_S.GREETED, _S.REJECTED, _S.CLOSED}),
    _S.GREETED: frozenset({_S.GREETED, _S.READY, _S.SECURING, _S.CLOSED}),
    _S.READY: frozenset({_S.READY, _S.MAIL, _S.AUTHENTICATING, _S.SECURING, _S.CLOSED}),
    _S.MAIL: frozenset({_S.RCPT, _S.READY, _S.CLOSED}),
    _S.RCPT: frozenset({_S.RCPT, _S.DATA, _S.CHUNKS, _S.READY, _S.CLOSED}),
    _S.DATA: frozenset({_S.READY, _S.CLOSED}),
    _S.CHUNKS: frozenset({_S.CHUNKS, _S.READY, _S.CLOSED}),
    _S.AUTHENTICATING: frozenset({_S.READY, _S.CLOSED}),
    _S.SECURING: frozenset({_S.GREETED, _S.CLOSED}),
    _S.REJECTED: frozenset({_S.CLOSED}),
    _S.CLOSED: frozenset({_S.CLOSED}),
}


def check_move(old: State, new: State) -> State:
    if new not in TRANSITIONS[old]:
        raise IllegalTransition(f"{old.name} to {new.name}")
    return new
