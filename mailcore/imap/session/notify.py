"""NOTIFY (RFC 5465): what happens in other folders, told when it happens.

A watcher keeps what it told last of each folder and compares when the bus rings: events that
are lost, doubled or late cost nothing, and there is no queue that could run over.
"""

from collections.abc import Iterable, Iterator

from mailcore.kernel.ids import FolderId
from mailcore.kernel.mailstore import AnnotationChange, FolderInfo

from ..grammar.notify import MESSAGE_EVENTS, Group, Notify
from .basics import Reply
from .core import Connection
from .fetch import describe
from .folders import status_line, write_line, write_renamed

OF_OTHERS = ("Other Users/", "Shared/")
"""Namespaces of folders that are not one's own; as NAMESPACE tells them."""
_STATUS = (b"MESSAGES", b"UIDNEXT", b"UIDVALIDITY", b"UNSEEN")


def notify(session: Connection, asked: Notify) -> Reply:
    session.watcher = None
    if not asked.groups:
        yield from ()
        return b"Nothing is told any more"
    watcher = Watcher(session, asked.groups)
    if asked.status:
        yield b"".join(watcher.state_lines(session))
    session.watcher = watcher
    return b"You will hear"


class Watcher:
    __slots__ = ("_groups", "_known", "_selected", "_version")

    def __init__(self, session: Connection, groups: tuple[Group, ...]) -> None:
        self._groups = [group for group in groups if not group.filter.startswith(b"SELECTED")]
        self._selected = next((group for group in groups if group.filter.startswith(b"SELECTED")), None)
        self._known: dict[FolderId, FolderInfo] = {folder.id: folder for folder in session.mail.list_folders()}
        self._version = max((change.version for change in session.mail.annotation_changes(0)), default=0)

    @property
    def watches_selected(self) -> bool:
        return self._selected is not None and bool(self._selected.events)

    @property
    def delays_expunges(self) -> bool:
        return self._selected is None or self._selected.filter == b"SELECTED-DELAYED"

    def describe_new(self, session: Connection, places: range) -> bytes:
        """What the client wants to know at once of messages that came into the open folder."""
        items = self._selected.items if self._selected is not None else ()
        return describe(session, places, items) if items else b""

    def state_lines(self, session: Connection) -> Iterator[bytes]:
        """STATUS of every folder whose messages are watched (RFC 5465 §3.1)."""
        for folder in self._known.values():
            if folder.id != session.selected_folder_id and self._events_of(folder) & _MESSAGES:
                yield self._status(session, folder)

    def look(self, session: Connection) -> bytes:
        """What happened outside the open folder since the last look."""
        # All that may fail comes first: what was not told is told the next time.
        folders = {folder.id: folder for folder in session.mail.list_folders()}
        changes = session.mail.annotation_changes(self._version)
        lines: list[bytes] = []
        for folder_id, folder in self._known.items():
            if folder_id not in folders and b"MailboxName" in self._events_of(folder):
                lines.append(write_line(session, b"LIST", b"\\NonExistent", folder.name))
        for folder_id, folder in folders.items():
            lines += self._compare(session, self._known.get(folder_id), folder)
        self._known = folders
        lines += self._metadata_lines(session, changes)
        return b"".join(lines)

    def _compare(self, session: Connection, before: FolderInfo | None, folder: FolderInfo) -> Iterable[bytes]:
        events = self._events_of(folder)
        if before is None:
            if b"MailboxName" in events:
                yield write_line(session, b"LIST", b"", folder.name)
        elif before.name != folder.name and b"MailboxName" in events:
            yield write_renamed(session, folder.name, before.name)
        if before is not None and before.subscribed != folder.subscribed and b"SubscriptionChange" in self._events_of(folder, any_way=True):
            yield write_line(session, b"LIST", b"\\Subscribed" if folder.subscribed else b"", folder.name)
        if folder.id == session.selected_folder_id or not events & _MESSAGES:
            return
        if before is None or before.highestmodseq == folder.highestmodseq:
            return
        is_counted = (before.messages, before.uidnext) != (folder.messages, folder.uidnext)
        if is_counted or b"FlagChange" in events:
            yield self._status(session, folder)

    def _metadata_lines(self, session: Connection, changes: Iterable[AnnotationChange]) -> Iterable[bytes]:
        by_name = {folder.name: folder for folder in self._known.values()}
        for change in changes:
            self._version = change.version
            folder = by_name.get(change.folder)
            if folder is not None:
                is_wanted = b"MailboxMetadataChange" in self._events_of(folder)
            else:
                is_wanted = not change.folder and any(b"ServerMetadataChange" in group.events for group in self._groups)
            if is_wanted:
                yield b"* METADATA %b %b\r\n" % (session.write_name(change.folder), change.entry.encode("ascii"))

    def _status(self, session: Connection, folder: FolderInfo) -> bytes:
        return status_line(session, folder, (*_STATUS, b"HIGHESTMODSEQ") if session.condstore else _STATUS)

    def _events_of(self, folder: FolderInfo, *, any_way: bool = False) -> frozenset[bytes]:
        """The first group that means a folder says what is told of it (RFC 5465 §6)."""
        for group in self._groups:
            if _means(group, folder) or (any_way and group.filter == b"SUBSCRIBED"):
                return group.events
        return frozenset()


_MESSAGES = frozenset(MESSAGE_EVENTS)


def _means(group: Group, folder: FolderInfo) -> bool:
    match group.filter:
        case b"PERSONAL":
            return not folder.name.startswith(OF_OTHERS)
        case b"INBOXES":
            return folder.name == "INBOX"
        case b"SUBSCRIBED":
            return folder.subscribed
        case b"MAILBOXES":
            return folder.name in group.names
    return any(folder.name == name or folder.name.startswith(name + "/") for name in group.names)
