"""SELECT, EXAMINE, CLOSE, UNSELECT (RFC 3501 §6.3.1, §6.3.2, §6.4.2; RFC 3691; RFC 7162 §3.1.2, §3.2.5)."""

from collections.abc import Generator

from ..grammar.cursor import BadCommand, UidRequired
from ..grammar.select import Select
from .core import Connection, State
from .folders import write_line
from .resync import resync
from .view import View, first_unseen

_CHANGING = frozenset("iestw")


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
    # Whoever may change nothing there opens it for reading (RFC 4314 §5.2).
    read_only = read_only or not set(snapshot.folder.rights) & _CHANGING
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
        lines.append(b"* OK [PERMANENTFLAGS (%b)] Flags and keywords are kept\r\n" % _permanent_flags(view))
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


def _permanent_flags(view: View) -> bytes:
    """The flags that the rights let one change: "s" \\Seen, "t" \\Deleted, "w" the others (RFC 4314 §5.1)."""
    flags = [(b"\\Answered", "w"), (b"\\Flagged", "w"), (b"\\Deleted", "t"), (b"\\Seen", "s"), (b"\\Draft", "w")]
    keywords = [word.encode("ascii", "replace") for word in sorted(view.known)]
    changeable = [*flags, *((word, "w") for word in keywords), (b"\\*", "w")]
    return b" ".join(flag for flag, right in changeable if right in view.rights)


def close(session: Connection, _: None) -> Generator[bytes, None, bytes]:
    """Remove what is marked \\Deleted without a word, then leave."""
    view = session.selected
    if not view.read_only and "e" in view.rights:
        session.mail.expunge(view.folder_id, None)
    session.unselect()
    yield from ()
    return b"Closed"


def unselect(session: Connection, _: None) -> Generator[bytes, None, bytes]:
    session.unselect()
    yield from ()
    return b"Left without expunging"
