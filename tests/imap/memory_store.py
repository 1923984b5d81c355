"""A MailStore in memory: enough for every command, with a journal like the real one's."""

import re
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.utils import parsedate_to_datetime
from typing import Any

from mailcore.imap.grammar.sequences import compact
from mailcore.kernel.errors import Conflict, Denied, LimitReached, NotFound
from mailcore.kernel.ids import FolderId, MailboxId
from mailcore.kernel.limits import MAX_ANNOTATIONS
from mailcore.kernel.mailstore import (
    AgeLeaf,
    AnnotationChange,
    Appended,
    Column,
    Copied,
    DateLeaf,
    Delta,
    FlagMode,
    FolderInfo,
    MessageState,
    NewMessage,
    Quota,
    SearchLeaf,
    SizeLeaf,
    Snapshot,
    SortKey,
    TextLeaf,
    Threading,
    Threads,
    Vanished,
)
from mailcore.kernel.rights import ALL, arrange
from mailcore.mime.structure import parse


@dataclass
class Message:
    raw: bytes
    internaldate: int
    flags: int = 0
    keywords: frozenset[str] = frozenset()
    modseq: int = 1


@dataclass
class Folder:
    id: FolderId
    name: str
    uidvalidity: int
    special_use: str = ""
    uidnext: int = 1
    modseq: int = 1
    messages: dict[int, Message] = field(default_factory=dict)
    expunged: dict[int, int] = field(default_factory=dict)
    recent_from: int = 1
    grants: dict[str, str] = field(default_factory=dict)
    rights: str = ALL


