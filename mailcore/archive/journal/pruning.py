"""Let a journal's oldest records go once their period is over.

From the front alone, so that what is left is still one chain: it stops at the first record that is younger or held. The
digest of the last record that went is kept, and the next one must follow it.
"""

import logging
import time

from django.db import transaction

from mailcore.audit import log as audit

from .. import held, levels
from ..held import Subject
from ..models import Chain, Hold, Record

log = logging.getLogger(__name__)

BATCH = 500
ROUNDS = 10


def prune(*, now: int | None = None, rounds: int = ROUNDS) -> int:
    """How many records went. A bounded piece of work for each domain."""
    now = int(time.time()) if now is None else now
    return sum(_prune_domain(domain, now, rounds) for domain in Chain.objects.order_by("domain").values_list("domain", flat=True))


def _prune_domain(domain: str, now: int, rounds: int) -> int:
    days = levels.find("journal_days", [f"domain:{domain}", "system"]).value
    if not days:
        return 0
    removed = 0
    for _ in range(rounds):
        gone = _prune_batch(domain, now - days * levels.DAY, held.list_in_force())
        removed += gone
        if gone < BATCH:
            break
    return removed


def _prune_batch(domain: str, before: int, holds: list[Hold]) -> int:
    with transaction.atomic():
        chain = Chain.objects.select_for_update().get(domain=domain)
        rows = Record.objects.filter(domain=domain, seq__gt=chain.pruned_seq).order_by("seq")[:BATCH]
        going: list[Record] = []
        for row in rows:
            if row.at >= before or held.is_held(_subject(row), holds):
                break
            going.append(row)
        if not going:
            return 0
        last = going[-1]
        # First the mark: the database lets only records up to it go.
        Chain.objects.filter(pk=chain.pk).update(pruned_seq=last.seq, pruned_digest=bytes(last.digest))
        Record.objects.filter(domain=domain, seq__lte=last.seq).delete()
        audit.record(
            "archive.journal_pruned", object_id=domain, name=domain, domain=domain,
            after={"first": going[0].seq, "last": last.seq, "head": bytes(last.digest).hex()},
        )  # fmt: skip
    log.info("the journal of %s lost records %d to %d by age", domain, going[0].seq, last.seq)
    return len(going)


def _subject(row: Record) -> Subject:
    return Subject(None, row.domain, row.at, f"{row.sender} {row.recipients}", row.subject)
