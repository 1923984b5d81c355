"""Remove for good what is older than its window. Rung by beat; each run does a bounded piece of work and holds no lock for long."""

import logging
import time
from collections.abc import Sequence

from django.db import connection, transaction

from mailcore.kernel.ids import MailboxId
from mailcore.store.loading import marks

from . import held, levels
from .held import Subject
from .models import Beginning, FormerFlags, Hold, Removal

log = logging.getLogger(__name__)

BATCH = 500
ROUNDS = 20
_CONTENT = "SELECT blob_id, subject, from_address, from_name, to_text FROM store_content WHERE blob_id IN ({})"


def sweep(*, now: int | None = None, rounds: int = ROUNDS) -> int:
    """How many removals went for good. What is held, or not due yet, is looked at again a day later at most."""
    now = int(time.time()) if now is None else now
    removed = 0
    for _ in range(rounds):
        looked_at, gone = _sweep_batch(now)
        removed += gone
        if looked_at < BATCH:
            break
    forget_flags(now=now)
    return removed


def forget_flags(*, now: int, limit: int = 5_000) -> int:
    """Forget flags from before every window; from then on nothing older can be rebuilt."""
    before = now - levels.longest("undelete_days") * levels.DAY
    with transaction.atomic():
        ids = list(FormerFlags.objects.filter(at__lte=before).order_by("at").values_list("pk", flat=True)[:limit])
        FormerFlags.objects.filter(pk__in=ids).delete()
        Beginning.objects.filter(at__lt=before).update(at=before)
    return len(ids)


def _sweep_batch(now: int) -> tuple[int, int]:
    with transaction.atomic():
        rows = list(Removal.objects.filter(look_at__lte=now).order_by("look_at", "pk")[:BATCH])
        if not rows:
            return 0, 0
        mailbox_ids = sorted({row.mailbox_id for row in rows})
        windows = levels.find_all(["undelete_days"], mailbox_ids)
        ends = {row.pk: row.at + windows[row.mailbox_id]["undelete_days"] * levels.DAY for row in rows}
        over = [row for row in rows if ends[row.pk] <= now]
        kept = list_held(over, mailbox_ids, held.list_in_force())
        gone = [row.pk for row in over if row.pk not in kept]
        Removal.objects.filter(pk__in=gone).delete()
        _put_off([(row.pk, now + levels.DAY if row.pk in kept else min(ends[row.pk], now + levels.DAY)) for row in rows], set(gone))
        return len(rows), len(gone)


def list_held(rows: Sequence[Removal], mailbox_ids: Sequence[int], holds: Sequence[Hold]) -> set[int]:
    """The ids of those a hold covers."""
    if not rows or not holds:
        return set()
    domains = levels.find_domains(mailbox_ids)
    blob_ids = sorted({row.blob_id for row in rows})
    with connection.cursor() as cursor:
        cursor.execute(_CONTENT.format(marks(blob_ids)), blob_ids)
        contents = {row[0]: (str(row[1]), " ".join(row[2:])) for row in cursor.fetchall()}
    return {row.pk for row in rows if held.is_held(_subject(row, domains.get(row.mailbox_id, ""), contents), holds)}


def _subject(row: Removal, domain: str, contents: dict[int, tuple[str, str]]) -> Subject:
    subject, people = contents.get(row.blob_id, ("", ""))
    return Subject(MailboxId(row.mailbox_id), domain, row.internaldate, people, subject)


def _put_off(looks: Sequence[tuple[int, int]], gone: set[int]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE archive_removal SET look_at = %s WHERE id = %s", [(look_at, pk) for pk, look_at in looks if pk not in gone]
        )
