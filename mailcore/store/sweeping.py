"""Removing what nobody owns any more: mail of mailboxes that are gone, marks of deliveries long settled, what the search index
keeps of folders that are gone."""

import logging
import sqlite3
import time

from mailcore.archive import held
from mailcore.directory.models import Mailbox
from mailcore.kernel.ids import MailboxId

from . import writer
from .models import Usage
from .search import blocks

log = logging.getLogger(__name__)

MARK_LIFETIME = 14 * 24 * 3600
"""Seconds; longer than any queue entry lives."""


def sweep() -> int:
    """Remove the mail of mailboxes the directory no longer has, but for what a legal hold covers; how many there were."""
    unowned = set(Usage.objects.values_list("mailbox_id", flat=True)) - set(Mailbox.objects.values_list("id", flat=True))
    orphans = sorted(unowned - held.list_mailboxes(unowned))
    for mailbox_id in orphans:
        writer.remove_mailbox(mailbox_id=MailboxId(mailbox_id))
    try:
        blocks.sweep()
    except sqlite3.DatabaseError as error:
        # What is kept of them harms nobody, and the next sweep comes.
        log.info("the search index was not swept: %s", error)
    writer.forget_deliveries(before=int(time.time()) - MARK_LIFETIME)
    return len(orphans)
