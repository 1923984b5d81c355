"""Transports, the routes that lead to them, relayed domains, suppressed addresses."""

from django.db import models


class Transport(models.Model):
    class Kind(models.TextChoices):
        DIRECT = "direct", "to the hosts of the domain"
        SMARTHOST = "smarthost", "to a host that sends it on"
        LMTP = "lmtp", "to a store, by LMTP"
        HOLD = "hold", "kept in the queue until somebody releases it"
        REFUSE = "refuse", "returned to its sender"

    class Tls(models.TextChoices):
        MAY = "may", "TLS where it is offered"
        ENCRYPT = "encrypt", "TLS, with any certificate"
        VERIFY = "verify", "TLS, with a certificate that is vouched for"
        IMPLICIT = "implicit", "TLS from the first octet, vouched for"

    name = models.CharField(max_length=60, unique=True)
    kind = models.CharField(max_length=9, choices=Kind.choices)
    host = models.CharField(max_length=255, blank=True)
    port = models.PositiveIntegerField(default=0)
    tls = models.CharField(max_length=8, choices=Tls.choices, default=Tls.MAY)
    login = models.CharField(max_length=320, blank=True)
    sealed = models.TextField(blank=True)
    """The password, sealed with the installation's key."""
    text = models.CharField(max_length=200, blank=True)
    """Of REFUSE and HOLD: why."""

    def __str__(self) -> str:
        return self.name


class Route(models.Model):
    """The first whose conditions all hold decides. An empty condition always holds."""

    position = models.PositiveIntegerField()
    sender = models.CharField(max_length=320, blank=True)
    recipient = models.CharField(max_length=320, blank=True)
    min_size = models.BigIntegerField(default=0)
    max_size = models.BigIntegerField(default=0)
    """0: no limit."""
    transport = models.ForeignKey(Transport, on_delete=models.PROTECT, related_name="routes")
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("position", "id")

    def __str__(self) -> str:
        return f"{self.position}: {self.sender or '*'} → {self.recipient or '*'}"


class RelayDomain(models.Model):
    """Mail for it is taken from anybody and passed on."""

    domain = models.CharField(max_length=255, primary_key=True)
    """Folded; `.example.org` is every domain below it."""
    note = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return self.domain


class Suppressed(models.Model):
    """An address elsewhere that is not written to."""

    address = models.CharField(max_length=320, primary_key=True)
    """Folded."""
    reason = models.CharField(max_length=200)
    created_at = models.BigIntegerField()

    def __str__(self) -> str:
        return self.address
