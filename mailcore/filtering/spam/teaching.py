"""What was learned, in the database: read for a judgement, added to and taken back by lessons.

Counts are whole numbers. Mailbox 0 is everybody together. Tables are bounded: what is rare and old is forgotten first.
"""

import time
from collections.abc import Sequence
from itertools import islice

from django.db import connection, transaction

from mailcore.kernel.ids import MailboxId

from ..models import SpamToken, SpamTotal
from . import bayes, tokens
from .bayes import Counts, Judgement, Teaching
from .sample import Sample

SITE = MailboxId(0)
MAX_TOKENS = {True: 400_000, False: 60_000}
"""Of the site, of one mailbox."""
BATCH = 400
_READ = "SELECT mailbox_id, token, spam, ham FROM filtering_spamtoken WHERE mailbox_id IN ({mailboxes}) AND token IN ({tokens})"
_ADD = """
INSERT INTO filtering_spamtoken (mailbox_id, token, spam, ham, day) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (mailbox_id, token) DO UPDATE SET spam = filtering_spamtoken.spam + excluded.spam,
    ham = filtering_spamtoken.ham + excluded.ham, day = excluded.day
"""
_TAKE = """
UPDATE filtering_spamtoken SET spam = CASE WHEN spam > %s THEN spam - %s ELSE 0 END, ham = CASE WHEN ham > %s THEN ham - %s ELSE 0 END
WHERE mailbox_id = %s AND token = %s
"""


def judge(sample: Sample, *, mailbox_id: MailboxId = SITE) -> Judgement:
    """By what the mailbox and everybody learned. One small query where nothing was learned yet."""
    wanted = list(dict.fromkeys((mailbox_id, SITE)))
    totals = {
        row[0]: Counts(row[1], row[2]) for row in SpamTotal.objects.filter(mailbox_id__in=wanted).values_list("mailbox_id", "spam", "ham")
    }
    if not any(min(one) for one in totals.values()):
        return Judgement(0.5, 0.0, 0)
    hashed = tokens.find_hashed(sample)
    learned = _read(sorted(totals), hashed)
    own = Teaching(totals.get(mailbox_id, bayes.NOTHING), learned.get(mailbox_id, {})) if mailbox_id else Teaching(bayes.NOTHING, {})
    return bayes.judge(hashed, own=own, site=Teaching(totals.get(SITE, bayes.NOTHING), learned.get(SITE, {})))


def learn(*, mailbox_ids: Sequence[int], hashed: Sequence[int], is_spam: bool, sign: int = 1) -> None:
    """Count one message for these mailboxes, or with `sign` -1 take it back. In the caller's transaction or its own."""
    day = int(time.time()) // 86_400
    spam, ham = int(is_spam), int(not is_spam)
    with transaction.atomic(), connection.cursor() as cursor:
        for mailbox_id in sorted(set(mailbox_ids)):
            if sign > 0:
                cursor.executemany(_ADD, [(mailbox_id, token, spam, ham, day) for token in sorted(hashed)])
            else:
                cursor.executemany(_TAKE, [(spam, spam, ham, ham, mailbox_id, token) for token in sorted(hashed)])
            _count(mailbox_id, spam * sign, ham * sign)


def learn_many(*, mailbox_id: int, samples: Sequence[tuple[Sequence[int], bool]]) -> None:
    """Many messages of one mailbox (or the site): summed up first, then written once."""
    summed: dict[int, list[int]] = {}
    for hashed, is_spam in samples:
        for token in hashed:
            summed.setdefault(token, [0, 0])[0 if is_spam else 1] += 1
    day = int(time.time()) // 86_400
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(_ADD, [(mailbox_id, token, spam, ham, day) for token, (spam, ham) in sorted(summed.items())])
        spam = sum(1 for _, is_spam in samples if is_spam)
        _count(mailbox_id, spam, len(samples) - spam)


def forget_rare() -> int:
    """Bring tables that grew too large back to nine tenths of their bound: single counts first, then the oldest."""
    removed = 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT mailbox_id, COUNT(*) FROM filtering_spamtoken GROUP BY mailbox_id HAVING COUNT(*) > %s", [MAX_TOKENS[False]])
        for mailbox_id, count in cursor.fetchall():
            bound = MAX_TOKENS[mailbox_id == SITE]
            if count > bound:
                surplus = count - bound * 9 // 10
                rare = SpamToken.objects.filter(mailbox_id=mailbox_id).extra(select={"n": "spam + ham"}).order_by("n", "day", "id")
                ids = iter(rare.values_list("id", flat=True)[:surplus])
                while part := list(islice(ids, BATCH)):
                    removed += SpamToken.objects.filter(id__in=part).delete()[0]
    return removed


def reset(*, mailbox_id: int) -> None:
    """Forget everything one mailbox, or the site (0), learned."""
    with transaction.atomic():
        SpamToken.objects.filter(mailbox_id=mailbox_id).delete()
        SpamTotal.objects.filter(mailbox_id=mailbox_id).delete()


def count(*, mailbox_id: int) -> Counts:
    row = SpamTotal.objects.filter(mailbox_id=mailbox_id).values_list("spam", "ham").first()
    return Counts(*row) if row else bayes.NOTHING


def _read(mailbox_ids: Sequence[int], hashed: Sequence[int]) -> dict[int, dict[int, Counts]]:
    found: dict[int, dict[int, Counts]] = {}
    with connection.cursor() as cursor:
        for start in range(0, len(hashed), BATCH):
            part = hashed[start : start + BATCH]
            text = _READ.format(mailboxes=",".join(["%s"] * len(mailbox_ids)), tokens=",".join(["%s"] * len(part)))
            cursor.execute(text, [*mailbox_ids, *part])
            for mailbox_id, token, spam, ham in cursor.fetchall():
                found.setdefault(mailbox_id, {})[token] = Counts(spam, ham)
    return found


def _count(mailbox_id: int, spam: int, ham: int) -> None:
    row, _ = SpamTotal.objects.select_for_update().get_or_create(mailbox_id=mailbox_id)
    SpamTotal.objects.filter(pk=mailbox_id).update(spam=max(0, row.spam + spam), ham=max(0, row.ham + ham))
