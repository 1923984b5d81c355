"""What scripts remember between messages: whom they answered, what they saw, which deliveries are carried out."""

import hashlib
from collections.abc import Collection, Iterable, Sequence

from django.db.models import Q

from mailcore.kernel.ids import MailboxId
from mailcore.sieve.actions import Seen

from .models import Answered, Carried, SeenMessage

DAY = 86_400
DEFAULT_VACATION = 7 * DAY
MAX_VACATION = 30 * DAY
"""Longer periods count as this: RFC 5230 §4.1 lets an implementation forget."""
DEFAULT_SEEN = 7 * DAY
MAX_SEEN = 90 * DAY
CARRIED_LIFETIME = 14 * DAY
"""Longer than any queue entry lives."""


def is_carried(keys: Collection[str]) -> set[str]:
    return set(Carried.objects.filter(key__in=keys).values_list("key", flat=True))


def mark_carried(keys: Iterable[str], *, now: int) -> None:
    """In the transaction that keeps the letters; a key that is there already fails it."""
    Carried.objects.bulk_create([Carried(key=key, at=now) for key in keys])


def hash_handle(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()


def was_answered(*, mailbox_id: MailboxId, handle: str, address: str, since: int) -> bool:
    return Answered.objects.filter(mailbox_id=mailbox_id, handle=handle, address=address[:330], at__gt=since).exists()


def mark_answered(*, mailbox_id: MailboxId, handle: str, address: str, now: int) -> None:
    Answered.objects.update_or_create(mailbox_id=mailbox_id, handle=handle, address=address[:330], defaults={"at": now})


def was_seen(*, mailbox_id: MailboxId, handle: str, unique_id: str, entry_id: int, now: int) -> bool:
    """Seen in time, by another entry of the queue: the same one delivered again is no duplicate."""
    rows = SeenMessage.objects.filter(mailbox_id=mailbox_id, digest=hash_handle(handle, unique_id), expires_at__gt=now)
    return rows.filter(~Q(entry_id=entry_id)).exists()


def mark_seen(*, mailbox_id: MailboxId, entry_id: int, seen: Sequence[Seen], now: int) -> None:
    """RFC 7352 §3.2: the time counts from the first sight, with `:last` from each."""
    for one in seen:
        digest = hash_handle(one.handle, one.unique_id)
        expires_at = now + min(DEFAULT_SEEN if one.seconds is None else one.seconds, MAX_SEEN)
        known = SeenMessage.objects.filter(mailbox_id=mailbox_id, digest=digest).first()
        if known is None:
            SeenMessage.objects.create(mailbox_id=mailbox_id, digest=digest, entry_id=entry_id, expires_at=expires_at)
        elif known.expires_at <= now:
            SeenMessage.objects.filter(pk=known.pk).update(entry_id=entry_id, expires_at=expires_at)
        elif one.last and known.entry_id != entry_id:
            SeenMessage.objects.filter(pk=known.pk).update(expires_at=expires_at)


def forget(*, now: int) -> int:
    """Drop what no script can ask for any more; how many rows."""
    return (
        Answered.objects.filter(at__lt=now - MAX_VACATION).delete()[0]
        + SeenMessage.objects.filter(expires_at__lte=now).delete()[0]
        + Carried.objects.filter(at__lt=now - CARRIED_LIFETIME).delete()[0]
    )
