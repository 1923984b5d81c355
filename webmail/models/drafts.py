"""What is being written, and what was sent and can still be called back."""

import uuid

from django.db import models

from mailcore.directory.models import User


class Draft(models.Model):
    """The fields of one letter as last typed. Its files are in the copy in Drafts, which other programs see."""

    key = models.UUIDField(default=uuid.uuid4, unique=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="drafts")
    fields = models.JSONField(default=dict)
    editor = models.CharField(max_length=40, blank=True)
    """The open window that wrote last."""
    sequence = models.BigIntegerField(default=0)
    """That window's count of savings; an older one that comes late is ignored."""
    folder = models.CharField(max_length=1000, blank=True)
    uid = models.BigIntegerField(default=0)
    """The copy in Drafts, 0 for none."""
    copied_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        # The draft of a message opened from the list.
        indexes = (models.Index(fields=["user", "uid"], name="webmail_draft_by_copy"),)

    def __str__(self) -> str:
        return str(self.key)


class Outgoing(models.Model):
    """A message that is in the queue and may be called back until it leaves. The queue holds the time that counts."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="outgoing")
    trace_id = models.CharField(max_length=32, unique=True)
    message_id = models.CharField(max_length=255)
    """The kept copy is found by it, wherever it was moved."""
    fields = models.JSONField(default=dict)
    folder = models.CharField(max_length=1000, blank=True)
    uid = models.BigIntegerField(default=0)
    due_at = models.DateTimeField()
    is_scheduled = models.BooleanField(default=False)
    """False: only the seconds of Undo."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        # Which copies have become sent mail meanwhile; what waits, soonest first.
        indexes = (models.Index(fields=["due_at"], name="webmail_outgoing_due"),)

    def __str__(self) -> str:
        return self.trace_id
