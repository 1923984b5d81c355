"""Notes on folders and on the mailbox: GETMETADATA, SETMETADATA (RFC 5464)."""

from collections.abc import Mapping

from mailcore.kernel.errors import LimitReached
from mailcore.kernel.limits import MAX_ANNOTATION_BYTES

from ..grammar.metadata import GetMetadata, SetMetadata
from ..grammar.responses import write_astring, write_literal, write_nstring
from .basics import Reply
from .core import Connection
from .replies import Rejected


def get_metadata(session: Connection, asked: GetMetadata) -> Reply:
    held = session.mail.get_annotations(asked.name)
    found = {entry: held.get(entry) for entry in asked.entries if asked.depth == 0 or entry in held}
    found |= {entry: value for entry, value in held.items() if _is_below(entry, asked)}
    longest = 0
    if asked.max_size is not None:
        too_long = [entry for entry, value in found.items() if len(value or b"") > asked.max_size]
        longest = max((len(found.pop(entry) or b"") for entry in too_long), default=0)
    if found:
        yield _metadata_line(session, asked.name, found)
    return b"[METADATA LONGENTRIES %d] Some were left out" % longest if longest else b"Notes given"


def _is_below(entry: str, asked: GetMetadata) -> bool:
    for above in asked.entries:
        if entry.startswith(above + "/") and (asked.depth is None or (asked.depth and "/" not in entry[len(above) + 1 :])):
            return True
    return False


def _metadata_line(session: Connection, name: str, values: Mapping[str, bytes | None]) -> bytes:
    pairs = b" ".join(b"%b %b" % (write_astring(entry.encode("ascii")), _write_value(value)) for entry, value in values.items())
    return b"* METADATA %b (%b)\r\n" % (session.write_name(name), pairs)


def _write_value(value: bytes | None) -> bytes:
    return b"~" + write_literal(value) if value is not None and b"\0" in value else write_nstring(value)


def set_metadata(session: Connection, asked: SetMetadata) -> Reply:
    yield from ()
    if not asked.name and any(entry.startswith("/shared/") for entry in asked.values):
        raise Rejected(b"NOPERM", "What all can see of the server is set by its administrator")
    if any(len(value or b"") > MAX_ANNOTATION_BYTES for value in asked.values.values()):
        raise Rejected(b"METADATA MAXSIZE %d" % MAX_ANNOTATION_BYTES, "That note is too long")
    try:
        session.mail.set_annotations(asked.name, asked.values)
    except LimitReached as error:
        raise Rejected(b"METADATA TOOMANY", error.public) from error
    return b"Noted"
