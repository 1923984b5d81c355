"""Rows of the mail store. Written by `store.writer` and `store.blobs` only.

Times are whole seconds since the epoch, UTC. `mailbox_id` is the id of the directory's
Mailbox, kept as a number: the store does not depend on how accounts are managed.
"""

from django.db import models


class Blob(models.Model):
    """Message bytes as received, once per digest; where they lie in the packs."""

    digest = models.BinaryField(max_length=32, unique=True)
    pack = models.CharField(max_length=64)
    offset = models.BigIntegerField()
    length = models.BigIntegerField()

    class Meta:
        # What lives in one pack, in order; how far a pack is pointed into.
        indexes = (models.Index(fields=["pack", "offset"], name="store_blob_place"),)


class Condemned(models.Model):
    """A blob that nothing pointed at when somebody looked; it goes should that still be so long after."""

    blob_id = models.BigIntegerField(primary_key=True)
    at = models.BigIntegerField()

    class Meta:
        # Those whose time has come.
        indexes = (models.Index(fields=["at"], name="store_condemned_at"),)


class Walk(models.Model):
    """How far a round through all blobs has come."""

    name = models.CharField(max_length=32, primary_key=True)
    position = models.BigIntegerField(default=0)


class Content(models.Model):
    """What is derived from a blob, ready to send; can be rebuilt from it at any time."""

    blob = models.OneToOneField(Blob, primary_key=True, on_delete=models.CASCADE, related_name="content")
    envelope = models.BinaryField()
    header_size = models.IntegerField()
    has_attachment = models.BooleanField(default=False)
    sent_at = models.BigIntegerField(null=True)
    sent_day = models.IntegerField(null=True)
    """The Date header's day as written, its zone disregarded (RFC 9051 §6.4.4), as date.toordinal counts."""
    subject = models.TextField(blank=True)
    base_subject = models.TextField(blank=True)
    from_name = models.TextField(blank=True)
    from_address = models.TextField(blank=True)
    to_text = models.TextField(blank=True)
    snippet = models.TextField(blank=True)
    message_id = models.TextField(blank=True)
    references = models.TextField(blank=True)
    """Message-IDs, root first, one space between."""
    list_id = models.TextField(blank=True)
    attachments = models.IntegerField(default=0)
    bodystructure = models.BinaryField()
    body = models.BinaryField()
    structure = models.BinaryField()


class Usage(models.Model):
    """What a mailbox holds. Its row is the lock that every writer of that mailbox takes first."""

    mailbox_id = models.BigIntegerField(primary_key=True)
    bytes = models.BigIntegerField(default=0)
    messages = models.BigIntegerField(default=0)
    last_uidvalidity = models.BigIntegerField(default=0)
    """Highest UIDVALIDITY ever given out here, so that a name made again never repeats one (RFC 9051 §2.3.1.1)."""


class Folder(models.Model):
    mailbox_id = models.BigIntegerField()
    name = models.CharField(max_length=1000)
    uidvalidity = models.BigIntegerField()
    uidnext = models.BigIntegerField(default=1)
    highestmodseq = models.BigIntegerField(default=1)
    recent_from = models.BigIntegerField(default=1)
    special_use = models.CharField(max_length=32, blank=True, default="")
    messages = models.BigIntegerField(default=0)
    unseen = models.BigIntegerField(default=0)
    bytes = models.BigIntegerField(default=0)

    class Meta:
        # Serves the lookup by name and the list of one mailbox.
        constraints = (models.UniqueConstraint(fields=["mailbox_id", "name"], name="store_folder_name"),)


class Subscription(models.Model):
    """A subscribed name; outlives its folder (RFC 3501 §6.3.6)."""

    mailbox_id = models.BigIntegerField()
    name = models.CharField(max_length=1000)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["mailbox_id", "name"], name="store_subscription_name"),)


