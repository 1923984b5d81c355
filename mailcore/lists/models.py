"""The tables of mailing lists. Times are whole seconds since the epoch, UTC.

A column named `blob_id` keeps the bytes it names alive.
"""

from django.db import models

from mailcore.directory.models import Address


class MailingList(models.Model):
    class PostPolicy(models.TextChoices):
        OPEN = "open", "Anybody posts"
        MEMBERS = "members", "Members post"
        MODERATED = "moderated", "Each post is approved"
        ANNOUNCEMENT = "announcement", "Owners and moderators post"

    class Outsiders(models.TextChoices):
        HOLD = "hold", "Held for the moderators"
        REJECT = "reject", "Returned to the author"
        DISCARD = "discard", "Discarded"

    class JoinPolicy(models.TextChoices):
        OPEN = "open", "Anybody, after a confirmation"
        CLOSED = "closed", "Owners add members"

    class ReplyTo(models.TextChoices):
        AUTHOR = "author", "The author"
        LIST = "list", "The list"

    address = models.OneToOneField(Address, on_delete=models.CASCADE, related_name="mailing_list")
    title = models.CharField(max_length=100)
    description = models.CharField(max_length=500, blank=True, default="")
    post_policy = models.CharField(max_length=12, choices=PostPolicy.choices, default=PostPolicy.MEMBERS)
    outsiders = models.CharField(max_length=8, choices=Outsiders.choices, default=Outsiders.HOLD)
    """What becomes of a post by somebody who may not post."""
    join_policy = models.CharField(max_length=6, choices=JoinPolicy.choices, default=JoinPolicy.OPEN)
    subject_prefix = models.CharField(max_length=40, blank=True, default="")
    reply_to = models.CharField(max_length=6, choices=ReplyTo.choices, default=ReplyTo.AUTHOR)
    max_bytes = models.PositiveIntegerField(default=1_000_000)
    """A larger post is held."""
    bounce_limit = models.FloatField(default=4.0)
    """The score at which a member gets no more mail until the address is seen to work."""
    archive_mailbox_id = models.BigIntegerField(null=True, blank=True)
    archive_folder = models.CharField(max_length=200, blank=True, default="")
    """Where posts are filed, in the mailbox above; both or neither."""
    digested_at = models.BigIntegerField(default=0)
    """Posts until then have been in a digest."""
    created_at = models.BigIntegerField()

    class Meta:
        ordering = ("address__domain__name", "address__local")

    def __str__(self) -> str:
        return str(self.address)


class Member(models.Model):
    class Role(models.TextChoices):
        MEMBER = "member", "Member"
        MODERATOR = "moderator", "Moderator"
        OWNER = "owner", "Owner"

    class Mode(models.TextChoices):
        NORMAL = "normal", "Each post"
        DIGEST = "digest", "One digest a day"
        NOMAIL = "nomail", "No mail"

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        PAUSED = "paused", "Paused, mail came back"

    mailing_list = models.ForeignKey(MailingList, on_delete=models.CASCADE, related_name="members")
    email = models.CharField(max_length=320)
    """Folded."""
    name = models.CharField(max_length=200, blank=True, default="")
    role = models.CharField(max_length=9, choices=Role.choices, default=Role.MEMBER)
    mode = models.CharField(max_length=6, choices=Mode.choices, default=Mode.NORMAL)
    own_posts = models.BooleanField(default=True)
    """Whether the posts of this member come back to this member."""
    is_hidden = models.BooleanField(default=False)
    """Not shown to other members."""
    status = models.CharField(max_length=6, choices=Status.choices, default=Status.ACTIVE)
    key = models.CharField(max_length=24)
    """What the envelope sender of this member's copies carries; see `keys`."""
    bounce_score = models.FloatField(default=0.0)
    """As of `bounced_at`; it halves every week."""
    bounced_at = models.BigIntegerField(default=0)
    probes = models.PositiveSmallIntegerField(default=0)
    """Probes sent since the pause."""
    probed_at = models.BigIntegerField(default=0)
    created_at = models.BigIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["mailing_list", "email"], name="lists_member_once"),)
        indexes = (
            # a post goes to members in the order of their ids, a batch at a time
            models.Index(fields=["mailing_list", "id"], name="lists_member_walk"),
            # whose copy came back
            models.Index(fields=["key"], name="lists_member_key"),
            # the few whose mail came back, for the next probe
            models.Index(fields=["probed_at"], name="lists_member_paused", condition=models.Q(status="paused")),
        )

    def __str__(self) -> str:
        return self.email


