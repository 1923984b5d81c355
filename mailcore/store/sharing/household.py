"""A mailbox with the folders that others let it see: the MailStore of an IMAP session.

The one place where the rights of RFC 4314 §4 are enforced. What is one's own goes straight to
LocalMailStore and asks nothing more of the database. In a folder of another, \\Seen is the
reader's own, and nothing there is \\Recent.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.db import transaction

from mailcore.kernel.errors import Denied, NotFound, Refused
from mailcore.kernel.flags import SEEN
from mailcore.kernel.ids import FolderId, MailboxId
from mailcore.kernel.mailstore import (
    Appended,
    Column,
    Copied,
    Delta,
    FlagMode,
    FolderInfo,
    MessageState,
    NewMessage,
    SearchLeaf,
    Snapshot,
    SortKey,
    Threading,
    Threads,
    Vanished,
)

from .. import annotations, folders, names
from ..mailstore import LocalMailStore
from ..models import Folder
from ..writer import set_annotations
from ..writer import sharing as writing
from . import grants, marking, places
from .places import Place
from .visits import Visit, find_parent

ANY = ""


class SharingMailStore(LocalMailStore):
    __slots__ = ("_visits",)

    def __init__(self, mailbox_id: MailboxId) -> None:
        super().__init__(mailbox_id)
        self._visits: dict[FolderId, Place] = {}
        """Folders of others that were named here: the only ones whose ids are taken."""

    # Names

    def visit(self, name: str, needed: str) -> Visit:
        """A folder of another by name. Denied where a right is missing, NotFound where even its existence is not ours to know."""
        place = places.get_place(name)
        if place.mailbox_id == self.mailbox_id:
            raise NotFound("There is no such folder.", repr(name))
        return self._admit(place, folders.get_folder(place.mailbox_id, place.name), needed)

    def visit_by_id(self, folder_id: FolderId, needed: str) -> Visit | None:
        """None where it is not another's that was named here: then it is our own, or not ours."""
        place = self._visits.get(folder_id)
        if place is None:
            return None
        return self._admit(place, folders.get_folder_by_id(place.mailbox_id, folder_id), needed)

    def _admit(self, place: Place, row: Folder, needed: str) -> Visit:
        rights = grants.read_rights(self.mailbox_id, row)
        if not rights:
            raise NotFound("There is no such folder.", f"{row.name!r} of mailbox {place.mailbox_id} is not open to {self.mailbox_id}")
        if not set(needed) <= set(rights):
            error = Denied if "l" in rights else NotFound
            raise error("You have no right to do that in this folder.", f"{needed} in folder {row.pk}, has {rights}")
        self._visits[FolderId(row.pk)] = place
        return Visit(place.mailbox_id, self.mailbox_id, row, place.prefix + row.name, rights)

    def list_folders(self) -> list[FolderInfo]:
        own = super().list_folders()
        visible = [(row, rights) for row, rights in grants.list_visible(self.mailbox_id) if "l" in rights]
        if not visible:
            return own
        prefixes = places.find_prefixes({row.mailbox_id for row, _ in visible})
        subscribed = set(self.list_subscribed())
        found = []
        for row, rights in visible:
            prefix = prefixes.get(row.mailbox_id)
            if prefix is not None:
                visit = Visit(MailboxId(row.mailbox_id), self.mailbox_id, row, prefix + row.name, rights)
                found.append(visit.describe(subscribed=visit.name in subscribed))
        return own + sorted(found, key=lambda info: info.name.split(names.SEPARATOR))

    def get_folder(self, name: str) -> FolderInfo:
        if not places.is_others(name):
            return super().get_folder(name)
        visit = self.visit(name, ANY)
        return visit.describe(subscribed=visit.name in self.list_subscribed())

    def create_folder(self, name: str, special_use: str = "") -> FolderInfo:
        if not places.is_reserved(name):
            return self._inherit(self.mailbox_id, super().create_folder(name, special_use))
        parent = find_parent(name)
        if special_use or not places.is_others(name) or not places.is_others(parent):
            raise Denied("Folders can be made in folders of others, not beside them.")
        place = places.get_place(name)
        self.visit(parent, "k")
        made = self._inherit(place.mailbox_id, LocalMailStore(place.mailbox_id).create_folder(place.name))
        return replace(made, name=name, special_use="", subscribed=False)

    def _inherit(self, owner_id: MailboxId, made: FolderInfo) -> FolderInfo:
        parent = find_parent(made.name)
        if parent:
            row = folders.get_folder_by_id(owner_id, made.id)
            writing.inherit_grants(folder=row, parent=folders.get_folder(owner_id, parent))
        return made

    def delete_folder(self, name: str) -> None:
        if places.is_others(name):
            visit = self.visit(name, "x")
            visit.store.delete_folder(visit.row.name)
        else:
            super().delete_folder(name)

    def rename_folder(self, old: str, new: str) -> None:
        if not places.is_others(old) and not places.is_reserved(new):
            super().rename_folder(old, new)
            return
        if not (places.is_others(old) and places.is_others(new)):
            raise Refused("A folder stays in its mailbox.")
        visit, place = self.visit(old, "x"), places.get_place(new)
        if place.mailbox_id != visit.owner_id:
            raise Refused("A folder stays in its mailbox.")
        if not places.is_others(find_parent(new)):
            raise Denied("Folders can be made in folders of others, not beside them.")
        self.visit(find_parent(new), "k")
        visit.store.rename_folder(visit.row.name, place.name)

    # Reading

    def open(self, name: str, *, read_only: bool) -> Snapshot:
        if not places.is_others(name):
            return super().open(name, read_only=read_only)
        visit = self.visit(name, "r")
        snapshot = visit.store.open(visit.row.name, read_only=True)
        info = replace(visit.describe(subscribed=False), highestmodseq=snapshot.folder.highestmodseq, uidnext=snapshot.folder.uidnext)
        return replace(snapshot, folder=info, flags=visit.see_all(snapshot), recent_from=info.uidnext)

    def changes_since(self, folder_id: FolderId, modseq: int) -> Delta:
        visit = self.visit_by_id(folder_id, "r")
        if visit is None:
            return super().changes_since(folder_id, modseq)
        delta = visit.store.changes_since(folder_id, modseq)
        return replace(delta, changed=visit.see_states(delta.changed))

    def vanished_since(self, folder_id: FolderId, modseq: int) -> Vanished:
        visit = self.visit_by_id(folder_id, "r")
        return visit.store.vanished_since(folder_id, modseq) if visit else super().vanished_since(folder_id, modseq)

    def fetch(self, folder_id: FolderId, uids: Sequence[int], columns: Sequence[Column]) -> Iterator[tuple[Any, ...]]:
        visit = self.visit_by_id(folder_id, "r")
        return visit.store.fetch(folder_id, uids, columns) if visit else super().fetch(folder_id, uids, columns)

    def match(self, folder_id: FolderId, leaf: SearchLeaf, uids: Sequence[int]) -> set[int]:
        visit = self.visit_by_id(folder_id, "r")
        return visit.store.match(folder_id, leaf, uids) if visit else super().match(folder_id, leaf, uids)

    def sort(self, folder_id: FolderId, keys: Sequence[tuple[SortKey, bool]], uids: Sequence[int]) -> Sequence[int]:
        visit = self.visit_by_id(folder_id, "r")
        return visit.store.sort(folder_id, keys, uids) if visit else super().sort(folder_id, keys, uids)

    def thread(self, folder_id: FolderId, how: Threading, uids: Sequence[int]) -> Threads:
        visit = self.visit_by_id(folder_id, "r")
        return visit.store.thread(folder_id, how, uids) if visit else super().thread(folder_id, how, uids)

    def count_deleted(self, folder_id: FolderId) -> tuple[int, int]:
        visit = self.visit_by_id(folder_id, "r")
        return visit.store.count_deleted(folder_id) if visit else super().count_deleted(folder_id)

    def count_recent(self, folder_id: FolderId) -> int:
        return 0 if self.visit_by_id(folder_id, "r") else super().count_recent(folder_id)

    def mailbox_of(self, folder_id: FolderId) -> MailboxId:
        place = self._visits.get(folder_id)
        return place.mailbox_id if place else self.mailbox_id

    # Changing

    def append(self, name: str, raw: bytes, *, flags: int, keywords: frozenset[str], internaldate: int | None) -> Appended:
        [kept] = self.append_many(name, [NewMessage(raw, flags, keywords, internaldate)])
        return kept

    def append_many(self, name: str, messages: Sequence[NewMessage], *, replacing: tuple[FolderId, int] | None = None) -> list[Appended]:
        source = self.visit_by_id(replacing[0], "rte") if replacing else None
        if not places.is_others(name):
            if source is not None:
                raise Refused("A message is replaced within its mailbox.")
            return super().append_many(name, messages, replacing=replacing)
        visit = self.visit(name, "i")
        if replacing and (source is None or source.owner_id != visit.owner_id):
            raise Refused("A message is replaced within its mailbox.")
        shown = [visit.allow(one.flags & ~SEEN, one.keywords) for one in messages]
        kept = visit.store.append_many(
            visit.row.name,
            [replace(one, flags=bits, keywords=words) for one, (bits, words) in zip(messages, shown, strict=True)],
            replacing=replacing,
        )
        marking.mark(visit, [one.uid for one, asked in zip(kept, messages, strict=True) if asked.flags & SEEN], seen=True)
        return kept

    def copy(self, folder_id: FolderId, uids: Sequence[int], target: str) -> Copied:
        source = self.visit_by_id(folder_id, "r")
        if source is None and not places.is_others(target):
            return super().copy(folder_id, uids, target)
        return marking.transfer(self, folder_id, source, uids, target, moving=False)

    def move(self, folder_id: FolderId, uids: Sequence[int], target: str) -> Copied:
        source = self.visit_by_id(folder_id, "rte")
        if source is None and not places.is_others(target):
            return super().move(folder_id, uids, target)
        return marking.transfer(self, folder_id, source, uids, target, moving=True)

    def store_flags(
        self, folder_id: FolderId, uids: Sequence[int], *, mode: FlagMode, flags: int, keywords: frozenset[str],
        unchanged_since: int | None = None,
    ) -> list[MessageState]:  # fmt: skip
        visit = self.visit_by_id(folder_id, "r")
        if visit is None:
            return super().store_flags(
                folder_id, uids, mode=mode, flags=flags, keywords=keywords, unchanged_since=unchanged_since
            )  # fmt: skip
        return marking.store_flags(visit, uids, mode, flags, keywords, unchanged_since)

    def expunge(self, folder_id: FolderId, uids: Iterable[int] | None, *, only_deleted: bool = True) -> list[int]:
        visit = self.visit_by_id(folder_id, "e" if only_deleted else "te")
        if visit is None:
            return super().expunge(folder_id, uids, only_deleted=only_deleted)
        return visit.store.expunge(folder_id, uids, only_deleted=only_deleted)

    # Notes and rights

    def get_annotations(self, folder: str) -> Mapping[str, bytes]:
        if not places.is_others(folder):
            return super().get_annotations(folder)
        visit = self.visit(folder, "r")
        shared = visit.store.get_annotations(visit.row.name)
        # What is private is the reader's own, here as well (RFC 5464 §3.2).
        return {entry: value for entry, value in shared.items() if not entry.startswith(annotations.PRIVATE)} | dict(
            annotations.load_own(self.mailbox_id, FolderId(visit.row.pk))
        )

    def set_annotations(self, folder: str, values: Mapping[str, bytes | None]) -> None:
        if not places.is_others(folder):
            super().set_annotations(folder, values)
            return
        visit = self.visit(folder, "w" if any(not entry.startswith(annotations.PRIVATE) for entry in values) else "r")
        folder_id = FolderId(visit.row.pk)
        own = {entry: value for entry, value in values.items() if entry.startswith(annotations.PRIVATE)}
        shares = ((self.mailbox_id, own), (visit.owner_id, {entry: values[entry] for entry in values.keys() - own.keys()}))
        # Both or neither; mailboxes are locked in ascending order, as everywhere.
        with transaction.atomic():
            for mailbox_id, share in sorted(shares, key=lambda item: item[0]):
                if share:
                    set_annotations(mailbox_id=mailbox_id, folder=folder_id, values=share)

    def get_rights(self, name: str) -> str:
        return self.visit(name, ANY).rights if places.is_others(name) else super().get_rights(name)

    def administer(self, name: str) -> Folder:
        return self.visit(name, "a").row if places.is_others(name) else super().administer(name)
