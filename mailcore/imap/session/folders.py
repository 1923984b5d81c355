"""CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE, STATUS (RFC 3501 §6.3; RFC 6154 §3; RFC 8474 §4)."""

from collections.abc import Generator, Iterable

from mailcore.kernel.errors import Conflict, Denied
from mailcore.kernel.mailstore import FolderInfo

from ..grammar.folders import Create, Rename, Status
from ..grammar.names import DELIMITER
from .core import Connection
from .replies import Rejected

SPECIAL_USES = ("\\Archive", "\\Drafts", "\\Junk", "\\Sent", "\\Trash")
Reply = Generator[bytes, None, bytes]


def _check_new_name(name: str) -> None:
    if not name:
        raise Rejected(b"CANNOT", "A folder needs a name")
    if name == "INBOX":
        raise Conflict("INBOX is always there.")


def create(session: Connection, asked: Create) -> Reply:
    yield from ()
    _check_new_name(asked.name)
    folder = session.mail.create_folder(asked.name, _choose_use(session, asked.special_uses))
    return b"[MAILBOXID (F%d)] Created" % folder.id


def _choose_use(session: Connection, uses: tuple[str, ...]) -> str:
    """RFC 6154 §3: one use a folder, one folder a use, and none that would have to gather mail of other folders."""
    if not uses:
        return ""
    use = next((use for use in SPECIAL_USES if use.lower() == uses[0].lower()), "")
    if len(uses) > 1 or not use:
        raise Rejected(b"USEATTR", "A folder cannot be used so")
    if any(folder.special_use == use for folder in session.mail.list_folders()):
        raise Rejected(b"USEATTR", "Another folder is used so")
    return use


def delete(session: Connection, name: str) -> Reply:
    if name == "INBOX":
        raise Denied("INBOX cannot be removed.")
    folder = session.mail.get_folder(name)
    session.mail.delete_folder(name)
    if session.selected_folder_id == folder.id:
        session.unselect()
        yield b"* OK [CLOSED] The open folder was removed\r\n"
    return b"Removed"


def rename(session: Connection, asked: Rename) -> Reply:
    _check_new_name(asked.new)
    session.mail.rename_folder(asked.old, asked.new)
    if session.rev2:
        yield write_renamed(session, asked.new, asked.old)
    return b"Renamed"


def subscribe(session: Connection, name: str) -> Reply:
    yield from ()
    session.mail.get_folder(name)
    session.mail.set_subscribed(name, True)
    return b"Subscribed"


def unsubscribe(session: Connection, name: str) -> Reply:
    yield from ()
    session.mail.set_subscribed(name, False)
    return b"Unsubscribed"


def status(session: Connection, asked: Status) -> Reply:
    if b"HIGHESTMODSEQ" in asked.items:
        session.condstore = True
    folder = session.mail.get_folder(asked.name)
    if "r" not in folder.rights:
        raise Denied("You have no right to read in this folder.")
    yield status_line(session, folder, asked.items)
    return b"Status given"


def write_line(session: Connection, verb: bytes, flags: bytes, name: str) -> bytes:
    return b'* %b (%b) "%b" %b\r\n' % (verb, flags, DELIMITER.encode(), session.write_name(name))


def write_renamed(session: Connection, name: str, old: str) -> bytes:
    """LIST with OLDNAME: what the folder was called before (RFC 9051 §6.3.9.7)."""
    return write_line(session, b"LIST", b"", name)[:-2] + b' ("OLDNAME" (%b))\r\n' % session.write_name(old)


def status_line(session: Connection, folder: FolderInfo, items: Iterable[bytes]) -> bytes:
    values = b" ".join(b"%b %b" % (item, _status_value(session, folder, item)) for item in items)
    return b"* STATUS %b (%b)\r\n" % (session.write_name(folder.name), values)


def _status_value(session: Connection, folder: FolderInfo, item: bytes) -> bytes:
    match item:
        case b"MESSAGES":
            return b"%d" % folder.messages
        case b"UNSEEN":
            return b"%d" % folder.unseen
        case b"UIDNEXT":
            return b"%d" % folder.uidnext
        case b"UIDVALIDITY":
            return b"%d" % folder.uidvalidity
        case b"HIGHESTMODSEQ":
            return b"%d" % max(folder.highestmodseq, 1)
        case b"SIZE":
            return b"%d" % folder.bytes
        case b"MAILBOXID":
            return b"(F%d)" % folder.id
        case b"APPENDLIMIT":
            return b"%d" % session.config.limits.max_literal_bytes
        case b"RECENT":
            return b"%d" % _count_recent(session, folder)
        case b"DELETED":
            return b"%d" % session.mail.count_deleted(folder.id)[0]
        case b"DELETED-STORAGE":
            return b"%d" % (-(-session.mail.count_deleted(folder.id)[1] // 1_024))
    raise Rejected(b"CANNOT", "STATUS knows no such item")


def _count_recent(session: Connection, folder: FolderInfo) -> int:
    if session.view is not None and session.view.folder_id == folder.id:
        return session.view.recent
    return session.mail.count_recent(folder.id)
