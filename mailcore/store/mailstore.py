"""The store behind kernel.mailstore.MailStore, for IMAP, POP3 and the pages."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mailcore.kernel.ids import FolderId, MailboxId
from mailcore.kernel.mailstore import (
    AnnotationChange,
    Appended,
    Column,
    Copied,
    Delta,
    FlagMode,
    FolderInfo,
    MessageState,
    NewMessage,
    Quota,
    SearchLeaf,
    Snapshot,
    SortKey,
    Threading,
    Threads,
    Vanished,
)
from mailcore.prepared import Prepared

from . import annotations, fetching, folders, snapshots, writer
from .models import Folder, Usage
from .search import matching, ordering, threading
from .sharing import grants
from .writer.messages import load_limits

_USAGE = Prepared(lambda mailbox_id: Usage.objects.filter(mailbox_id=mailbox_id), -7919)


class LocalMailStore:
    """One mailbox. Holds its id and little else: as cheap to make as to drop."""

    __slots__ = ("_opened", "mailbox_id")

    def __init__(self, mailbox_id: MailboxId) -> None:
        self.mailbox_id = mailbox_id
        self._opened: FolderId | None = None
        """The folder opened last, known to be of this mailbox: a folder stays in its mailbox."""
        folders.ensure_defaults(mailbox_id)

    def list_folders(self) -> list[FolderInfo]:
        return folders.list_folders(self.mailbox_id)

    def list_subscribed(self) -> list[str]:
        return folders.list_subscribed(self.mailbox_id)

    def get_folder(self, name: str) -> FolderInfo:
        row, subscribed = folders.read(self.mailbox_id, name)
        return folders.describe(row, subscribed=subscribed)

    def create_folder(self, name: str, special_use: str = "") -> FolderInfo:
        row = writer.create_folder(mailbox_id=self.mailbox_id, name=name, special_use=special_use)
        return folders.describe(row, subscribed=folders.is_subscribed(row))

    def delete_folder(self, name: str) -> None:
        writer.delete_folder(mailbox_id=self.mailbox_id, name=name)

    def rename_folder(self, old: str, new: str) -> None:
        writer.rename_folder(mailbox_id=self.mailbox_id, old=old, new=new)

    def set_subscribed(self, name: str, subscribed: bool) -> None:
        writer.set_subscribed(mailbox_id=self.mailbox_id, name=name, subscribed=subscribed)

    def open(self, name: str, *, read_only: bool) -> Snapshot:
        row = folders.get_folder(self.mailbox_id, name)
        folder_id = FolderId(row.pk)
        self._opened = folder_id
        recent_from = row.recent_from
        # Most opens find nothing recent, and then cost no write.
        if not read_only and recent_from < row.uidnext:
            recent_from = writer.claim_recent(mailbox_id=self.mailbox_id, folder_id=folder_id)
        return replace(snapshots.load(self.mailbox_id, folder_id), recent_from=recent_from)

    def changes_since(self, folder_id: FolderId, modseq: int) -> Delta:
        return snapshots.load_delta(self.mailbox_id, folder_id, modseq)

    def vanished_since(self, folder_id: FolderId, modseq: int) -> Vanished:
        return snapshots.load_vanished(self.mailbox_id, folder_id, modseq)

    def fetch(self, folder_id: FolderId, uids: Sequence[int], columns: Sequence[Column]) -> Iterator[tuple[Any, ...]]:
        self._check(folder_id)
        return fetching.fetch(folder_id, uids, columns)

    def match(self, folder_id: FolderId, leaf: SearchLeaf, uids: Sequence[int]) -> set[int]:
        return matching.match(folders.get_folder_by_id(self.mailbox_id, folder_id), leaf, uids)

    def sort(self, folder_id: FolderId, keys: Sequence[tuple[SortKey, bool]], uids: Sequence[int]) -> Sequence[int]:
        return ordering.sort(folders.get_folder_by_id(self.mailbox_id, folder_id), keys, uids)

    def thread(self, folder_id: FolderId, how: Threading, uids: Sequence[int]) -> Threads:
        return threading.thread(folders.get_folder_by_id(self.mailbox_id, folder_id), how, uids)

    def append(self, name: str, raw: bytes, *, flags: int, keywords: frozenset[str], internaldate: int | None) -> Appended:
        return writer.append(mailbox_id=self.mailbox_id, name=name, raw=raw, flags=flags, keywords=keywords, internaldate=internaldate)

    def append_many(self, name: str, messages: Sequence[NewMessage], *, replacing: tuple[FolderId, int] | None = None) -> list[Appended]:
        return writer.append_many(mailbox_id=self.mailbox_id, name=name, messages=messages, replacing=replacing)

    def copy(self, folder_id: FolderId, uids: Sequence[int], target: str) -> Copied:
        return writer.copy(mailbox_id=self.mailbox_id, folder_id=folder_id, uids=uids, target=target)

    def move(self, folder_id: FolderId, uids: Sequence[int], target: str) -> Copied:
        return writer.move(mailbox_id=self.mailbox_id, folder_id=folder_id, uids=uids, target=target)

    def store_flags(
        self, folder_id: FolderId, uids: Sequence[int], *, mode: FlagMode, flags: int, keywords: frozenset[str],
        unchanged_since: int | None = None,
    ) -> list[MessageState]:  # fmt: skip
        return writer.store_flags(
            mailbox_id=self.mailbox_id, folder_id=folder_id, uids=uids, mode=mode, flags=flags, keywords=keywords,
            unchanged_since=unchanged_since,
        )  # fmt: skip

    def expunge(self, folder_id: FolderId, uids: Iterable[int] | None, *, only_deleted: bool = True) -> list[int]:
        return writer.expunge(mailbox_id=self.mailbox_id, folder_id=folder_id, uids=uids, only_deleted=only_deleted)

    def get_annotations(self, folder: str) -> Mapping[str, bytes]:
        return annotations.load(self.mailbox_id, folder)

    def set_annotations(self, folder: str, values: Mapping[str, bytes | None]) -> None:
        writer.set_annotations(mailbox_id=self.mailbox_id, folder=folder, values=values)

    def annotation_changes(self, version: int) -> list[AnnotationChange]:
        return annotations.list_changes(self.mailbox_id, version)

    def claim_recent(self, folder_id: FolderId) -> None:
        row = Folder.objects.filter(mailbox_id=self.mailbox_id, pk=folder_id).first()
        if row is not None and row.recent_from < row.uidnext:
            writer.claim_recent(mailbox_id=self.mailbox_id, folder_id=folder_id)

    def mailbox_of(self, folder_id: FolderId) -> MailboxId:
        return self.mailbox_id

    def get_rights(self, name: str) -> str:
        return self.get_folder(name).rights

    def list_grants(self, name: str) -> list[tuple[str, str]]:
        return grants.list_grants(self.administer(name))

    def set_grant(self, name: str, identifier: str, mode: FlagMode, rights: str) -> None:
        grants.change(self.administer(name), identifier, mode, rights)

    def administer(self, name: str) -> Folder:
        """A folder of which one may say who does what in it."""
        return folders.get_folder(self.mailbox_id, name)

    def quota(self) -> Quota:
        usage = _USAGE.first(self.mailbox_id)
        limit = load_limits([self.mailbox_id]).get(self.mailbox_id, 0)
        return Quota(usage.bytes if usage else 0, limit, usage.messages if usage else 0)

    def count_deleted(self, folder_id: FolderId) -> tuple[int, int]:
        self._check(folder_id)
        return folders.count_deleted(folder_id)

    def count_recent(self, folder_id: FolderId) -> int:
        row = folders.get_folder_by_id(self.mailbox_id, folder_id)
        return folders.count_from(folder_id, row.recent_from) if row.recent_from < row.uidnext else 0

    def _check(self, folder_id: FolderId) -> None:
        """A folder id of another mailbox is not found, whoever made the id up."""
        if folder_id != self._opened:
            folders.get_info(self.mailbox_id, folder_id)
