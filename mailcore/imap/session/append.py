"""APPEND (RFC 3501 §6.3.11; RFC 4315 §3 APPENDUID)."""

from ..grammar.append import Append
from .basics import Reply
from .core import Connection


def append(session: Connection, asked: Append) -> Reply:
    yield from ()
    kept = session.mail.append(
        asked.name, asked.raw, flags=asked.flags.bits, keywords=asked.flags.keywords, internaldate=asked.internaldate
    )
    return b"[APPENDUID %d %d] Kept" % (kept.uidvalidity, kept.uid)
