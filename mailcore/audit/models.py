"""One table of what was done. A trigger of the database refuses changes to its rows."""

from django.db import models


class Event(models.Model):
    at = models.DateTimeField(db_index=True)  # the page's period, retention
    action = models.CharField(max_length=40)
    """Kind of object and what became of it, e.g. `mailbox.created`."""
    object_id = models.CharField(max_length=64)
    object_name = models.CharField(max_length=330)
    """As people know it, kept when the object is gone."""
    domain = models.CharField(max_length=255, blank=True)
    """Whose administrators may see it; "" for the server's only."""
    actor_id = models.BigIntegerField(null=True)
    actor = models.CharField(max_length=400)
    via = models.CharField(max_length=10)
    peer = models.CharField(max_length=64, blank=True)
    request_id = models.CharField(max_length=40, blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=["domain", "-id"], name="audit_event_domain"),  # a domain administrator's page
            models.Index(fields=["object_name", "-id"], name="audit_event_object"),  # the history of one object
        )
