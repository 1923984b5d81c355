"""What changes messages inside one mailbox: append, copy, move, flags, expunge."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from operator import attrgetter

from mailcore.archive import keeping
from mailcore.archive.keeping import Leaving
from mailcore.archive.models import FormerFlags, Removal
from mailcore.kernel.errors import NotFound, OverQuota
from mailcore.kernel.flags import DELETED, join_keywords, split_keywords
from mailcore.kernel.ids import BlobId, FolderId, MailboxId
from mailcore.kernel.mailstore import Appended, Copied, FlagMode, MessageState, NewMessage

from .. import blobs, contents, fetching, names, uidsets
from ..inserting import insert
from ..loading import marks
from ..models import Change, Content, Folder, Message
from ..statements import ask
from . import threads
from .books import Books, open_books
from .rows import BATCH as BATCH
from .rows import duplicate, reflag, remove, select, select_all
from .together import shares_commit

_LIMITS = """
SELECT m.id, m.quota_bytes, d.default_quota_bytes
FROM directory_mailbox m JOIN directory_address a ON a.id = m.address_id JOIN directory_domain d ON d.id = a.domain_id
WHERE m.id IN ({marks})
"""
_STATE = ("m.uid", "m.modseq", "m.flags", "m.keywords")


def load_limits(mailbox_ids: Iterable[int]) -> dict[int, int]:
    """Bytes each mailbox may hold; 0 for no limit."""
    wanted = list(mailbox_ids)
    rows = ask(_LIMITS.format(marks=marks(wanted)), wanted)
    return {pk: own if own is not None else (domain or 0) for pk, own, domain in rows}


def lineage_of(content: Content) -> threads.Lineage:
    return threads.Lineage(content.message_id, contents.split_references(content), f"blob {content.pk}".encode())


def append(
    *, mailbox_id: MailboxId, name: str, raw: bytes, flags: int = 0, keywords: frozenset[str] = frozenset(), internaldate: int | None = None
) -> Appended:
    """Add one message; NotFound without the folder, OverQuota without room. Durable when it returns."""
    [kept] = append_many(mailbox_id=mailbox_id, name=name, messages=[NewMessage(raw, flags, keywords, internaldate)])
    return kept


def append_many(
    *, mailbox_id: MailboxId, name: str, messages: Sequence[NewMessage], replacing: tuple[FolderId, int] | None = None
) -> list[Appended]:
    """Add messages, all or none, and remove the one they replace in the same transaction (RFC 3502, RFC 8508)."""
    written = blobs.write([message.raw for message in messages])
    rows = [contents.derive(BlobId(0), message.raw) for message in messages]
    limit = load_limits([mailbox_id]).get(mailbox_id, 0)
    return _add(mailbox_id, name, messages, replacing, written, rows, limit)


@shares_commit
def _add(
    mailbox_id: MailboxId, name: str, messages: Sequence[NewMessage], replacing: tuple[FolderId, int] | None, written: list[blobs.Written],
    rows: list[Content], limit: int,
) -> list[Appended]:  # fmt: skip
    with open_books([mailbox_id]) as books:
        folder = books.get_folder(mailbox_id, names.normalise(name))
        source = books.get_folder_by_id(mailbox_id, replacing[0]) if replacing is not None else folder
        old = select(source, [replacing[1]]) if replacing is not None else []
        if replacing is not None and not old:
            raise NotFound("The message is gone.", f"uid {replacing[1]} of folder {replacing[0]}")
        check_room(books, mailbox_id, limit, sum(len(message.raw) for message in messages) - sum(row.size for row in old))
        blob_ids = blobs.record(written)
        for blob_id, row in zip(blob_ids, rows, strict=True):
            row.blob_id = blob_id
        contents.save(list({row.blob_id: row for row in rows}.values()))
        thread_ids = threads.assign([(mailbox_id, lineage_of(row)) for row in rows])
        added = [
            add_message(
                books, folder, blob_id=blob_id, size=len(message.raw), thread_id=thread_id, flags=message.flags,
                keywords=join_keywords(message.keywords), internaldate=books.now if message.internaldate is None else message.internaldate,
            )
            for message, blob_id, thread_id in zip(messages, blob_ids, thread_ids, strict=True)
        ]  # fmt: skip
        insert(added)
        books.record(folder, Change.Kind.ADDED, [row.uid for row in added])
        if old:
            remove(books, source, old, leaving=Leaving(Removal.Kind.REPLACED))
        return [Appended(folder.uidvalidity, row.uid) for row in added]


def check_room(books: Books, mailbox_id: int, limit: int, size: int) -> None:
    if limit and books.usages[mailbox_id].bytes + size > limit:
        raise OverQuota("The mailbox is full (its quota).", f"mailbox {mailbox_id}: {size} more than {limit} allows")


def add_message(
    books: Books,
    folder: Folder,
    *,
    blob_id: BlobId,
    size: int,
    thread_id: int,
    flags: int,
    keywords: str,
    internaldate: int,
    prefix: bytes = b"",
) -> Message:
    """A row to insert, with its UID taken and counted; the caller journals it."""
    books.count_added(folder, size=size, flags=flags)
    return Message(
        mailbox_id=folder.mailbox_id, folder_id=folder.pk, uid=books.take_uid(folder), modseq=books.advance(folder), flags=flags,
        keywords=keywords, internaldate=internaldate, savedate=books.now, size=size, blob_id=blob_id, thread_id=thread_id, prefix=prefix,
    )  # fmt: skip


@shares_commit
def copy(*, mailbox_id: MailboxId, folder_id: FolderId, uids: Sequence[int], target: str) -> Copied:
    """All or nothing; flags and dates go along. NotFound without the target, OverQuota without room."""
    limit = load_limits([mailbox_id]).get(mailbox_id, 0)
    with open_books([mailbox_id]) as books:
        source = books.get_folder_by_id(mailbox_id, folder_id)
        goal = books.get_folder(mailbox_id, names.normalise(target))
        rows = select(source, uids)
        check_room(books, mailbox_id, limit, sum(row.size for row in rows))
        return Copied(goal.uidvalidity, duplicate(books, rows, goal))


@shares_commit
def move(*, mailbox_id: MailboxId, folder_id: FolderId, uids: Sequence[int], target: str) -> Copied:
    """As copy and expunge in one (RFC 9051 §6.4.8); needs no room."""
    with open_books([mailbox_id]) as books:
        source = books.get_folder_by_id(mailbox_id, folder_id)
        goal = books.get_folder(mailbox_id, names.normalise(target))
        rows = select(source, uids)
        pairs = duplicate(books, rows, goal)
        if pairs:
            remove(books, source, rows, leaving=Leaving(Removal.Kind.MOVED, goal.pk, pairs[0][1]))
        return Copied(goal.uidvalidity, pairs)


@shares_commit
def store_flags(
    *, mailbox_id: MailboxId, folder_id: FolderId, uids: Sequence[int], mode: FlagMode, flags: int, keywords: frozenset[str],
    unchanged_since: int | None = None,
) -> list[MessageState]:  # fmt: skip
    """The messages that did change, by UID. One with a modseq above `unchanged_since` is left alone (RFC 7162 §3.1.3)."""
    with open_books([mailbox_id]) as books:
        folder = books.get_folder_by_id(mailbox_id, folder_id)
        # Most messages are alike, so each way of being flagged is worked out once.
        ways: dict[tuple[int, str], list[int]] = defaultdict(list)
        for uid, modseq, bits, words in fetching.select(folder_id, sorted(set(uids)), _STATE):
            if unchanged_since is None or modseq <= unchanged_since:
                ways[bits, words].append(uid)
        changed: list[MessageState] = []
        former: dict[tuple[int, str], list[int]] = {}
        for before, alike in ways.items():
            after = apply_mode(*before, mode, flags, keywords)
            if after == before:
                continue
            modseq = books.advance(folder)
            books.count_reflagged(folder, before=before[0], after=after[0], count=len(alike))
            reflag(folder, alike, *after, modseq)
            former[before] = alike
            changed += [MessageState(uid, modseq, *after) for uid in alike]
        changed.sort(key=attrgetter("uid"))
        books.record(folder, Change.Kind.FLAGS, [state.uid for state in changed])
        _keep_former(books, folder, former)
        return changed


def _keep_former(books: Books, folder: Folder, former: dict[tuple[int, str], list[int]]) -> None:
    keeping.keep_flags(
        [
            FormerFlags(
                mailbox_id=folder.mailbox_id, folder_id=folder.pk, modseq=folder.highestmodseq, uids=uidsets.join(uids), flags=bits,
                keywords=words, at=books.now,
            )
            for (bits, words), uids in former.items()
        ]
    )  # fmt: skip


def apply_mode(bits: int, stored: str, mode: FlagMode, flags: int, keywords: frozenset[str]) -> tuple[int, str]:
    """Flags after a change. Keywords are one whatever their case, and keep the case they had first."""
    present = {word.casefold(): word for word in split_keywords(stored)}
    named = {word.casefold(): present.get(word.casefold(), word) for word in keywords}
    match mode:
        case FlagMode.ADD:
            return bits | flags, join_keywords(frozenset((named | present).values()))
        case FlagMode.REMOVE:
            return bits & ~flags, join_keywords(frozenset(word for key, word in present.items() if key not in named))
        case FlagMode.REPLACE:
            return flags, join_keywords(frozenset(named.values()))


@shares_commit
def expunge(*, mailbox_id: MailboxId, folder_id: FolderId, uids: Iterable[int] | None, only_deleted: bool = True) -> list[int]:
    """Remove messages, all with \\Deleted where `uids` is None; the UIDs removed, ascending."""
    with open_books([mailbox_id]) as books:
        folder = books.get_folder_by_id(mailbox_id, folder_id)
        rows = select_all(folder) if uids is None else select(folder, sorted(set(uids)))
        if only_deleted or uids is None:
            rows = [row for row in rows if row.flags & DELETED]
        return remove(books, folder, rows)
