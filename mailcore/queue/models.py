"""What is waiting, what was tried and what became of it.

Times are whole seconds since the epoch, UTC, so that one SQL text serves both databases.
A row of `Entry` is one accepted message; a row of `Recipient` is one piece of work.
"""

from django.db import models
from django.db.models.functions import Lower


class State(models.TextChoices):
    QUEUED = "queued"
    LEASED = "leased"
    DELIVERED = "delivered"
    """Kept in a mailbox, taken by the next host, or replaced by the recipients it stands for."""
    FAILED = "failed"
    CANCELLED = "cancelled"


_OPEN = models.Q(state__in=["queued", "leased"])


class Entry(models.Model):
    trace_id = models.CharField(max_length=32, unique=True)
    sender = models.CharField(max_length=330, blank=True)
    blob_id = models.BigIntegerField(db_index=True)  # the sweep of dead blobs asks which ids are in use
    size = models.BigIntegerField()
    source = models.CharField(max_length=16)
    user_id = models.BigIntegerField(null=True)
    message_id = models.CharField(max_length=255, blank=True)
    delivered_to = models.TextField(blank=True)
    """Folded addresses of the Delivered-To lines it came with, a line each: the loop check reads no bytes."""
    received_at = models.BigIntegerField(db_index=True)  # lists by age, reaping
    expires_at = models.BigIntegerField()
    is_held = models.BooleanField(default=False)
    not_before = models.BigIntegerField(default=0)
    """Its sender wants it to leave no sooner, and may call it back until then; 0 is at once."""
    priority = models.SmallIntegerField(default=0)
    """10 and above is bulk, which gets no delay notices."""
    ret = models.CharField(max_length=4, blank=True)
    envid = models.CharField(max_length=100, blank=True)
    smtputf8 = models.BooleanField(default=False)
    eight_bit = models.BooleanField(default=False)
    requiretls = models.BooleanField(default=False)
    deliver_by = models.BigIntegerField(default=0)
    """When it is to be delivered at the latest; 0 is whenever (RFC 2852)."""
    by_mode = models.CharField(max_length=1, blank=True, default="")
    """R: returned then. N: its sender is told then."""
    by_trace = models.BooleanField(default=False)
    filing = models.CharField(max_length=16, blank=True, default="")
    """The special use of the folder a check at the door wants it filed in; "" is the inbox."""

    class Meta:
        verbose_name_plural = "entries"


class Recipient(models.Model):
    entry = models.ForeignKey(Entry, on_delete=models.CASCADE, related_name="recipients")
    address = models.CharField(max_length=330)
    orcpt = models.CharField(max_length=600, blank=True)
    notify = models.CharField(max_length=32, blank=True)
    destination = models.CharField(max_length=255, db_index=True)  # "everything for this domain", domain scopes
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.BigIntegerField()
    """While leased this is the end of the lease: an unsettled lease falls due by itself."""
    lease_token = models.CharField(max_length=40, blank=True)
    lease_until = models.BigIntegerField(default=0)
    data_sent_at = models.BigIntegerField(null=True)
    """Set just before the final dot and cleared by the settlement: if it is still there, the other side may have a copy."""
    last_code = models.PositiveSmallIntegerField(default=0)
    last_text = models.CharField(max_length=1000, blank=True)
    delay_notified = models.BooleanField(default=False)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["entry", "address"], name="queue_recipient_once"),)
        indexes = (
            # the claim: what is due, oldest first; one each, so that a deferred backlog costs fresh mail nothing
            models.Index(fields=["next_attempt_at"], name="queue_recipient_fresh", condition=_OPEN & models.Q(attempts=0)),
            models.Index(fields=["next_attempt_at"], name="queue_recipient_deferred", condition=_OPEN & models.Q(attempts__gt=0)),
            # settle and read back a batch
            models.Index(fields=["lease_token"], name="queue_recipient_lease", condition=models.Q(state="leased")),
        )


class Attempt(models.Model):
    recipient = models.ForeignKey(Recipient, on_delete=models.CASCADE, related_name="history")
    at = models.BigIntegerField()
    verdict = models.CharField(max_length=10)
    code = models.PositiveSmallIntegerField(default=0)
    text = models.CharField(max_length=1000, blank=True)
    host = models.CharField(max_length=255, blank=True)
    owner = models.CharField(max_length=100, blank=True)


class Destination(models.Model):
    """How a remote domain is to be treated. Workers at it are counted from live leases, so the count cannot leak."""

    domain = models.CharField(max_length=255, primary_key=True)
    concurrency = models.PositiveSmallIntegerField(default=2)
    backoff_until = models.BigIntegerField(default=0)
    fail_streak = models.PositiveIntegerField(default=0)
    last_text = models.CharField(max_length=1000, blank=True)


class JourneyEvent(models.Model):
    """One step of a message, kept when its entry is gone."""

    trace_id = models.CharField(max_length=32, db_index=True)  # one journey
    at = models.BigIntegerField(db_index=True)  # purge by age
    stage = models.CharField(max_length=12)
    verdict = models.CharField(max_length=40, blank=True)
    code = models.PositiveSmallIntegerField(default=0)
    text = models.CharField(max_length=1000, blank=True)
    address = models.CharField(max_length=330, blank=True)
    domain = models.CharField(max_length=255, blank=True)
    message_id = models.CharField(max_length=255, blank=True, db_index=True)  # "where is my message?"

    class Meta:
        indexes = (
            models.Index(fields=["domain", "at"], name="queue_journey_domain"),  # a domain's recent traffic
            models.Index(Lower("address"), "id", name="queue_journey_address"),  # whose message it was, newest first
        )
