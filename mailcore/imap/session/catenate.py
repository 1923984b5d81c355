"""CATENATE: a message put together from text the client sends and parts that are here (RFC 4469)."""

from collections.abc import Sequence

from mailcore.kernel.errors import NotFound

from ..grammar.append import Piece, Url
from ..grammar.fetch import Body
from ..grammar.responses import write_string
from ..grammar.urls import MessageUrl, read_url
from .core import Connection
from .replies import Rejected
from .sections import needed_columns, read_body


def join_pieces(session: Connection, pieces: Sequence[Piece]) -> bytes:
    """The whole message; Rejected with BADURL or TOOBIG."""
    if len(pieces) == 1 and isinstance(pieces[0], bytes) and pieces[0]:
        return pieces[0]
    limit = session.config.limits.max_literal_bytes
    joined: list[bytes] = []
    size = 0
    for piece in pieces:
        joined.append(piece if isinstance(piece, bytes) else _read(session, piece))
        size += len(joined[-1])
        if size > limit:
            raise Rejected(b"TOOBIG", "The message would be larger than this server takes")
    if not size:
        raise Rejected(b"CANNOT", "An empty message cannot be kept")
    return b"".join(joined)


def _read(session: Connection, url: Url) -> bytes:
    asked = read_url(url.text)
    data = _fetch(session, asked) if asked is not None else None
    if data is None:
        raise Rejected(b"BADURL %b" % _quote(url.text), "That URL leads to nothing here")
    return data


def _quote(text: bytes) -> bytes:
    return write_string(text[:400].translate(None, b"\r\n\0"))


def _fetch(session: Connection, asked: MessageUrl) -> bytes | None:
    if asked.folder is None and session.view is None:
        return None
    try:
        folder = session.mail.get_folder(asked.folder if asked.folder is not None else session.selected.name)
    except NotFound:
        return None
    if asked.uidvalidity not in (None, folder.uidvalidity):
        return None
    body = Body(asked.section, b"", peek=True)
    columns = needed_columns(body)
    row = next(iter(session.mail.fetch(folder.id, [asked.uid], columns)), None)
    data = read_body(body, columns, row) if row is not None else None
    if data is None or asked.partial is None:
        return data
    first, count = asked.partial
    return data[first : None if count is None else first + count]
