"""Where to tell, and what is still to be told. Times are whole seconds since the epoch, UTC."""

from django.db import models


class Endpoint(models.Model):
    owner_id = models.BigIntegerField(db_index=True)  # an owner's list; what goes with an owner
    url = models.CharField(max_length=500)
    kinds = models.CharField(max_length=400)
    """Space-separated prefixes of event kinds; `*` is all."""
    domains = models.TextField(blank=True)
    """Space-separated names whose events it gets; "" is every domain's and the server's."""
    sealed_secret = models.TextField()
    sealed_old_secret = models.TextField(blank=True)
    old_secret_until = models.BigIntegerField(default=0)
    is_enabled = models.BooleanField(default=True)
    fail_streak = models.PositiveIntegerField(default=0)
    failing_since = models.BigIntegerField(default=0)
    """0 while it answers."""
    paused_until = models.BigIntegerField(default=0)
    last_text = models.CharField(max_length=500, blank=True)
    created_at = models.BigIntegerField()


class State(models.TextChoices):
    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"


class Delivery(models.Model):
    """One event for one endpoint: a slow endpoint keeps only its own waiting."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="deliveries")
    event_id = models.CharField(max_length=32)
    kind = models.CharField(max_length=40)
    body = models.TextField()
    created_at = models.BigIntegerField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.BigIntegerField()
    last_status = models.PositiveSmallIntegerField(default=0)
    last_text = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = (
            # what is due, for each endpoint
            models.Index(fields=["endpoint", "next_attempt_at"], name="webhooks_delivery_due", condition=models.Q(state="waiting")),
            models.Index(fields=["state", "created_at"], name="webhooks_delivery_age"),  # the purge
        )
