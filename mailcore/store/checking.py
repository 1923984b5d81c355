"""Verify what is kept: blobs against their digests, counters and journal against the messages.

Reads only. A finding is one line a person can act on; an empty list means all is well.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Count, Max, Q, Sum

from mailcore.kernel.flags import SEEN
from mailcore.kernel.ids import BlobId

from . import blobs, uidsets
from .models import Blob, Change, Content, Folder, Message, Usage


@dataclass(frozen=True, slots=True)
class Finding:
    subject: str
    """What it is about, e.g. "blob 12", "folder 3 (INBOX) of mailbox 1"."""
    text: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.text}"


def check_mail(*, read_blobs: bool = True) -> list[Finding]:
    """All checks. Run it while nothing is delivered: it takes no locks."""
    found = [*check_folders(), *check_usage(), *check_contents()]
    if read_blobs:
        found += check_blobs()
    return found


def check_blobs() -> Iterator[Finding]:
    packs = blobs.open_packs()
    for row in Blob.objects.order_by("pack", "offset").iterator(chunk_size=1_000):
        subject = f"blob {row.pk} (pack {row.pack} at {row.offset})"
        try:
            data = packs.read(row.pack, row.offset, row.length)
        except OSError as error:
            yield Finding(subject, f"cannot be read: {error}")
            continue
        if hashlib.sha256(data).digest() != bytes(row.digest):
            yield Finding(subject, "its bytes are not those of its digest")


def check_contents() -> Iterator[Finding]:
    """Messages without derived data would be missing from lists and FETCH."""
    present = Content.objects.values("pk")
    for blob_id in Message.objects.exclude(blob_id__in=present).values_list("blob_id", flat=True).distinct():
        yield Finding(f"blob {BlobId(blob_id)}", "has messages and no derived data")


def check_usage() -> Iterator[Finding]:
    held = {
        row["mailbox_id"]: (row["bytes"], row["messages"])
        for row in Message.objects.values("mailbox_id").annotate(bytes=Sum("size"), messages=Count("pk")).order_by()
    }
    for usage in Usage.objects.all():
        actual = held.pop(usage.mailbox_id, (0, 0))
        if actual != (usage.bytes, usage.messages):
            yield Finding(f"mailbox {usage.mailbox_id}", f"counts {usage.bytes} bytes in {usage.messages} messages, holds {actual}")
    for mailbox_id in held:
        yield Finding(f"mailbox {mailbox_id}", "holds messages and counts none")


def check_folders() -> Iterator[Finding]:
    totals = {
        row["folder_id"]: row
        for row in Message.objects.values("folder_id")
        .annotate(
            count=Count("pk"),
            total=Sum("size"),
            top_uid=Max("uid"),
            top_modseq=Max("modseq"),
            unseen=Count("pk", filter=Q(flags__in=_UNSEEN)),
        )
        .order_by()
    }
    for folder in Folder.objects.order_by("mailbox_id", "name"):
        subject = f"folder {folder.pk} ({folder.name}) of mailbox {folder.mailbox_id}"
        row = totals.get(folder.pk, {"count": 0, "total": 0, "top_uid": 0, "top_modseq": 0, "unseen": 0})
        for name, counted, actual in (
            ("messages", folder.messages, row["count"]),
            ("bytes", folder.bytes, row["total"]),
            ("unseen", folder.unseen, row["unseen"]),
        ):
            if counted != actual:
                yield Finding(subject, f"counts {counted} {name}, holds {actual}")
        if row["top_uid"] >= folder.uidnext:
            yield Finding(subject, f"UIDNEXT {folder.uidnext} is not above UID {row['top_uid']}")
        if row["top_modseq"] > folder.highestmodseq:
            yield Finding(subject, f"HIGHESTMODSEQ {folder.highestmodseq} is below {row['top_modseq']}")
        yield from _check_journal(folder, subject)


_UNSEEN = [bits for bits in range(256) if not bits & SEEN]


def _check_journal(folder: Folder, subject: str) -> Iterator[Finding]:
    """Added less expunged must be exactly what is there, each with the modseq of its last line."""
    expected: dict[int, int] = defaultdict(int)
    for line in Change.objects.filter(folder_id=folder.pk).order_by("modseq", "pk").iterator():
        for uid in uidsets.split(line.uids):
            if line.kind == Change.Kind.EXPUNGED:
                expected.pop(uid, None)
            else:
                expected[uid] = line.modseq
    actual = dict(Message.objects.filter(folder_id=folder.pk).values_list("uid", "modseq"))
    for uid in sorted(expected.keys() | actual.keys()):
        if expected.get(uid) != actual.get(uid):
            yield Finding(subject, f"UID {uid}: the journal says modseq {expected.get(uid)}, the message {actual.get(uid)}")
