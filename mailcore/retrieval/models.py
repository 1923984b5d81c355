"""Accounts on other servers, what was collected from them, and whole accounts that move here.

Times are whole seconds since the epoch, UTC; 0 is never.
"""

from django.db import models

from mailcore.directory.models import Mailbox


class Security(models.TextChoices):
    TLS = "tls", "TLS from the start"
    STARTTLS = "starttls", "STARTTLS"
    NONE = "none", "none"


class Remote(models.Model):
    """A login at another server, and the lease of whoever is busy with it."""

    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="+")
    host = models.CharField(max_length=255)
    port = models.PositiveIntegerField()
    security = models.CharField(max_length=8, choices=Security.choices)
    login = models.CharField(max_length=255)
    sealed_secret = models.TextField()
    next_run_at = models.BigIntegerField(default=0)
    lease = models.CharField(max_length=300, blank=True)
    """`host:pid:chance` of the run that may write; the fence every commit of it is checked against."""
    lease_until = models.BigIntegerField(default=0)
    fault = models.CharField(max_length=16, blank=True)
    """A word of `faults.Kind`; "" while all is well."""
    last_text = models.CharField(max_length=500, blank=True)
    fail_streak = models.PositiveIntegerField(default=0)
    last_run_at = models.BigIntegerField(default=0)
    created_at = models.BigIntegerField()

    class Meta:
        abstract = True


class Account(Remote):
    """Collected again and again, by POP3 or IMAP."""

    class Protocol(models.TextChoices):
        POP3 = "pop3", "POP3"
        IMAP = "imap", "IMAP"

    class Keep(models.TextChoices):
        KEEP = "keep", "leave it there"
        DELETE = "delete", "delete it there once it is here"
        DAYS = "days", "delete it there after some days"

    class Pause(models.TextChoices):
        NOT = "", "not paused"
        OWNER = "owner", "paused by its owner"
        LOGIN = "login", "paused because the login was refused again and again"

    protocol = models.CharField(max_length=4, choices=Protocol.choices)
    remote_folder = models.CharField(max_length=255, default="INBOX")
    target = models.CharField(max_length=1000, blank=True)
    """The folder messages go to; "" is the way new mail goes, through the filters."""
    keep = models.CharField(max_length=6, choices=Keep.choices, default=Keep.KEEP)
    keep_days = models.PositiveIntegerField(default=0)
    interval = models.PositiveIntegerField(default=900)
    pause = models.CharField(max_length=5, choices=Pause.choices, blank=True, default="")
    envelope_header = models.CharField(max_length=40, blank=True)
    """Where the recipient is read when the account collects for a whole domain; "" is for this mailbox alone."""
    domain = models.CharField(max_length=255, blank=True)
    uidvalidity = models.BigIntegerField(default=0)
    last_ok_at = models.BigIntegerField(default=0)
    last_count = models.PositiveIntegerField(default=0)
    total = models.BigIntegerField(default=0)

    class Meta:
        # what is due
        indexes = (models.Index(fields=["next_run_at"], name="retrieval_account_due", condition=models.Q(pause="")),)


class Collected(models.Model):
    """A message of the other server that is here, or that is not wanted; kept while it lies there."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=32)
    at = models.BigIntegerField()
    refusal = models.CharField(max_length=300, blank=True)
    """Why it was left there; "" is: it is here."""

    class Meta:
        # In the transaction that keeps the message: the same one cannot be kept twice.
        constraints = (models.UniqueConstraint(fields=["account", "key"], name="retrieval_collected_key"),)


class Transfer(Remote):
    """A whole account that is brought here from an IMAP server. Run again, it brings what is new."""

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        STOPPED = "stopped"

    login_as = models.CharField(max_length=255, blank=True)
    """Whose mail is wanted when `login` is a master's (RFC 4616's authorization identity)."""
    excluded = models.TextField(blank=True)
    """Patterns of folder names, one a line."""
    batch = models.CharField(max_length=64, blank=True, db_index=True)  # the transfers that were asked for together
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    runs = models.PositiveIntegerField(default=0)
    finished_at = models.BigIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["mailbox", "host", "login", "login_as"], name="retrieval_transfer_source"),)
        # what is due
        indexes = (
            models.Index(fields=["next_run_at"], name="retrieval_transfer_due", condition=models.Q(state__in=["waiting", "running"])),
        )


class TransferFolder(models.Model):
    """One folder there, its place here, and how far it is."""

    transfer = models.ForeignKey(Transfer, on_delete=models.CASCADE, related_name="folders")
    source = models.CharField(max_length=2000)
    """As the server writes it (modified UTF-7), its bytes read as Latin-1."""
    shown = models.CharField(max_length=2000)
    target = models.CharField(max_length=1000, blank=True)
    note = models.CharField(max_length=300, blank=True)
    """Why it was left out; "" is: it is brought."""
    uidvalidity = models.BigIntegerField(default=0)
    there = models.BigIntegerField(default=0)
    copied = models.BigIntegerField(default=0)
    already = models.BigIntegerField(default=0)
    changed = models.BigIntegerField(default=0)
    """Messages whose flags changed there since the last run."""
    refused = models.BigIntegerField(default=0)
    here = models.BigIntegerField(default=0)
    is_done = models.BooleanField(default=False)
    """In the present run."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=["transfer", "source"], name="retrieval_transferfolder_source"),)


class TransferMessage(models.Model):
    """One message there: where it is here, or why it is not."""

    folder = models.ForeignKey(TransferFolder, on_delete=models.CASCADE, related_name="+", db_index=False)
    uid = models.BigIntegerField()
    local_uid = models.BigIntegerField(default=0)
    fingerprint = models.CharField(max_length=32)
    flags = models.SmallIntegerField(default=0)
    """As last seen there, so that only what changes there changes here."""
    keywords = models.TextField(blank=True)
    refusal = models.CharField(max_length=300, blank=True)

    class Meta:
        # In the transaction that keeps the message: the same one cannot be kept twice.
        constraints = (models.UniqueConstraint(fields=["folder", "uid"], name="retrieval_transfermessage_uid"),)
