"""Ids as distinct types, so that one cannot be passed for another."""

from typing import NewType

UserId = NewType("UserId", int)
DomainId = NewType("DomainId", int)
MailboxId = NewType("MailboxId", int)
FolderId = NewType("FolderId", int)
MessageId = NewType("MessageId", int)
BlobId = NewType("BlobId", int)
EntryId = NewType("EntryId", int)
RecipientId = NewType("RecipientId", int)
TraceId = NewType("TraceId", str)
"""Stable, greppable name of one message on its way: the queue id in every log, reply and journey."""
