"""Certificates that every node shares, the accounts they are obtained with, and the answers that prove our names.

Times are whole seconds since the epoch, UTC.
"""

from django.db import models


class Certificate(models.Model):
    class Source(models.TextChoices):
        ACME = "acme", "obtained and renewed by itself"
        GIVEN = "given", "given by the operator"

    name = models.CharField(max_length=255, unique=True)
    """The first of its names, by which it is spoken of."""
    names = models.TextField()
    """All of them, one a line."""
    source = models.CharField(max_length=5, choices=Source.choices)
    chain = models.TextField(blank=True)
    """PEM, our own first; "" until it was obtained."""
    sealed = models.TextField(blank=True)
    """The private key, PEM, sealed with the installation's key."""
    not_before = models.BigIntegerField(default=0)
    not_after = models.BigIntegerField(default=0)
    next_attempt_at = models.BigIntegerField(null=True, db_index=True)  # what is due
    """When it is to be obtained or renewed; None where nobody does so by themselves."""
    failures = models.PositiveIntegerField(default=0)
    """In a row."""
    last_text = models.CharField(max_length=600, blank=True)
    revision = models.PositiveIntegerField(default=1)
    """Grows with each new chain: listeners look at the sum."""

    def __str__(self) -> str:
        return self.name


class Account(models.Model):
    """Who we are to one ACME server."""

    directory = models.CharField(max_length=500, primary_key=True)
    sealed = models.TextField()
    """The account's private key, PEM, sealed."""
    uri = models.CharField(max_length=500, blank=True)
    """"" until it is registered."""
    agreed_at = models.BigIntegerField()
    """When the operator agreed to the terms of that server."""

    def __str__(self) -> str:
        return self.directory


class Answer(models.Model):
    """What the web process says when the ACME server asks for a token (RFC 8555 §8.3)."""

    token = models.CharField(max_length=200, primary_key=True)
    text = models.CharField(max_length=400)
    created_at = models.BigIntegerField(db_index=True)  # purge

    def __str__(self) -> str:
        return self.token
