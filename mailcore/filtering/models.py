"""Scripts, and what was done by them. Times are whole seconds since the epoch, UTC."""

from django.db import models


class Script(models.Model):
    """One Sieve script. `owner` is `mailbox:ID`, `domain:NAME` or `system`."""

    class Stage(models.TextChoices):
        BEFORE = "before"
        OWN = "own"
        """Of a mailbox; one at a time is active."""
        AFTER = "after"
        SHARED = "shared"
        """Of the house: what `include :global` finds."""

    owner = models.CharField(max_length=300)
    stage = models.CharField(max_length=8, choices=Stage.choices, default=Stage.OWN)
    name = models.CharField(max_length=128)
    text = models.TextField()
    size = models.PositiveIntegerField()
    """Octets in UTF-8."""
    is_active = models.BooleanField(default=False)
    version = models.BigIntegerField(default=1)
    """Nanoseconds of the last change: the compiled form is remembered by it, and a database put back is not taken for this one."""
    changed_at = models.BigIntegerField()
    failed_at = models.BigIntegerField(default=0)
    failed_text = models.CharField(max_length=500, blank=True, default="")
    """Why it last failed on a message, and where; "" where it never did since its last change."""

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["owner", "stage", "name"], name="filtering_script_name"),
            models.UniqueConstraint(fields=["owner"], condition=models.Q(is_active=True, stage="own"), name="filtering_script_one_active"),
        )
        indexes = (
            # "Which scripts run for these mailboxes?", asked for each batch of deliveries
            models.Index(fields=["owner"], name="filtering_script_active", condition=models.Q(is_active=True)),
        )


class Carried(models.Model):
    """One delivery whose letters (redirects, answers, refusals) are in the queue: a repeated delivery sends none again."""

    key = models.CharField(max_length=64, unique=True)
    at = models.BigIntegerField(db_index=True)  # forgotten by age


class Answered(models.Model):
    """The last time one sender got one automatic answer (RFC 5230 §4.2)."""

    mailbox_id = models.BigIntegerField()
    handle = models.CharField(max_length=64)
    address = models.CharField(max_length=330)
    """Folded."""
    at = models.BigIntegerField(db_index=True)  # forgotten by age

    class Meta:
        constraints = (models.UniqueConstraint(fields=["mailbox_id", "handle", "address"], name="filtering_answered_once"),)


class SeenMessage(models.Model):
    """What the `duplicate` test remembers (RFC 7352 §3)."""

    mailbox_id = models.BigIntegerField()
    digest = models.CharField(max_length=64)
    """Of handle and unique id."""
    entry_id = models.BigIntegerField()
    """The queue entry that was seen: delivered again, it is not a duplicate of itself."""
    expires_at = models.BigIntegerField(db_index=True)  # forgotten by age

    class Meta:
        constraints = (models.UniqueConstraint(fields=["mailbox_id", "digest"], name="filtering_seen_once"),)
