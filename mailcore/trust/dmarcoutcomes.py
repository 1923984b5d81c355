"""What came in other domains' names, counted by day, for the reports they ask for. RFC 7489 §7.2.

Counted in memory and written now and then: a count is not mail, and a commit for each message would
cost more than the checks do. A crash loses a minute of counts.
"""

import hashlib
import threading
from dataclasses import astuple, dataclass
from datetime import UTC, date, datetime, timedelta

from django.db import connection, transaction

from mailcore.queue.rows import storable

from .models import DmarcOutcome

MAX_WAITING = 200
MAX_SECONDS = 60
KEEP_DAYS = 10
_COLUMNS = "author, policy_domain, source, disposition, dkim_aligned, spf_aligned, spf_domain, spf_result, dkim, override"
_ADD = f"""
INSERT INTO trust_dmarcoutcome (day, digest, {_COLUMNS}, count) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (day, digest) DO UPDATE SET count = trust_dmarcoutcome.count + excluded.count
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    author: str
    policy_domain: str
    source: str
    disposition: str
    dkim_aligned: bool
    spf_aligned: bool
    spf_domain: str
    spf_result: str
    dkim: str
    override: str


_lock = threading.Lock()
_waiting: dict[tuple[date, Outcome], int] = {}
_written_at = 0


def note(outcome: Outcome, *, now: int) -> None:
    """Count one message; every now and then this writes, so it does not belong inside a transaction."""
    global _written_at
    day = datetime.fromtimestamp(now, UTC).date()
    with _lock:
        _waiting[day, outcome] = _waiting.get((day, outcome), 0) + 1
        if len(_waiting) < MAX_WAITING and now - _written_at < MAX_SECONDS:
            return
        _written_at = now
    flush()


def flush() -> None:
    with _lock:
        taken = dict(_waiting)
        _waiting.clear()
    if not taken:
        return
    with transaction.atomic(), connection.cursor() as cursor:
        for (day, outcome), count in sorted(taken.items(), key=lambda one: _digest(one[0][1])):
            cursor.execute(_ADD, [day, _digest(outcome), *_row(outcome), count])


def purge(*, now: int) -> int:
    before = datetime.fromtimestamp(now, UTC).date() - timedelta(days=KEEP_DAYS)
    return DmarcOutcome.objects.filter(day__lt=before).delete()[0]


def _digest(outcome: Outcome) -> str:
    return hashlib.blake2b(repr(astuple(outcome)).encode("utf-8", "replace"), digest_size=16).hexdigest()


def _row(outcome: Outcome) -> list[str | bool]:
    limits = {"author": 255, "policy_domain": 255, "source": 45, "spf_domain": 255, "dkim": 600, "override": 20}
    values = {name: getattr(outcome, name) for name in Outcome.__slots__}
    return [storable(value[: limits.get(name, 10)]) if isinstance(value, str) else value for name, value in values.items()]
