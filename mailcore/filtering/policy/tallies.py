"""How much each address, network and login sent, by the hour. Counting is not worth a flush of its own."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

from django.db import connection

from mailcore.queue import commits

from ..models import KnownRecipient

HOUR = 3_600
DAYS_KEPT = 8
KNOWN_FOR = 400 * 86_400
_COUNT = """
INSERT INTO filtering_tally (subject, hour, messages, recipients, fresh) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (subject, hour) DO UPDATE SET messages = filtering_tally.messages + excluded.messages,
    recipients = filtering_tally.recipients + excluded.recipients, fresh = filtering_tally.fresh + excluded.fresh
"""
_READ = "SELECT hour, messages, recipients, fresh FROM filtering_tally WHERE subject = %s AND hour > %s"
_MEET = """
INSERT INTO filtering_knownrecipient (user_id, digest, at) VALUES (%s, %s, %s) ON CONFLICT (user_id, digest) DO NOTHING
"""


class Sent(NamedTuple):
    messages_hour: int
    messages_day: int
    recipients_hour: int
    recipients_day: int
    new_recipients_day: int
    busiest_hour: int
    """Most recipients in one hour of the days before."""


def read(subject: str, *, now: int) -> Sent:
    """This hour of the clock, the last 24, and the week before. One indexed query."""
    hour = now // HOUR
    with connection.cursor() as cursor:
        cursor.execute(_READ, [subject, hour - DAYS_KEPT * 24])
        found = cursor.fetchall()
    this = [row for row in found if row[0] == hour]
    day = [row for row in found if row[0] > hour - 24]
    return Sent(
        sum(row[1] for row in this),
        sum(row[1] for row in day),
        sum(row[2] for row in this),
        sum(row[2] for row in day),
        sum(row[3] for row in day),
        max((row[2] for row in found if row[0] < hour), default=0),
    )


def count(subjects: Sequence[str], *, recipients: int, fresh: int = 0, now: int) -> None:
    """One message more for each subject."""
    with commits.unflushed(), connection.cursor() as cursor:
        # In one order everywhere, so that two writers cannot wait for each other.
        for subject in sorted(subjects):
            cursor.execute(_COUNT, [subject, now // HOUR, 1, recipients, fresh])


def count_login(user_id: int, recipients: Sequence[str], *, now: int) -> int:
    """One message more of a login; how many of its recipients (folded) it never wrote to before."""
    digests = sorted({_digest(address) for address in recipients})
    with commits.unflushed(), connection.cursor() as cursor:
        fresh = 0
        known = set(KnownRecipient.objects.filter(user_id=user_id, digest__in=digests[:500]).values_list("digest", flat=True))
        for digest in digests:
            if digest not in known:
                cursor.execute(_MEET, [user_id, digest, now])
                fresh += cursor.rowcount
        cursor.execute(_COUNT, [f"login:{user_id}", now // HOUR, 1, len(recipients), fresh])
    return fresh


def _digest(address: str) -> int:
    return int.from_bytes(blake2b(address.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big", signed=True)