class MemoryStore:
    """Several sessions may share one; everything happens at once and in order."""

    def __init__(self, mailbox_id: int = 1) -> None:
        self.mailbox_id = MailboxId(mailbox_id)
        self.folders: dict[str, Folder] = {}
        self.subscribed: set[str] = set()
        self._next_id = 1
        self.journal_from = 0
        self.annotations: dict[tuple[int, str], bytes | None] = {}
        self.annotation_log: list[AnnotationChange] = []
        self.limit_bytes = 0
        self.fail_with: Exception | None = None
        self.create_folder("INBOX")
        self.set_subscribed("INBOX", True)

    def _folder(self, name: str) -> Folder:
        if self.fail_with is not None:
            raise self.fail_with
        try:
            return self.folders[name]
        except KeyError:
            raise NotFound("There is no such folder.") from None

    def _by_id(self, folder_id: FolderId) -> Folder:
        if self.fail_with is not None:
            raise self.fail_with
        for folder in self.folders.values():
            if folder.id == folder_id:
                return folder
        raise NotFound("There is no such folder.")

    def _info(self, folder: Folder) -> FolderInfo:
        messages = folder.messages.values()
        return FolderInfo(
            folder.id, folder.name, folder.uidvalidity, folder.uidnext, folder.modseq, len(folder.messages),
            sum(not message.flags & 1 for message in messages), sum(len(message.raw) for message in messages),
            folder.special_use, folder.name in self.subscribed, folder.rights,
        )  # fmt: skip

    def list_folders(self) -> list[FolderInfo]:
        return [self._info(folder) for folder in self.folders.values()]

    def list_subscribed(self) -> list[str]:
        return sorted(self.subscribed)

    def get_folder(self, name: str) -> FolderInfo:
        return self._info(self._folder(name))

    def create_folder(self, name: str, special_use: str = "") -> FolderInfo:
        if name in self.folders:
            raise Conflict("That folder exists already.")
        levels = name.split("/")
        for count in range(1, len(levels) + 1):
            part = "/".join(levels[:count])
            if part not in self.folders:
                self.folders[part] = Folder(FolderId(self._next_id), part, 1_000 + self._next_id)
                self._next_id += 1
        self.folders[name].special_use = special_use
        return self._info(self.folders[name])

    def delete_folder(self, name: str) -> None:
        self._folder(name)
        if any(other.startswith(name + "/") for other in self.folders):
            raise Conflict("That folder has folders in it.")
        del self.folders[name]

    def rename_folder(self, old: str, new: str) -> None:
        self._folder(old)
        if new in self.folders:
            raise Conflict("That folder exists already.")
        if old == "INBOX":
            self.create_folder(new)
            self.move(self.folders["INBOX"].id, sorted(self.folders["INBOX"].messages), new)
            return
        for name in [name for name in self.folders if name == old or name.startswith(old + "/")]:
            folder = self.folders.pop(name)
            folder.name = new + name[len(old) :]
            self.folders[folder.name] = folder

    def set_subscribed(self, name: str, subscribed: bool) -> None:
        (self.subscribed.add if subscribed else self.subscribed.discard)(name)

    def open(self, name: str, *, read_only: bool) -> Snapshot:
        folder = self._folder(name)
        uids = sorted(folder.messages)
        messages = [folder.messages[uid] for uid in uids]
        keywords = {uid: " ".join(sorted(folder.messages[uid].keywords)) for uid in uids if folder.messages[uid].keywords}
        snapshot = Snapshot(
            self._info(folder), array("I", uids), array("Q", [one.modseq for one in messages]), array("B", [one.flags for one in messages]),
            keywords, folder.recent_from,
        )  # fmt: skip
        if not read_only:
            folder.recent_from = folder.uidnext
        return snapshot

    def _state(self, folder: Folder, uid: int) -> MessageState:
        message = folder.messages[uid]
        return MessageState(uid, message.modseq, message.flags, " ".join(sorted(message.keywords)))

    def changes_since(self, folder_id: FolderId, modseq: int) -> Delta:
        folder = self._by_id(folder_id)
        return Delta(
            self._info(folder),
            sorted(uid for uid, when in folder.expunged.items() if when > modseq),
            [self._state(folder, uid) for uid in sorted(folder.messages) if folder.messages[uid].modseq > modseq],
        )

    def vanished_since(self, folder_id: FolderId, modseq: int) -> Vanished:
        folder = self._by_id(folder_id)
        if modseq < self.journal_from:
            return Vanished(compact(uid for uid in range(1, folder.uidnext) if uid not in folder.messages), False)
        return Vanished(compact(uid for uid, when in sorted(folder.expunged.items()) if when > modseq), True)

    def fetch(self, folder_id: FolderId, uids: Sequence[int], columns: Sequence[Column]) -> Iterator[tuple[Any, ...]]:
        folder = self._by_id(folder_id)
        for uid in uids:
            message = folder.messages.get(uid)
            if message is not None:
                yield (uid, *(column_of(message, uid, column) for column in columns))

    def match(self, folder_id: FolderId, leaf: SearchLeaf, uids: Sequence[int]) -> set[int]:
        folder = self._by_id(folder_id)
        return {uid for uid in uids if uid in folder.messages and leaf_holds(folder.messages[uid], leaf)}

    def sort(self, folder_id: FolderId, keys: Sequence[tuple[SortKey, bool]], uids: Sequence[int]) -> Sequence[int]:
        """By size, arrival and subject only."""
        folder = self._by_id(folder_id)
        order = [uid for uid in uids if uid in folder.messages]
        for key, is_reversed in reversed(keys):
            values = {uid: sort_value(folder.messages[uid], key) for uid in order}
            order.sort(key=values.__getitem__, reverse=is_reversed)
        return order

    def thread(self, folder_id: FolderId, how: Threading, uids: Sequence[int]) -> Threads:
        """By In-Reply-To, one level deep; an answer to nothing stands below a message that is not there."""
        folder = self._by_id(folder_id)
        parents = {message_from_bytes(folder.messages[uid].raw)["In-Reply-To"]: [] for uid in uids}  # type: dict[str | None, list[int]]
        for uid in uids:
            parents[message_from_bytes(folder.messages[uid].raw)["In-Reply-To"]].append(uid)
        found: list[tuple[int, int]] = []
        for uid in parents.pop(None, []):
            below = parents.pop(message_from_bytes(folder.messages[uid].raw)["Message-ID"], [])
            found += [(uid, len(below)), *((one, 0) for one in below)]
        for below in parents.values():
            found += [(0, len(below)), *((one, 0) for one in below)]
        return Threads(array("I", [uid for uid, _ in found]), array("I", [count for _, count in found]))

    def append(self, name: str, raw: bytes, *, flags: int, keywords: frozenset[str], internaldate: int | None) -> Appended:
        folder = self._folder(name)
        uid = folder.uidnext
        folder.uidnext += 1
        folder.modseq += 1
        when = 1_767_225_600 + uid if internaldate is None else internaldate
        folder.messages[uid] = Message(raw, when, flags, keywords, folder.modseq)
        return Appended(folder.uidvalidity, uid)

    def append_many(self, name: str, messages: Sequence[NewMessage], *, replacing: tuple[FolderId, int] | None = None) -> list[Appended]:
        self._folder(name)
        if replacing is not None and replacing[1] not in self._by_id(replacing[0]).messages:
            raise NotFound("The message is gone.")
        kept = [self.append(name, one.raw, flags=one.flags, keywords=one.keywords, internaldate=one.internaldate) for one in messages]
        if replacing is not None:
            self._remove(self._by_id(replacing[0]), [replacing[1]])
        return kept

    def copy(self, folder_id: FolderId, uids: Sequence[int], target: str) -> Copied:
        source, folder = self._by_id(folder_id), self._folder(target)
        pairs = []
        for uid in uids:
            message = source.messages.get(uid)
            if message is not None:
                kept = self.append(target, message.raw, flags=message.flags, keywords=message.keywords, internaldate=message.internaldate)
                pairs.append((uid, kept.uid))
        return Copied(folder.uidvalidity, pairs)

    def move(self, folder_id: FolderId, uids: Sequence[int], target: str) -> Copied:
        copied = self.copy(folder_id, uids, target)
        self._remove(self._by_id(folder_id), [source for source, _ in copied.pairs])
        return copied

    def store_flags(
        self, folder_id: FolderId, uids: Sequence[int], *, mode: FlagMode, flags: int, keywords: frozenset[str],
        unchanged_since: int | None = None,
    ) -> list[MessageState]:  # fmt: skip
        folder = self._by_id(folder_id)
        changed = []
        for uid in uids:
            message = folder.messages.get(uid)
            if message is None or (unchanged_since is not None and message.modseq > unchanged_since):
                continue
            before = (message.flags, message.keywords)
            if mode is FlagMode.ADD:
                after = (message.flags | flags, message.keywords | keywords)
            elif mode is FlagMode.REMOVE:
                after = (message.flags & ~flags, message.keywords - keywords)
            else:
                after = (flags, keywords)
            if after != before:
                changed.append(uid)
                message.flags, message.keywords = after
        if changed:
            folder.modseq += 1
        for uid in changed:
            folder.messages[uid].modseq = folder.modseq
        return [self._state(folder, uid) for uid in changed]

    def expunge(self, folder_id: FolderId, uids: Iterable[int] | None, *, only_deleted: bool = True) -> list[int]:
        folder = self._by_id(folder_id)
        asked = folder.messages if uids is None else uids
        dead = sorted(uid for uid in asked if uid in folder.messages and (not only_deleted or folder.messages[uid].flags & 8))
        self._remove(folder, dead)
        return dead

    def _remove(self, folder: Folder, uids: Sequence[int]) -> None:
        if uids:
            folder.modseq += 1
        for uid in uids:
            del folder.messages[uid]
            folder.expunged[uid] = folder.modseq

    def get_annotations(self, folder: str) -> Mapping[str, bytes]:
        owner = self._folder(folder).id if folder else 0
        return {entry: value for (held, entry), value in sorted(self.annotations.items()) if held == owner and value is not None}

    def set_annotations(self, folder: str, values: Mapping[str, bytes | None]) -> None:
        owner = self._folder(folder).id if folder else 0
        if len(self.get_annotations(folder).keys() | values.keys()) > MAX_ANNOTATIONS:
            raise LimitReached("There are too many notes on this folder already.")
        for entry, value in sorted(values.items()):
            self.annotations[owner, entry] = value
            self.annotation_log.append(AnnotationChange(len(self.annotation_log) + 1, folder, entry))

    def annotation_changes(self, version: int) -> list[AnnotationChange]:
        return [change for change in self.annotation_log if change.version > version]

    def quota(self) -> Quota:
        messages = [message for folder in self.folders.values() for message in folder.messages.values()]
        return Quota(sum(len(message.raw) for message in messages), self.limit_bytes, len(messages))

    def claim_recent(self, folder_id: FolderId) -> None:
        for folder in self.folders.values():
            if folder.id == folder_id:
                folder.recent_from = folder.uidnext

    def mailbox_of(self, folder_id: FolderId) -> MailboxId:
        return self.mailbox_id

    def get_rights(self, name: str) -> str:
        return self._info(self._folder(name)).rights

    def list_grants(self, name: str) -> list[tuple[str, str]]:
        if "a" not in self._info(self._folder(name)).rights:
            raise Denied("You have no right to do that in this folder.")
        return [("ann", ALL), *sorted(self._folder(name).grants.items())]

    def set_grant(self, name: str, identifier: str, mode: FlagMode, rights: str) -> None:
        if identifier == "ann":
            raise Denied("Whoever owns a folder may do everything in it.")
        if identifier not in ("bo", "-bo", "anyone"):
            raise NotFound("Nobody is called so here.")
        grants = self._folder(name).grants
        before = set(grants.get(identifier, ""))
        after = {FlagMode.ADD: before | set(rights), FlagMode.REMOVE: before - set(rights), FlagMode.REPLACE: set(rights)}[mode]
        grants[identifier] = arrange(after)
        if not after:
            del grants[identifier]

    def count_deleted(self, folder_id: FolderId) -> tuple[int, int]:
        sizes = [len(message.raw) for message in self._by_id(folder_id).messages.values() if message.flags & 8]
        return len(sizes), sum(sizes)

    def count_recent(self, folder_id: FolderId) -> int:
        folder = self._by_id(folder_id)
        return sum(uid >= folder.recent_from for uid in folder.messages)


