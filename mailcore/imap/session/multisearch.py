"""ESEARCH over several folders (RFC 7377): one response a folder in which something is found, by UID."""

from collections.abc import Iterator
from itertools import compress

from mailcore.kernel.errors import Denied, NotFound
from mailcore.kernel.mailstore import FolderInfo

from ..grammar.cursor import BadCommand
from ..grammar.esearch import MultiSearch, Source
from ..grammar.names import DELIMITER
from ..grammar.search import Search
from . import evaluation, results
from .basics import Reply
from .core import Connection
from .search import score_places, search_by_uid
from .view import View

_SELECTED = Source(b"SELECTED")
_NOT_DELIVERED_TO = frozenset(("\\Sent", "\\Drafts", "\\Trash"))


def multi_search(session: Connection, asked: MultiSearch, tag: bytes) -> Reply:
    if _SELECTED in asked.sources and session.view is None:
        raise BadCommand("No folder is open")
    if asked.search.modseq:
        session.condstore = True
    returns = asked.search.returns
    if returns is not None and b"SAVE" in returns.words:
        return (yield from search_by_uid(session, asked.search, tag))
    for view, uidvalidity in _list_views(session, asked.sources):
        line = _answer(session, asked.search, tag, view, uidvalidity)
        if line:
            yield line
    return b"Searched"


def _list_views(session: Connection, sources: tuple[Source, ...]) -> Iterator[tuple[View, int]]:
    """Each folder once. The open one is searched as its client knows it; the others as they are."""
    folders = session.mail.list_folders()
    told: set[int] = set()
    if _SELECTED in sources and session.view is not None:
        told.add(session.view.folder_id)
        yield session.view, session.view.uidvalidity
    for folder in folders:
        if folder.id in told or not any(_means(source, folder, session) for source in sources):
            continue
        try:
            snapshot = session.mail.open(folder.name, read_only=True)
        except (NotFound, Denied):
            # It went meanwhile, or may be seen and not read: nothing is found there.
            continue
        yield View(snapshot, read_only=True), snapshot.folder.uidvalidity


def _means(source: Source, folder: FolderInfo, session: Connection) -> bool:
    match source.kind:
        case b"INBOXES":
            return _is_personal(folder, session) and folder.special_use not in _NOT_DELIVERED_TO
        case b"PERSONAL":
            return _is_personal(folder, session)
        case b"SUBSCRIBED":
            return folder.subscribed
        case b"MAILBOXES":
            return folder.name in source.names
        case b"SUBTREE":
            return any(folder.name == name or folder.name.startswith(name + DELIMITER) for name in source.names)
        case b"SUBTREE-ONE":
            return any(folder.name == name or folder.name.rpartition(DELIMITER)[0] == name for name in source.names)
    return False


def _is_personal(folder: FolderInfo, session: Connection) -> bool:
    return session.mail.mailbox_of(folder.id) == session.mail.mailbox_id


def _answer(session: Connection, asked: Search, tag: bytes, view: View, uidvalidity: int) -> bytes:
    mask = evaluation.find(session.mail, view, asked.key)
    if 1 not in mask or asked.returns is None:
        return b""
    places = list(compress(range(view.count), mask))
    highest = results.find_highest(view, places, asked.returns) if asked.modseq else 0
    head = b'* ESEARCH (TAG "%b" MAILBOX %b UIDVALIDITY %d) UID' % (tag, session.write_name(view.name), uidvalidity)
    scores = score_places(session, view, asked, places)
    return results.write_extended(head, [view.uids[place] for place in places], asked.returns, highest, scores)