class Post(models.Model):
    """A message that came for a list and what became of it, or a digest."""

    class State(models.TextChoices):
        HELD = "held", "Held"
        SENDING = "sending", "On its way"
        SENT = "sent", "Sent"
        REJECTED = "rejected", "Rejected"
        DISCARDED = "discarded", "Discarded"

    mailing_list = models.ForeignKey(MailingList, on_delete=models.CASCADE, related_name="posts")
    source_trace = models.CharField(max_length=60)
    """The journey it came by; of a digest, its day."""
    state = models.CharField(max_length=9, choices=State.choices)
    is_digest = models.BooleanField(default=False)
    in_digest = models.BooleanField(default=False)
    """It has been in one."""
    blob_id = models.BigIntegerField(db_index=True)
    """While held, as it came; then as it goes to members. -1 once it is not kept any more."""
    author = models.CharField(max_length=320)
    sender = models.CharField(max_length=330, blank=True, default="")
    """The envelope sender it came with."""
    subject = models.CharField(max_length=300, blank=True, default="")
    message_id = models.CharField(max_length=255, blank=True, default="")
    size = models.BigIntegerField(default=0)
    smtputf8 = models.BooleanField(default=False)
    eight_bit = models.BooleanField(default=False)
    reason = models.CharField(max_length=500, blank=True, default="")
    """Why it was held, or rejected."""
    decided_by = models.CharField(max_length=330, blank=True, default="")
    entry_id = models.BigIntegerField(null=True, blank=True)
    """The queue entry that carries it out."""
    trace_id = models.CharField(max_length=32, blank=True, default="")
    cursor = models.BigIntegerField(default=0)
    """Members up to this id have been queued."""
    reached = models.PositiveIntegerField(default=0)
    at = models.BigIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["mailing_list", "source_trace"], name="lists_post_once"),)
        indexes = (
            # posted before?
            models.Index(fields=["mailing_list", "message_id"], name="lists_post_message"),
            # what is on its way or waits for a moderator
            models.Index(fields=["state", "id"], name="lists_post_open", condition=models.Q(state__in=["held", "sending"])),
            # the posts of a digest, and the last ones
            models.Index(fields=["mailing_list", "at"], name="lists_post_at"),
        )

    def __str__(self) -> str:
        return self.subject


class Request(models.Model):
    """Something that an address must confirm before it is done."""

    class Action(models.TextChoices):
        SUBSCRIBE = "subscribe", "Subscribe"
        UNSUBSCRIBE = "unsubscribe", "Unsubscribe"
        RESUME = "resume", "Resume"
        NORMAL = "normal", "Each post"
        DIGEST = "digest", "One digest a day"
        NOMAIL = "nomail", "No mail"

    mailing_list = models.ForeignKey(MailingList, on_delete=models.CASCADE, related_name="requests")
    email = models.CharField(max_length=320)
    name = models.CharField(max_length=200, blank=True, default="")
    action = models.CharField(max_length=11, choices=Action.choices)
    created_at = models.BigIntegerField()
    expires_at = models.BigIntegerField(db_index=True)  # the purge
    is_done = models.BooleanField(default=False)

    class Meta:
        # how many were made for one address, whichever list asked
        indexes = (models.Index(fields=["email", "created_at"], name="lists_request_email"),)

    def __str__(self) -> str:
        return f"{self.action} {self.email}"
