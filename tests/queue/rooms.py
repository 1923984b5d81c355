"""Entries put straight into the queue, without bytes behind them."""

from django.db import transaction

from mailcore.kernel.envelope import EnvelopeRecipient
from mailcore.queue import acceptance
from mailcore.queue.acceptance import NewEntry

NOW = 1_800_000_000


def put(trace_id: str, *addresses: str, sender: str = "zoe@far.test", at: int = NOW, message_id: str = "") -> None:
    entry = NewEntry(
        trace_id=trace_id,
        sender=sender,
        recipients=tuple(EnvelopeRecipient(address) for address in addresses),
        blob_id=1,
        size=100,
        source="smtp",
        user_id=None,
        message_id=message_id or f"{trace_id}@far.test",
        delivered_to="",
        received_at=at,
        ret="",
        envid="",
        smtputf8=False,
        eight_bit=False,
        came_from="from 192.0.2.7 by ESMTP",
    )
    with transaction.atomic():
        acceptance.insert([entry])