class Message(models.Model):
    """One message in one folder. What is served is `prefix` followed by the blob."""

    mailbox_id = models.BigIntegerField()
    folder = models.ForeignKey(Folder, on_delete=models.CASCADE, db_index=False, related_name="+")
    uid = models.BigIntegerField()
    modseq = models.BigIntegerField()
    flags = models.SmallIntegerField(default=0)
    keywords = models.TextField(blank=True, default="")
    internaldate = models.BigIntegerField()
    savedate = models.BigIntegerField()
    size = models.BigIntegerField()
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="+")
    thread_id = models.BigIntegerField()
    prefix = models.BinaryField(default=b"")

    class Meta:
        constraints = (
            # FETCH and the snapshot: ranges of UIDs of one folder.
            models.UniqueConstraint(fields=["folder", "uid"], name="store_message_uid"),
        )
        indexes = (
            # changes_since: what carries a newer modseq.
            models.Index(fields=["folder", "modseq"], name="store_message_modseq"),
            # The pages' list, newest first, by keyset.
            models.Index(fields=["folder", "-internaldate", "-uid"], name="store_message_list"),
            # The pages' search: a whole mailbox from the newest message on.
            models.Index(fields=["mailbox_id", "-internaldate", "-id"], name="store_message_newest"),
            # A conversation and its length.
            models.Index(fields=["mailbox_id", "thread_id"], name="store_message_thread"),
        )


class ThreadReference(models.Model):
    """Which conversation of a mailbox a Message-ID belongs to."""

    mailbox_id = models.BigIntegerField()
    digest = models.BinaryField(max_length=16)
    thread_id = models.BigIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["mailbox_id", "digest"], name="store_threadreference_digest"),)


class Change(models.Model):
    """The journal: what happened in a folder at which modseq. Rows are only ever added."""

    class Kind(models.TextChoices):
        ADDED = "added"
        FLAGS = "flags"
        EXPUNGED = "expunged"

    mailbox_id = models.BigIntegerField()
    folder_id = models.BigIntegerField()
    """No foreign key: the journal outlives the folder."""
    modseq = models.BigIntegerField()
    kind = models.CharField(max_length=8, choices=Kind.choices)
    uids = models.TextField()
    """As an IMAP set, e.g. "3:7,9"."""
    at = models.BigIntegerField()
    source_id = models.BigIntegerField(default=0)
    """Of what was added by a copy or a move: the folder it came from."""

    class Meta:
        indexes = (
            # changes_since, VANISHED and rewind read one folder from a modseq on.
            models.Index(fields=["folder_id", "modseq"], name="store_change_modseq"),
            # What was filed by hand since somebody looked: the spam filter learns from it.
            models.Index(fields=["id"], name="store_change_filed", condition=models.Q(source_id__gt=0)),
        )


class Annotation(models.Model):
    """A note on a folder, or with folder 0 on the mailbox itself (RFC 5464). One that was removed stays, without a value."""

    mailbox_id = models.BigIntegerField()
    folder_id = models.BigIntegerField(default=0)
    entry = models.CharField(max_length=255)
    """In lower case, e.g. "/private/comment"."""
    value = models.BinaryField(null=True)
    version = models.BigIntegerField()
    """Grows with each change in a mailbox."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=["mailbox_id", "folder_id", "entry"], name="store_annotation_entry"),)
        # What changed since somebody looked.
        indexes = (models.Index(fields=["mailbox_id", "version"], name="store_annotation_version"),)


class DeliveryMark(models.Model):
    """Deliveries already made, so that one repeated after a crash stores nothing twice."""

    key = models.CharField(max_length=400, unique=True)
    folder_id = models.BigIntegerField()
    uid = models.BigIntegerField()
    at = models.BigIntegerField()

    class Meta:
        # Old keys are removed by age.
        indexes = (models.Index(fields=["at"], name="store_deliverymark_at"),)


class Grant(models.Model):
    """What somebody may do in a folder of another mailbox (RFC 4314). The owner needs none: everything is allowed to them."""

    folder = models.ForeignKey(Folder, on_delete=models.CASCADE, related_name="+")
    grantee_id = models.BigIntegerField()
    """A mailbox, 0 for anyone."""
    is_negative = models.BooleanField(default=False)
    """Taken away, whatever else grants it."""
    rights = models.CharField(max_length=16)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["folder", "grantee_id", "is_negative"], name="store_grant_grantee"),)
        # Which folders of others somebody may see.
        indexes = (models.Index(fields=["grantee_id"], name="store_grant_seeker"),)


class SeenBy(models.Model):
    """What somebody has read in a folder of another mailbox: \\Seen there is everybody's own."""

    folder = models.ForeignKey(Folder, on_delete=models.CASCADE, related_name="+")
    reader_id = models.BigIntegerField()
    """A mailbox."""
    uids = models.TextField()
    """As an IMAP set."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=["folder", "reader_id"], name="store_seenby_reader"),)
