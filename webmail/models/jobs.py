"""What is done to many messages at once, beyond one answer of the server."""

from django.db import models

from mailcore.directory.models import Mailbox


class Job(models.Model):
    """One action over a folder or a search, worked off in slices; what it did is kept, so that it can be undone."""

    class State(models.TextChoices):
        WAITING = "waiting"
        DONE = "done"
        FAILED = "failed"

    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="+")
    verb = models.CharField(max_length=1100)
    work = models.JSONField(default=list)
    """What is left: [folder, uid set] pairs, taken down when the job was given."""
    steps = models.JSONField(default=list)
    """The way back: [folder, uid set, verb] of each slice."""
    total = models.IntegerField()
    done = models.IntegerField(default=0)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    fault = models.CharField(max_length=300, blank=True, default="")
    made_at = models.DateTimeField(auto_now_add=True)
    leased_until = models.DateTimeField(null=True)
    """One worker at a time; a dead one's job falls free."""

    class Meta:
        # What waits for a worker, and what is old enough to forget.
        indexes = (models.Index(fields=["state", "made_at"], name="webmail_job_state"),)

    def __str__(self) -> str:
        return f"{self.verb}: {self.done} of {self.total}"
