"""Scripts, and what was done by them. Times are whole seconds since the epoch, UTC."""

from django.db import models


class Script(models.Model):
    """One Sieve script. `owner` is `mailbox:ID`, `domain:NAME` or `system`."""

    class Stage(models.TextChoices):
        BEFORE = "before"
        OWN = "own"
        """Of a mailbox; one at a time is active."""
        AFTER = "after"
        SHARED = "shared"
        """Of the house: what `include :global` finds."""

    owner = models.CharField(max_length=300)
    stage = models.CharField(max_length=8, choices=Stage.choices, default=Stage.OWN)
    name = models.CharField(max_length=128)
    text = models.TextField()
    size = models.PositiveIntegerField()
    """Octets in UTF-8."""
    is_active = models.BooleanField(default=False)
    version = models.BigIntegerField(default=1)
    """Nanoseconds of the last change: the compiled form is remembered by it, and a database put back is not taken for this one."""
    changed_at = models.BigIntegerField()
    failed_at = models.BigIntegerField(default=0)
    failed_text = models.CharField(max_length=500, blank=True, default="")
    """Why it last failed on a message, and where; "" where it never did since its last change."""

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["owner", "stage", "name"], name="filtering_script_name"),
            models.UniqueConstraint(fields=["owner"], condition=models.Q(is_active=True, stage="own"), name="filtering_script_one_active"),
        )
        indexes = (
            # "Which scripts run for these mailboxes?", asked for each batch of deliveries
            models.Index(fields=["owner"], name="filtering_script_active", condition=models.Q(is_active=True)),
        )


class Carried(models.Model):
    """One delivery whose letters (redirects, answers, refusals) are in the queue: a repeated delivery sends none again."""

    key = models.CharField(max_length=64, unique=True)
    at = models.BigIntegerField(db_index=True)  # forgotten by age


class Answered(models.Model):
    """The last time one sender got one automatic answer (RFC 5230 §4.2)."""

    mailbox_id = models.BigIntegerField()
    handle = models.CharField(max_length=64)
    address = models.CharField(max_length=330)
    """Folded."""
    at = models.BigIntegerField(db_index=True)  # forgotten by age

    class Meta:
        constraints = (models.UniqueConstraint(fields=["mailbox_id", "handle", "address"], name="filtering_answered_once"),)


class SeenMessage(models.Model):
    """What the `duplicate` test remembers (RFC 7352 §3)."""

    mailbox_id = models.BigIntegerField()
    digest = models.CharField(max_length=64)
    """Of handle and unique id."""
    entry_id = models.BigIntegerField()
    """The queue entry that was seen: delivered again, it is not a duplicate of itself."""
    expires_at = models.BigIntegerField(db_index=True)  # forgotten by age

    class Meta:
        constraints = (models.UniqueConstraint(fields=["mailbox_id", "digest"], name="filtering_seen_once"),)


class PolicyRule(models.Model):
    """A line of an allow or block list. `owner` is `mailbox:ID`, `domain:NAME` or `system`."""

    class Subject(models.TextChoices):
        PEER = "peer"
        """A network the message comes from."""
        SENDER = "sender"
        """An address, a domain, or with a dot in front all domains below it."""

    owner = models.CharField(max_length=300)
    subject = models.CharField(max_length=8, choices=Subject.choices)
    pattern = models.CharField(max_length=330)
    act = models.CharField(max_length=12)
    note = models.CharField(max_length=200, blank=True, default="")
    created_at = models.BigIntegerField()

    class Meta:
        # Also serves "all of this owner".
        constraints = (models.UniqueConstraint(fields=["owner", "subject", "pattern"], name="filtering_policyrule_once"),)


class Level(models.Model):
    """A threshold or limit that an owner sets otherwise than the level above it."""

    owner = models.CharField(max_length=300)
    name = models.CharField(max_length=40)
    value = models.FloatField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["owner", "name"], name="filtering_level_once"),)


class Tally(models.Model):
    """What one address, network or login sent in one hour."""

    subject = models.CharField(max_length=80)
    """`login:ID`, `peer:ADDRESS` or `net:NETWORK`."""
    hour = models.IntegerField(db_index=True)  # forgotten by age
    """Hours since the epoch."""
    messages = models.PositiveIntegerField()
    recipients = models.PositiveIntegerField()
    fresh = models.PositiveIntegerField()
    """Recipients this login never wrote to before."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=["subject", "hour"], name="filtering_tally_hour"),)


class KnownRecipient(models.Model):
    """That a login wrote to an address; only a digest of the address is kept."""

    user_id = models.BigIntegerField()
    digest = models.BigIntegerField()
    at = models.BigIntegerField(db_index=True)  # forgotten by age

    class Meta:
        constraints = (models.UniqueConstraint(fields=["user_id", "digest"], name="filtering_knownrecipient_once"),)


class Suspicion(models.Model):
    """A login that suddenly sends; while the row stands, what it sends is held."""

    user_id = models.BigIntegerField(unique=True)
    login = models.CharField(max_length=330)
    reason = models.CharField(max_length=300)
    at = models.BigIntegerField()
    told_at = models.BigIntegerField(default=0)
    """When those who look after the login were written to; 0 until then."""


class Greylisted(models.Model):
    """Network, sender and recipient of a stranger's first try."""

    digest = models.CharField(max_length=64, unique=True)
    first_at = models.BigIntegerField()
    passed_at = models.BigIntegerField(default=0)
    """0 until it came again."""
    seen_at = models.BigIntegerField(db_index=True)  # forgotten by age


class SpamToken(models.Model):
    """How many messages with a token one mailbox called spam and ham; mailbox 0 is everybody together."""

    mailbox_id = models.BigIntegerField()
    token = models.BigIntegerField()
    """64 bits of a digest."""
    spam = models.PositiveIntegerField(default=0)
    ham = models.PositiveIntegerField(default=0)
    day = models.IntegerField()
    """Last day it was learned from, days since the epoch: what is old and rare is forgotten first."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=["mailbox_id", "token"], name="filtering_spamtoken_once"),)


class SpamTotal(models.Model):
    """How many messages a mailbox taught; mailbox 0 is everybody together."""

    mailbox_id = models.BigIntegerField(primary_key=True)
    spam = models.PositiveIntegerField(default=0)
    ham = models.PositiveIntegerField(default=0)


class Lesson(models.Model):
    """What a mailbox last said of a message, so that it is counted once and can be taken back."""

    mailbox_id = models.BigIntegerField()
    digest = models.CharField(max_length=64)
    """Of the message's bytes."""
    is_spam = models.BooleanField()
    change_id = models.BigIntegerField(default=0)
    """The line of the journal that said so; older ones say nothing any more."""
    at = models.BigIntegerField(db_index=True)  # forgotten by age

    class Meta:
        constraints = (models.UniqueConstraint(fields=["mailbox_id", "digest"], name="filtering_lesson_once"),)


class Progress(models.Model):
    """How far a reader of the journal got."""

    name = models.CharField(max_length=40, primary_key=True)
    change_id = models.BigIntegerField(default=0)
