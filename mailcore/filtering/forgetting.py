"""Dropping what filters no longer need: old answers, sights and marks, and scripts of mailboxes that are gone."""

from mailcore.directory.models import Mailbox
from mailcore.kernel.ids import MailboxId

from . import memory, scripts


def forget(*, now: int) -> int:
    """How many rows went."""
    kept = [MailboxId(one) for one in Mailbox.objects.values_list("pk", flat=True)]
    return memory.forget(now=now) + scripts.forget_orphans(mailbox_ids=kept)