def column_of(message: Message, uid: int, column: Column) -> Any:
    match column:
        case "uid":
            return uid
        case "size":
            return len(message.raw)
        case "internaldate" | "savedate":
            return message.internaldate
        case "envelope":
            return b"(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"
        case "bodystructure" | "body":
            return b'("TEXT" "PLAIN" NIL NIL NIL "7BIT" %d 1)' % len(message.raw)
        case "structure":
            return parse(message.raw).root
        case "raw":
            return message.raw
        case "octets":
            return Whole(message.raw)
        case "header":
            return header_of(message.raw)
        case "prefix_size":
            return 0
        case "email_id" | "thread_id":
            return f"M{uid}"
        case "snippet":
            return "snippet"


@dataclass(frozen=True)
class Whole:
    raw: bytes

    def read(self, start: int, stop: int) -> bytes:
        return self.raw[start:stop]


def header_of(raw: bytes) -> bytes:
    found = re.search(rb"\r\n\r\n", raw)
    return raw[: found.end()] if found else raw


def sort_value(message: Message, key: SortKey) -> int | str:
    if key == "subject":
        return str(message_from_bytes(message.raw)["Subject"]).upper()
    return len(message.raw) if key == "size" else message.internaldate


def leaf_holds(message: Message, leaf: SearchLeaf) -> bool:
    parsed = message_from_bytes(message.raw)
    if isinstance(leaf, SizeLeaf):
        return len(message.raw) > leaf.octets if leaf.op == "larger" else len(message.raw) < leaf.octets
    if isinstance(leaf, AgeLeaf):
        return (message.internaldate < leaf.since) == (leaf.op == "older")
    if isinstance(leaf, DateLeaf):
        when = datetime.fromtimestamp(message.internaldate, UTC)
        if leaf.field == "sent" and parsed["Date"]:
            when = parsedate_to_datetime(parsed["Date"])
        day = when.date()
        return {"before": day < leaf.day, "on": day == leaf.day, "since": day >= leaf.day}[leaf.op]
    assert isinstance(leaf, TextLeaf)
    text = message.raw.decode("utf-8", "replace")
    if leaf.field == "text":
        haystack = text
    elif leaf.field == "body":
        haystack = text[len(header_of(message.raw)) :]
    else:
        value = parsed[leaf.header if leaf.field == "header" else leaf.field]
        if value is None:
            return False
        haystack = str(value)
    return leaf.needle.lower() in haystack.lower()
