"""Rows of the archive. Times are whole seconds since the epoch, UTC; mailboxes are the directory's ids, kept as numbers.

Message bytes are never copied: a row points at the blob, and the foreign key keeps the blob from being swept.
"""

from django.db import models

from mailcore.store.models import Blob


class Removal(models.Model):
    """A message that left its folder, as it was then. Written by `keeping` in the transaction that removed it."""

    class Kind(models.TextChoices):
        EXPUNGED = "expunged"
        MOVED = "moved"
        """It is in another folder; where that is one of the same mailbox, `went_folder_id` and `went_uid` say where."""
        REPLACED = "replaced"
        """A newer text took its place, as drafts do."""

    mailbox_id = models.BigIntegerField()
    folder_id = models.BigIntegerField()
    folder = models.CharField(max_length=1000)
    """The folder's name then."""
    uid = models.BigIntegerField()
    flags = models.SmallIntegerField()
    keywords = models.TextField(blank=True)
    internaldate = models.BigIntegerField()
    savedate = models.BigIntegerField()
    size = models.BigIntegerField()
    thread_id = models.BigIntegerField()
    prefix = models.BinaryField()
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="+")  # indexed: the sweep of dead blobs asks
    kind = models.CharField(max_length=8, choices=Kind.choices)
    at = models.BigIntegerField()
    went_folder_id = models.BigIntegerField(default=0)
    went_uid = models.BigIntegerField(default=0)
    """Set by a move, and when it is brought back; 0 is nowhere."""
    look_at = models.BigIntegerField()
    """When the sweep looks at it next."""

    class Meta:
        indexes = (
            # what one mailbox may bring back, newest first; what left it since a moment
            models.Index(fields=["mailbox_id", "id"], name="archive_removal_mailbox"),
            # the sweep
            models.Index(fields=["look_at"], name="archive_removal_look_at"),
        )


class FormerFlags(models.Model):
    """The flags some messages of a folder had before a change of the journal at `modseq`."""

    mailbox_id = models.BigIntegerField()
    folder_id = models.BigIntegerField()
    modseq = models.BigIntegerField()
    uids = models.TextField()
    """As an IMAP set."""
    flags = models.SmallIntegerField()
    keywords = models.TextField(blank=True)
    at = models.BigIntegerField(db_index=True)  # forgetting

    class Meta:
        # what was flagged otherwise since a moment
        indexes = (models.Index(fields=["mailbox_id", "at"], name="archive_formerflags_mailbox"),)


class Beginning(models.Model):
    """One row: since when removals and flags are known without a gap."""

    at = models.BigIntegerField()


class Level(models.Model):
    """A period or a switch set for a mailbox, a domain or the server; see `levels`."""

    owner = models.CharField(max_length=270)
    """"system", "domain:example.org" or "mailbox:17"."""
    name = models.CharField(max_length=40)
    value = models.PositiveIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["owner", "name"], name="archive_level_once"),)


class Hold(models.Model):
    """A legal hold: what it covers is neither swept nor pruned until it is released. Never deleted."""

    name = models.CharField(max_length=200)
    """The matter."""
    reason = models.TextField(blank=True)
    mailbox_id = models.BigIntegerField(null=True)
    address = models.CharField(max_length=330, blank=True)
    """Of that mailbox, as people know it."""
    domain = models.CharField(max_length=255, blank=True)
    """The domain it covers, or that of the mailbox; "" is the whole server."""
    who = models.CharField(max_length=330, blank=True)
    """Part of an address that must be among sender and recipients; "" is anybody."""
    words = models.CharField(max_length=400, blank=True)
    """All must be in the subject; "" is any."""
    since = models.BigIntegerField(null=True)
    until = models.BigIntegerField(null=True)
    placed_at = models.BigIntegerField()
    placed_by = models.CharField(max_length=400)
    released_at = models.BigIntegerField(null=True)
    released_by = models.CharField(max_length=400, blank=True)

    class Meta:
        # those in force, which are few
        indexes = (models.Index(fields=["id"], name="archive_hold_in_force", condition=models.Q(released_at=None)),)


class Chain(models.Model):
    """The ends of a domain's journal. Who adds a record locks this row."""

    domain = models.CharField(max_length=255, unique=True)
    seq = models.BigIntegerField(default=0)
    """Of the last record."""
    digest = models.BinaryField(max_length=32)
    pruned_seq = models.BigIntegerField(default=0)
    """Of the last record that retention removed."""
    pruned_digest = models.BinaryField(max_length=32)


class Record(models.Model):
    """One accepted message in a domain's journal. The database refuses to change it, and to delete what was not pruned."""

    domain = models.CharField(max_length=255)
    seq = models.BigIntegerField()
    previous = models.BinaryField(max_length=32)
    digest = models.BinaryField(max_length=32)
    """Over everything else here and the digest of the record before; see `journal.chain`."""
    at = models.BigIntegerField()
    trace_id = models.CharField(max_length=32, db_index=True)  # from a journey to its record
    source = models.CharField(max_length=16)
    peer = models.CharField(max_length=64, blank=True)
    helo = models.CharField(max_length=255, blank=True)
    user_id = models.BigIntegerField(null=True)
    sender = models.CharField(max_length=330, blank=True)
    recipients = models.TextField()
    """Every one of the envelope, those of Bcc too, a line each."""
    message_id = models.CharField(max_length=255, blank=True)
    subject = models.TextField(blank=True)
    size = models.BigIntegerField()
    blob_digest = models.BinaryField(max_length=32)
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = (
            # the chain in its order
            models.UniqueConstraint(fields=["domain", "seq"], name="archive_record_once"),
        )
        indexes = (
            # a period of a domain
            models.Index(fields=["domain", "at"], name="archive_record_period"),
        )


class Rewind(models.Model):
    """A rewind that was carried out, and what it takes to undo it."""

    mailbox_id = models.BigIntegerField()
    moment = models.BigIntegerField()
    """The time it led back to."""
    folder = models.CharField(max_length=1000, blank=True)
    """"" is the whole mailbox."""
    began_at = models.BigIntegerField()
    """Nothing else was changed in this second before it, so `began_at` - 1 is the state it replaced."""
    actor = models.CharField(max_length=400)
    added = models.JSONField(default=dict)
    """Folder id to the UIDs, as an IMAP set, of what it brought back."""
    undone_at = models.BigIntegerField(null=True)

    class Meta:
        # what was done to one mailbox, newest first
        indexes = (models.Index(fields=["mailbox_id", "-id"], name="archive_rewind_mailbox"),)
