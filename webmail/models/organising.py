"""How a person keeps their mail: views of folders, labels, saved searches, what sleeps, what is silenced."""

from django.db import models

from mailcore.directory.models import Mailbox


class FolderView(models.Model):
    """The order a folder was last looked at in."""

    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="+")
    folder = models.CharField(max_length=1000)
    sort = models.CharField(max_length=12, default="date")
    is_ascending = models.BooleanField(default=False)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["mailbox", "folder"], name="webmail_folderview_once"),)

    def __str__(self) -> str:
        return f"{self.folder} by {self.sort}"


class Label(models.Model):
    """A keyword with a name and a colour. Without a row Thunderbird's five have theirs."""

    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="+")
    keyword = models.CharField(max_length=100)
    name = models.CharField(max_length=60)
    hue = models.PositiveSmallIntegerField(default=1)
    """1 to 8."""
    is_hidden = models.BooleanField(default=False)
    """Thrown away by the person; messages may still carry the keyword."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=["mailbox", "keyword"], name="webmail_label_once"),)

    def __str__(self) -> str:
        return self.name


class SavedSearch(models.Model):
    """A search that stands among the folders."""

    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1000)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["mailbox", "name"], name="webmail_savedsearch_once"),)

    def __str__(self) -> str:
        return self.name


class Snooze(models.Model):
    """A message that lies in Snoozed until it is due, and then goes back unread."""

    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="+")
    folder = models.CharField(max_length=1000)
    """Where it came from and goes back to."""
    uid = models.BigIntegerField()
    """In Snoozed."""
    due_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["mailbox", "uid"], name="webmail_snooze_once"),)
        # What is due, asked every minute.
        indexes = (models.Index(fields=["due_at"], name="webmail_snooze_due"),)

    def __str__(self) -> str:
        return f"{self.uid} until {self.due_at:%Y-%m-%d %H:%M}"


class Silence(models.Model):
    """A conversation that was muted, or a sender who was blocked: what comes of it is filed away."""

    class Kind(models.TextChoices):
        THREAD = "thread"
        SENDER = "sender"

    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    what = models.CharField(max_length=320)
    """A thread's number, or an address in lower case."""
    since = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["mailbox", "kind", "what"], name="webmail_silence_once"),)

    def __str__(self) -> str:
        return self.what


class Watermark(models.Model):
    """Up to which message of the Inbox silenced mail was filed away."""

    mailbox = models.OneToOneField(Mailbox, on_delete=models.CASCADE, primary_key=True, related_name="+")
    uidvalidity = models.BigIntegerField()
    uid = models.BigIntegerField()

    def __str__(self) -> str:
        return str(self.uid)


class TrustedSender(models.Model):
    """Whose remote images are loaded without asking."""

    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="+")
    address = models.CharField(max_length=320)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["mailbox", "address"], name="webmail_trustedsender_once"),)

    def __str__(self) -> str:
        return self.address
