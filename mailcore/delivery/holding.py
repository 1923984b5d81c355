"""Mail that is kept in the queue until somebody has looked: why it is held, and what its head says. The body stays closed."""

from collections.abc import Collection, Sequence
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
from mailcore.store.models import Content

MAX_HEAD = 64_000


@dataclass(frozen=True, slots=True)
class Held:
    row: EntryRow
    subject: str
    """"" where nobody has read the message yet."""
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
    """Newest first; four queries, whatever the number of rows. `domains` None is everything."""
    return _describe(entries.list_entries(domains=domains, state="held", search=search, before=before, limit=limit))


def open_held(*, trace_id: TraceId, domains: Collection[str] | None) -> Opened:
    """One held message with its head; the audit log says who looked. NotFound where it is not held, or out of scope."""
    row = entries.get_entry(trace_id=trace_id, domains=domains)
    if not row.is_held:
        raise NotFound("This message is not held any more.", trace_id)
    raw = blobs.read(BlobId(Entry.objects.values_list("blob_id", flat=True).get(pk=row.id)))
    ends = [at for at in (raw.find(b"\r\n\r\n"), raw.find(b"\n\n")) if at >= 0]
    head = raw[: min(ends, default=len(raw))][:MAX_HEAD]
    steps = JourneyEvent.objects.filter(trace_id=trace_id, stage=Stage.CHECKED).order_by("id")
    with transaction.atomic():
        domain = row.sender.rpartition("@")[2]
        log.record("queue.looked", object_id=trace_id, name=trace_id, domain=domain, after={"sender": row.sender})
    known = _describe([row])[0]
    held = Held(row, known.subject or summarise(raw).subject[:998], known.reason)
    return Opened(held, tuple(steps.values_list("text", flat=True)), head.decode("utf-8", "replace"))


def _describe(rows: Sequence[EntryRow]) -> list[Held]:
    if not rows:
        return []
    found = JourneyEvent.objects.filter(trace_id__in=[row.trace_id for row in rows], stage=Stage.HELD).order_by("id")
    reasons = dict(found.values_list("trace_id", "text"))
    blob_ids = dict(Entry.objects.filter(pk__in=[row.id for row in rows]).values_list("pk", "blob_id"))
    subjects = dict(Content.objects.filter(blob_id__in=blob_ids.values()).values_list("blob_id", "subject"))
    return [Held(row, subjects.get(blob_ids.get(row.id, 0), ""), reasons.get(row.trace_id, "")) for row in rows]
