"""APPEND and REPLACE: all messages of one command are kept, or none.

RFC 3501 §6.3.11; RFC 4315 §3 APPENDUID; RFC 3502; RFC 3516 §4.4; RFC 7889; RFC 8508.
"""

from mailcore.kernel.errors import NotFound
from mailcore.kernel.mailstore import Appended, NewMessage
from mailcore.mime.binary import without_nuls

from ..grammar.append import Append, Incoming, Replace
from ..grammar.cursor import BadCommand
from ..grammar.sequences import STAR, compact, write_set
from .basics import Reply
from .catenate import join_pieces
from .core import Connection
from .replies import Rejected


def append(session: Connection, asked: Append) -> Reply:
    yield from ()
    kept = session.mail.append_many(asked.name, [_compose(session, message) for message in asked.messages])
    return _append_code(kept) + b" Kept"


def replace(session: Connection, asked: Replace) -> Reply:
    view = session.selected
    number = asked.number if asked.number != STAR else view.count
    if not 0 < number <= view.count:
        raise BadCommand("There is no message with that number")
    return (yield from _replace(session, view.uids[number - 1], asked))


def replace_by_uid(session: Connection, asked: Replace) -> Reply:
    view = session.selected
    uid = asked.number if asked.number != STAR or not view.count else view.uids[-1]
    if view.position(uid) < 0:
        raise Rejected(b"NONEXISTENT", "There is no message with that UID")
    return (yield from _replace(session, uid, asked))


def _replace(session: Connection, uid: int, asked: Replace) -> Reply:
    view = session.selected
    if view.read_only:
        raise Rejected(b"READ-ONLY", "The folder was opened for reading")
    # A missing folder is answered with TRYCREATE, a message that went meanwhile is not.
    session.mail.get_folder(asked.name)
    try:
        kept = session.mail.append_many(asked.name, [_compose(session, asked.message)], replacing=(view.folder_id, uid))
    except NotFound as error:
        raise Rejected(b"NONEXISTENT", error.public) from error
    yield b"* OK %b Kept\r\n" % _append_code(kept)
    return b"Replaced"


def _append_code(kept: list[Appended]) -> bytes:
    return b"[APPENDUID %d %b]" % (kept[0].uidvalidity, write_set(compact(one.uid for one in kept)))


def _compose(session: Connection, message: Incoming) -> NewMessage:
    raw = join_pieces(session, message.pieces)
    if message.utf8 and not session.utf8:
        raise BadCommand("ENABLE UTF8=ACCEPT first")
    if b"\0" in raw:
        # What holds NULs could not be given back as BODY[] (RFC 3516 §4.4): it is encoded.
        raw = without_nuls(raw)
    return NewMessage(raw, message.flags.bits, message.flags.keywords, message.internaldate)
