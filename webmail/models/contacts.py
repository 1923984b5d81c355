"""Address books, and whom one has written to."""

import uuid

from django.db import models

from mailcore.directory.models import User


def _new_uid() -> str:
    return str(uuid.uuid4())


class Book(models.Model):
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="books")
    name = models.CharField(max_length=100)

    class Meta:
        ordering = ("name", "id")

    def __str__(self) -> str:
        return self.name


class Contact(models.Model):
    book = models.ForeignKey(Book, on_delete=models.CASCADE, related_name="contacts")
    uid = models.CharField(max_length=255, default=_new_uid)
    name = models.CharField(max_length=200)
    given = models.CharField(max_length=100, blank=True)
    family = models.CharField(max_length=100, blank=True)
    organisation = models.CharField(max_length=200, blank=True)
    title = models.CharField(max_length=200, blank=True)
    phones = models.JSONField(default=list)
    """Pairs of kind and number."""
    postal = models.TextField(blank=True)
    birthday = models.CharField(max_length=20, blank=True)
    url = models.CharField(max_length=500, blank=True)
    note = models.TextField(blank=True)
    photo = models.BinaryField(null=True)
    photo_type = models.CharField(max_length=40, blank=True)
    others = models.TextField(blank=True)
    """Lines of an imported card that have no field here; they are exported again."""
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name", "id")
        constraints = (models.UniqueConstraint(fields=["book", "uid"], name="webmail_contact_once"),)

    def __str__(self) -> str:
        return self.name


class ContactAddress(models.Model):
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="addresses")
    address = models.CharField(max_length=320)
    folded = models.CharField(max_length=320)
    kind = models.CharField(max_length=20, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ("position", "id")
        # "Is the sender somebody I know?"
        indexes = (models.Index(fields=["folded"], name="webmail_contactaddress_folded"),)

    def __str__(self) -> str:
        return self.address


class Group(models.Model):
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="contact_groups")
    name = models.CharField(max_length=100)
    members = models.ManyToManyField(Contact, blank=True, related_name="groups")

    class Meta:
        ordering = ("name", "id")
        constraints = (models.UniqueConstraint(fields=["user", "name"], name="webmail_group_once"),)

    def __str__(self) -> str:
        return self.name


class Correspondent(models.Model):
    """An address written to, and how much and how lately."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="correspondents")
    address = models.CharField(max_length=320)
    folded = models.CharField(max_length=320)
    name = models.CharField(max_length=200, blank=True)
    times = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()
    rank = models.FloatField(default=0)
    """Logarithm of the decaying count of letters: orders people by use at any later moment without being written again."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=["user", "folded"], name="webmail_correspondent_once"),)
        # Completion: the most used first.
        indexes = (models.Index(fields=["user", "-rank"], name="webmail_correspondent_rank"),)

    def __str__(self) -> str:
        return self.address
