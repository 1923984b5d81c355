"""In whose name one writes, and texts kept for answering."""

from django.db import models

from mailcore.directory.models import User


class Identity(models.Model):
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="identities")
    name = models.CharField(max_length=200, blank=True)
    address = models.CharField(max_length=320)
    """Folded; checked again whenever it is written from."""
    reply_to = models.CharField(max_length=1000, blank=True)
    bcc = models.CharField(max_length=1000, blank=True)
    signature_text = models.TextField(blank=True)
    signature_html = models.TextField(blank=True)
    """Already sanitised."""
    is_default = models.BooleanField(default=False)

    class Meta:
        ordering = ("-is_default", "id")

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else self.address


class LetterTemplate(models.Model):
    """A letter kept to be written again: subject and text."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="letter_templates")
    name = models.CharField(max_length=100)
    subject = models.CharField(max_length=400, blank=True)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)

    class Meta:
        ordering = ("name", "id")

    def __str__(self) -> str:
        return self.name
