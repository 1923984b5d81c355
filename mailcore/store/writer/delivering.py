"""Delivery of many messages to many mailboxes in one transaction.

One commit, and so one flush, serves the whole batch. An item that cannot be stored says so
in its result and holds up no other. Idempotent by key: after a crash the same batch is given
again, and what was stored before is reported, not repeated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from mailcore.kernel.errors import BadSyntax
from mailcore.kernel.flags import join_keywords
from mailcore.kernel.ids import BlobId, FolderId, MailboxId

from .. import blobs, contents, names
from ..inserting import insert, insert_values
from ..loading import load, marks
from ..models import Change, Content, DeliveryMark, Folder, Message
from ..uidsets import chunk
from . import threads
from .books import Books, open_books
from .folders import make_defaults, make_folder
from .messages import BATCH, add_message, lineage_of, load_limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    mailbox_id: MailboxId
    folder: str
    """Made where it is missing; a name no folder can have means INBOX."""
    blob_id: BlobId
    key: str
    """"entry:recipient:folder": the same delivery repeated has the same key. "" is never compared."""
    prefix: bytes = b""
    """Header lines put before the blob: Return-Path, Delivered-To."""
    flags: int = 0
    keywords: frozenset[str] = frozenset()
    internaldate: int | None = None


class Outcome(StrEnum):
    STORED = "stored"
    ALREADY_THERE = "already_there"
    OVER_QUOTA = "over_quota"


@dataclass(frozen=True, slots=True)
class Delivered:
    outcome: Outcome
    folder_id: FolderId | None = None
    uid: int = 0


@dataclass(frozen=True, slots=True)
class Shipment:
    """Deliveries with all that had to be read and derived for them."""

    items: Sequence[Delivery]
    lengths: Mapping[BlobId, int]
    contents: contents.Known
    fresh: Sequence[Content]
    """Those of `contents` that are not saved yet."""
    limits: Mapping[int, int]


def deliver(items: Sequence[Delivery]) -> list[Delivered]:
    """One result an item, in order. All that is reported as stored is committed when this returns."""
    return store(prepare(items)) if items else []


def prepare(items: Sequence[Delivery]) -> Shipment:
    """Read and parse what is to be delivered. Belongs before the transaction: the write lock is everybody's."""
    blob_ids = [item.blob_id for item in items]
    lengths = {blob_id: length for blob_id, (_, _, length) in blobs.locate(blob_ids).items()}
    known, fresh = contents.derive_missing(blob_ids)
    return Shipment(items, lengths, known, fresh, load_limits({item.mailbox_id for item in items}))


def store(shipment: Shipment) -> list[Delivered]:
    """As `deliver`. In a transaction of the caller, the caller's commit is what counts."""
    with open_books({item.mailbox_id for item in shipment.items}) as books:
        contents.save(shipment.fresh)
        books.load_folders(names.INBOX)
        batch = _Batch(books, shipment.limits, _find_marks(shipment.items))
        for item in shipment.items:
            batch.admit(item, shipment.lengths[item.blob_id] + len(item.prefix))
        batch.store(shipment.contents)
        return batch.list_results()


@dataclass(slots=True)
class _Admitted:
    item: Delivery
    folder: Folder
    size: int
    uid: int = 0


class _Batch:
    def __init__(self, books: Books, limits: Mapping[int, int], marks: dict[str, Delivered]) -> None:
        self.books = books
        self.limits = limits
        self.marks = marks
        self.reserved: dict[int, int] = {}
        self.results: list[Delivered | _Admitted] = []
        self.by_key: dict[str, _Admitted] = {}

    def admit(self, item: Delivery, size: int) -> None:
        self.results.append(self._judge(item, size))

    def _judge(self, item: Delivery, size: int) -> Delivered | _Admitted:
        if item.key and item.key in self.marks:
            return self.marks[item.key]
        if item.key and item.key in self.by_key:
            return Delivered(Outcome.ALREADY_THERE)
        limit, reserved = self.limits.get(item.mailbox_id, 0), self.reserved.get(item.mailbox_id, 0)
        if limit and self.books.usages[item.mailbox_id].bytes + reserved + size > limit:
            return Delivered(Outcome.OVER_QUOTA)
        self.reserved[item.mailbox_id] = reserved + size
        admitted = _Admitted(item, self._find_folder(item), size)
        if item.key:
            self.by_key[item.key] = admitted
        return admitted

    def _find_folder(self, item: Delivery) -> Folder:
        make_defaults(self.books, item.mailbox_id)
        try:
            name = names.normalise(item.folder)
        except BadSyntax:
            name = names.INBOX
        return self.books.find_folder(item.mailbox_id, name) or make_folder(self.books, item.mailbox_id, name)

    def store(self, known: contents.Known) -> None:
        admitted = [result for result in self.results if isinstance(result, _Admitted)]
        thread_ids = threads.assign([(entry.item.mailbox_id, lineage_of(known[entry.item.blob_id])) for entry in admitted])
        rows = [self._make_row(entry, thread_id) for entry, thread_id in zip(admitted, thread_ids, strict=True)]
        insert(rows)
        self._journal(admitted)
        marked = [(entry.item.key, entry.folder.pk, entry.uid, self.books.now) for entry in admitted if entry.item.key]
        insert_values(DeliveryMark, ("key", "folder_id", "uid", "at"), marked)

    def _make_row(self, entry: _Admitted, thread_id: int) -> Message:
        item = entry.item
        row = add_message(
            self.books, entry.folder, blob_id=item.blob_id, size=entry.size, thread_id=thread_id, flags=item.flags,
            keywords=join_keywords(item.keywords), prefix=item.prefix,
            internaldate=self.books.now if item.internaldate is None else item.internaldate,
        )  # fmt: skip
        entry.uid = row.uid
        return row

    def _journal(self, admitted: Sequence[_Admitted]) -> None:
        by_folder: dict[int, tuple[Folder, list[int]]] = {}
        for entry in admitted:
            by_folder.setdefault(entry.folder.pk, (entry.folder, []))[1].append(entry.uid)
        for folder, uids in by_folder.values():
            self.books.record(folder, Change.Kind.ADDED, uids)

    def list_results(self) -> list[Delivered]:
        return [
            Delivered(Outcome.STORED, FolderId(result.folder.pk), result.uid) if isinstance(result, _Admitted) else result
            for result in self.results
        ]


def forget_deliveries(*, before: int) -> int:
    """Drop marks of deliveries made before a time; keep them longer than any queue entry lives."""
    return DeliveryMark.objects.filter(at__lt=before).delete()[0]


def _find_marks(items: Sequence[Delivery]) -> dict[str, Delivered]:
    found: dict[str, Delivered] = {}
    for part in chunk([item.key for item in items if item.key], BATCH):
        for mark in load(DeliveryMark, f"key IN ({marks(part)})", part):
            found[mark.key] = Delivered(Outcome.ALREADY_THERE, FolderId(mark.folder_id), mark.uid)
    return found
