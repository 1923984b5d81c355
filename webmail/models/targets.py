"""Addresses one may forward to: those whose owner has said yes."""

from django.db import models

from mailcore.directory.models import User


class ForwardTarget(models.Model):
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="forward_targets")
    folded = models.CharField(max_length=320)
    digest = models.CharField(max_length=64)
    """Of the code that was sent there."""
    asked_at = models.DateTimeField()
    wrong = models.PositiveSmallIntegerField(default=0)
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["user", "folded"], name="webmail_forwardtarget_once"),)

    def __str__(self) -> str:
        return self.folded
