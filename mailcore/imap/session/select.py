"""SELECT, EXAMINE, CLOSE, UNSELECT (RFC 3501 §6.3.1, §6.3.2, §6.4.2; RFC 3691; RFC 7162 §3.1.2, §3.2.5)."""

from collections.abc import Generator

from ..grammar.cursor import BadCommand, UidRequired
from ..grammar.select import Select
from .core import Connection, State
from .folders import write_line
from .resync import resync
from .view import View, first_unseen, folder_keywords


def select(session: Connection, asked: Select) -> Generator[bytes, None, bytes]:
    return (yield from _open(session, asked, read_only=False))


def examine(session: Connection, asked: Select) -> Generator[bytes, None, bytes]:
    return (yield from _open(session, asked, read_only=True))


def _open(session: Connection, asked: Select, *, read_only: bool) -> Generator[bytes, None, bytes]:
    if asked.resync is not None and not session.qresync:
        raise BadCommand("ENABLE QRESYNC first")
    if asked.resync is not None and asked.resync.matches is not None and session.uid_only:
        raise UidRequired("Sequence numbers were given up")
    if session.view is not None:
        # The old folder is left even where the new one cannot be opened (RFC 3501 §6.3.1).
        session.unselect()
        yield b"* OK [CLOSED] Left the folder\r\n"
    # IMAP4rev2 has no \\Recent: it is left for a session that has.
    snapshot = session.mail.open(asked.name, read_only=read_only or session.rev2)
    session.condstore = session.condstore or asked.condstore or asked.resync is not None
    view = session.view = View(snapshot, read_only=read_only)
    if session.rev2:
        view.forget_recent()
    session.enter(State.SELECTED)
    folder = snapshot.folder
    lines = [session.flags_line()]
    if read_only:
        lines.append(b"* OK [PERMANENTFLAGS ()] Nothing can be changed\r\n")
    else:
        keywords = folder_keywords(view.known)
        lines.append(
            b"* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft %b\\*)] Flags and keywords are kept\r\n"
            % (keywords + b" " if keywords else b"")
        )
    lines.append(session.count_lines())
    unseen = 0 if session.rev2 else first_unseen(snapshot)
    if unseen:
        lines.append(b"* OK [UNSEEN %d] First unread message\r\n" % unseen)
    lines.append(b"* OK [UIDVALIDITY %d] UIDs are valid\r\n" % folder.uidvalidity)
    lines.append(b"* OK [UIDNEXT %d] Next UID\r\n" % folder.uidnext)
    lines.append(b"* OK [HIGHESTMODSEQ %d] Highest change\r\n" % max(folder.highestmodseq, 1))
    lines.append(b"* OK [MAILBOXID (F%d)] The folder's id\r\n" % folder.id)
    if session.rev2:
        lines.append(write_line(session, b"LIST", b"", folder.name))
    yield b"".join(lines)
    if asked.resync is not None:
        yield from resync(session, asked.resync)
    return b"[READ-ONLY] Folder opened for reading" if read_only else b"[READ-WRITE] Folder opened"


def close(session: Connection, _: None) -> Generator[bytes, None, bytes]:
    """Remove what is marked \\Deleted without a word, then leave."""
    view = session.selected
    if not view.read_only:
        session.mail.expunge(view.folder_id, None)
    session.unselect()
    yield from ()
    return b"Closed"


def unselect(session: Connection, _: None) -> Generator[bytes, None, bytes]:
    session.unselect()
    yield from ()
    return b"Left without expunging"
