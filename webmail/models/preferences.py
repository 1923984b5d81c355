"""Choices of people, and what the operator sets or locks. Which names there are is in `webmail.preferences`."""

from django.db import models

from mailcore.directory.models import User


class Preference(models.Model):
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="preferences")
    name = models.CharField(max_length=60)
    value = models.CharField(max_length=400)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["user", "name"], name="webmail_preference_once"),)

    def __str__(self) -> str:
        return f"{self.name}={self.value}"


class PreferenceRule(models.Model):
    """The default of everybody, or of one domain."""

    domain = models.CharField(max_length=255, blank=True, default="")
    """Lower-case A-label; "" is the whole server."""
    name = models.CharField(max_length=60)
    value = models.CharField(max_length=400)
    is_locked = models.BooleanField(default=False)
    """Nobody below may choose otherwise."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=["domain", "name"], name="webmail_preferencerule_once"),)

    def __str__(self) -> str:
        return f"{self.name}={self.value}"
