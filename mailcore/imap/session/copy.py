"""COPY, MOVE, EXPUNGE and their UID forms (RFC 3501 §6.4.3, §6.4.7; RFC 6851; RFC 4315)."""

from collections.abc import Sequence

from mailcore.kernel.mailstore import Copied

from ..grammar.copy import Copy
from ..grammar.sequences import SequenceSet, compact, resolve_numbers, resolve_uids, write_set
from .basics import Reply
from .core import Connection
from .replies import Rejected


def copy(session: Connection, asked: Copy) -> Reply:
    return (yield from _copy(session, asked.target, resolve_numbers(asked.messages, session.selected.count)))


def copy_by_uid(session: Connection, asked: Copy) -> Reply:
    return (yield from _copy(session, asked.target, resolve_uids(asked.messages, session.selected.uids)))


def move(session: Connection, asked: Copy) -> Reply:
    return (yield from _move(session, asked.target, resolve_numbers(asked.messages, session.selected.count)))


def move_by_uid(session: Connection, asked: Copy) -> Reply:
    return (yield from _move(session, asked.target, resolve_uids(asked.messages, session.selected.uids)))


def _copy(session: Connection, target: str, ranges: list[range]) -> Reply:
    yield from ()
    uids = session.selected.uids_at(ranges) if ranges else ()
    # The store is asked even for nothing, so that a missing target is told.
    session.mail.get_folder(target)
    if not uids:
        return b"Nothing to copy"
    copied = session.mail.copy(session.selected.folder_id, uids, target)
    return (b"[%b] Copied" % _copy_code(copied)) if copied.pairs else b"Nothing to copy"


def _move(session: Connection, target: str, ranges: list[range]) -> Reply:
    view = session.selected
    if view.read_only:
        raise Rejected(b"READ-ONLY", "The folder was opened for reading")
    uids = view.uids_at(ranges) if ranges else ()
    session.mail.get_folder(target)
    if not uids:
        return b"Nothing to move"
    moved = session.mail.move(view.folder_id, uids, target)
    if moved.pairs:
        # RFC 6851 §4.3: COPYUID in an untagged OK, before the EXPUNGEs.
        yield b"* OK [%b] Moved\r\n" % _copy_code(moved)
    yield _announce(session, [source for source, _ in moved.pairs])
    return _with_modseq(session, b"Moved", moved.pairs)


def _copy_code(copied: Copied) -> bytes:
    sources = write_set(compact(source for source, _ in copied.pairs))
    targets = write_set(compact(target for _, target in copied.pairs))
    return b"COPYUID %d %b %b" % (copied.uidvalidity, sources, targets)


def _announce(session: Connection, uids: Sequence[int]) -> bytes:
    """What this session removed, and what others did meanwhile: the modseq then told is the folder's."""
    view = session.selected
    # EXPUNGE takes what came in since the last look too; what was never announced cannot vanish.
    view.gone |= frozenset(uid for uid in uids if view.position(uid) >= 0)
    return session.refresh() + session.report_expunged()


def _with_modseq(session: Connection, text: bytes, changes: Sequence[object]) -> bytes:
    """RFC 7162 §3.2.7: a client that resynchronises is told where it stands after an expunge."""
    return b"[HIGHESTMODSEQ %d] %b" % (session.selected.told_modseq, text) if session.qresync and changes else text


def expunge(session: Connection, _: None) -> Reply:
    view = session.selected
    if view.read_only:
        raise Rejected(b"READ-ONLY", "The folder was opened for reading")
    gone = session.mail.expunge(view.folder_id, None)
    yield _announce(session, gone)
    return _with_modseq(session, b"Expunged", gone)


def expunge_by_uid(session: Connection, messages: SequenceSet) -> Reply:
    view = session.selected
    if view.read_only:
        raise Rejected(b"READ-ONLY", "The folder was opened for reading")
    ranges = resolve_uids(messages, view.uids)
    gone = session.mail.expunge(view.folder_id, view.uids_at(ranges)) if ranges else []
    yield _announce(session, gone)
    return _with_modseq(session, b"Expunged", gone)
