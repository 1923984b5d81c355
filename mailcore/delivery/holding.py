"""Mail that is kept in the queue until somebody has looked: why it is held, and what its head says. The body stays closed."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass

from django.db import transaction

from mailcore.audit import log
from mailcore.kernel.errors import NotFound
from mailcore.kernel.ids import BlobId, TraceId
from mailcore.mime.summary import summarise
from mailcore.queue import entries
from mailcore.queue.entries import EntryRow
from mailcore.queue.journey import Stage
from mailcore.queue.models import Entry, JourneyEvent
from mailcore.store import blobs
from mailcore.store.contents import clean
from mailcore.store.models import Content

MAX_HEAD = 64_000
MAX_READ = 256_000


@dataclass(frozen=True, slots=True)
class Held:
    row: EntryRow
    subject: str
    """"" where there is none, or where the message is large and not read yet."""
    reason: str
    """Who or what holds it, in words."""


@dataclass(frozen=True, slots=True)
class Opened:
    held: Held
    findings: tuple[str, ...]
    """What each check at the door said."""
    head: str
    """The header section as it came, at most MAX_HEAD octets of it."""


def list_held(*, domains: Collection[str] | None, search: str = "", before: int | None = None, limit: int = 50) -> list[Held]:
    """Newest first; a handful of queries, whatever the number of rows. `domains` None is everything."""
    return _describe(entries.list_entries(domains=domains, state="held", search=search, before=before, limit=limit))


def open_held(*, trace_id: TraceId, domains: Collection[str] | None) -> Opened:
    """One held message with its head; the audit log says who looked. NotFound where it is not held, or out of scope."""
    row = entries.get_entry(trace_id=trace_id, domains=domains)
    if not row.is_held:
        raise NotFound("This message is not held any more.", trace_id)
    head = _head(blobs.read(BlobId(Entry.objects.values_list("blob_id", flat=True).get(pk=row.id))))
    steps = JourneyEvent.objects.filter(trace_id=trace_id, stage=Stage.CHECKED).order_by("id")
    with transaction.atomic():
        domain = row.sender.rpartition("@")[2]
        log.record("queue.looked", object_id=trace_id, name=trace_id, domain=domain, after={"sender": row.sender})
    known = _describe([row])[0]
    held = Held(row, known.subject or clean(summarise(head).subject), known.reason)
    return Opened(held, tuple(steps.values_list("text", flat=True)), head.decode("utf-8", "replace"))


def _describe(rows: Sequence[EntryRow]) -> list[Held]:
    if not rows:
        return []
    found = JourneyEvent.objects.filter(trace_id__in=[row.trace_id for row in rows], stage=Stage.HELD).order_by("id")
    reasons = dict(found.values_list("trace_id", "text"))
    blob_ids = dict(Entry.objects.filter(pk__in=[row.id for row in rows]).values_list("pk", "blob_id"))
    subjects = _read_subjects({blob_ids[row.id]: row.size for row in rows if row.id in blob_ids})
    return [Held(row, subjects.get(blob_ids.get(row.id, 0), ""), reasons.get(row.trace_id, "")) for row in rows]


def _read_subjects(sizes: dict[int, int]) -> dict[int, str]:
    """By blob. What no mailbox has yet is read here, unless it is large: a list is no reason to read much."""
    found: dict[int, str] = dict(Content.objects.filter(blob_id__in=list(sizes)).values_list("blob_id", "subject"))
    missing = [BlobId(blob_id) for blob_id, size in sizes.items() if blob_id not in found and size <= MAX_READ]
    for blob_id in missing:
        # One message whose bytes are lost must not hide the others; opening it says so.
        with suppress(NotFound):
            found[blob_id] = clean(summarise(_head(blobs.read(blob_id))).subject)
    return found


def _head(raw: bytes) -> bytes:
    """With the empty line that ends it."""
    ends = [at + size for at, size in ((raw.find(b"\r\n\r\n"), 4), (raw.find(b"\n\n"), 2)) if at >= 0]
    return raw[: min(ends, default=len(raw))][:MAX_HEAD]
