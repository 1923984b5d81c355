"""IDLE (RFC 2177). The listener calls `Session.poll` when the bus says that the folder changed."""

from collections.abc import Generator

from .core import Connection


def idle(session: Connection, _: None, tag: bytes) -> Generator[bytes, None, bytes | None]:
    """Say that we listen, then whatever happened before we did; the tagged line follows DONE."""
    session.idling, session.idle_tag = True, tag
    pending = session.refresh() + session.report_expunged() + session.report_results() if session.view is not None else b""
    yield b"+ idling\r\n" + pending
    return None
