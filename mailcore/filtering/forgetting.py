"""Dropping what filters no longer need: old answers, sights and marks, and scripts of mailboxes that are gone."""

from mailcore.directory.models import Mailbox
from mailcore.kernel.ids import MailboxId

from . import memory, scripts
from .models import Greylisted
from .policy import sending
from .policy.checks import greylist
from .spam import training


def forget(*, now: int) -> int:
    """How many rows went."""
    kept = [MailboxId(one) for one in Mailbox.objects.values_list("pk", flat=True)]
    sending.forget(now=now)
    training.forget(now=now)
    Greylisted.objects.filter(seen_at__lt=now - greylist.KNOWN_FOR).delete()
    return memory.forget(now=now) + scripts.forget_orphans(mailbox_ids=kept)
