"""Derived rows of blobs: made from the bytes alone, so they can be made again at any time."""

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter

from django.db import connection

from mailcore.kernel.ids import BlobId
from mailcore.mime.summary import summarise

from . import blobs
from .inserting import insert
from .loading import marks
from .models import Content
from .uidsets import chunk


def derive(blob_id: BlobId, raw: bytes) -> Content:
    """An unsaved row; never raises, whatever the bytes are."""
    summary = summarise(raw)
    return Content(
        blob_id=blob_id,
        envelope=summary.envelope,
        header_size=summary.header_size,
        has_attachment=summary.has_attachment,
        sent_at=summary.sent_at,
        sent_day=summary.sent_day,
        subject=clean(summary.subject),
        base_subject=clean(summary.base_subject),
        from_name=clean(summary.from_name),
        from_address=clean(summary.from_address),
        to_text=clean(summary.to_text),
        snippet=clean(summary.snippet),
        message_id=clean(summary.message_id),
        references=clean(" ".join(summary.references)),
        list_id=clean(summary.list_id),
        attachments=summary.attachments,
        bodystructure=summary.bodystructure,
        body=summary.body,
        structure=summary.structure,
    )


def load_lineages(blob_ids: Iterable[BlobId]) -> dict[BlobId, Content]:
    """The rows that exist, with their Message-ID and references alone."""
    found: dict[BlobId, Content] = {}
    with connection.cursor() as cursor:
        for part in chunk(list(dict.fromkeys(blob_ids)), blobs.IN_CHUNK):
            cursor.execute(f'SELECT blob_id, message_id, "references" FROM store_content WHERE blob_id IN ({marks(part)})', list(part))
            for blob_id, message_id, references in cursor.fetchall():
                found[BlobId(blob_id)] = Content(blob_id=blob_id, message_id=message_id, references=references)
    return found


def derive_missing(blob_ids: Sequence[BlobId]) -> tuple[dict[BlobId, Content], list[Content]]:
    """All rows, and those among them that are not saved yet. Reads and parses; belongs before a transaction."""
    known = load_lineages(blob_ids)
    missing = [blob_id for blob_id in dict.fromkeys(blob_ids) if blob_id not in known]
    fresh = [derive(blob_id, raw) for blob_id, raw in zip(missing, blobs.read_many(missing), strict=True)]
    return known | {BlobId(row.pk): row for row in fresh}, fresh


def save(rows: Sequence[Content]) -> None:
    """Add rows; one that is there already stays, being the same. In one order, so that two writers cannot deadlock."""
    insert(sorted(rows, key=attrgetter("blob_id")), ignore_conflicts=True)


def rebuild(blob_ids: Sequence[BlobId]) -> int:
    """Derive again and replace, after the rules of derivation changed; the number of rows."""
    for part in chunk(list(blob_ids), 200):
        for blob_id, raw in zip(part, blobs.read_many(part), strict=True):
            derive(blob_id, raw).save()
    return len(blob_ids)


def split_references(content: Content) -> Sequence[str]:
    return content.references.split()


def clean(text: str) -> str:
    """Text that every database takes: no NUL, no half of a surrogate pair."""
    if "\0" in text:
        text = text.replace("\0", "")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("utf-8")
    return text


Known = Mapping[BlobId, Content]


SUBJECTS_BACK = 200_000
"""How many of the newest messages are looked at for a subject."""


def find_message_ids(*, subject: str, limit: int = 200) -> tuple[str, ...]:
    """Message-IDs of the newest messages whose subject holds these words."""
    newest = Content.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    found = Content.objects.filter(pk__gt=newest - SUBJECTS_BACK, subject__icontains=subject.strip()).exclude(message_id="")
    return tuple(dict.fromkeys(text.strip("<>") for text in found.order_by("-pk").values_list("message_id", flat=True)[:limit]))
