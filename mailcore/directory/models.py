"""The directory's tables. Constraints and indexes only; what may be done with them is in the sibling modules."""

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower


class Domain(models.Model):
    class SecondStepRule(models.TextChoices):
        SERVER = "server"
        """As the server has it."""
        REQUIRED = "required"
        OPTIONAL = "optional"

    name = models.CharField(max_length=255, unique=True)
    """Lower-case A-label."""
    shown_name = models.CharField(max_length=255)
    """The Unicode form, as people read it."""
    alias_of = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="alias_domains")
    catch_all = models.CharField(max_length=320, blank=True, default="")
    """Folded address that takes what no other address takes; "" for none."""
    is_active = models.BooleanField(default=True)
    default_quota_bytes = models.BigIntegerField(default=0)
    """Limit of mailboxes that have none of their own; 0 is none."""
    max_mailboxes = models.PositiveIntegerField(default=0)
    """0 is no limit."""
    second_step = models.CharField(max_length=8, choices=SecondStepRule.choices, default=SecondStepRule.SERVER)
    """Whether its people must have a second factor; see `second_factor`."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class User(AbstractBaseUser):
    class Role(models.TextChoices):
        ROOT = "root", "Administrator"
        DOMAIN_ADMIN = "domain_admin", "Domain administrator"
        USER = "user", "Person"

    login = models.CharField(max_length=320, unique=True)
    """Folded address for people, any name for administrators."""
    role = models.CharField(max_length=16, choices=Role.choices, default=Role.USER)
    shown_name = models.CharField(max_length=200, blank=True, default="")
    auth_version = models.PositiveIntegerField(default=1)
    """Grows with each change of password or standing; cached logins of an older version are void."""
    is_active = models.BooleanField(default=True)
    has_second_step = models.BooleanField(default=False)
    """Signing in to the pages takes a code as well, and mail programs need an app password."""
    domains = models.ManyToManyField(Domain, blank=True, related_name="administrators")
    """Domains a domain administrator looks after."""
    created_at = models.DateTimeField(auto_now_add=True)

    objects = BaseUserManager["User"]()

    USERNAME_FIELD = "login"

    class Meta:
        # a person looked for by how the name begins
        indexes = (models.Index(Lower("shown_name"), name="directory_user_shown_name"),)

    def __str__(self) -> str:
        return self.login


class Address(models.Model):
    class Kind(models.TextChoices):
        MAILBOX = "mailbox"
        ALIAS = "alias"
        LIST = "list"
        SYSTEM = "system"

    domain = models.ForeignKey(Domain, on_delete=models.CASCADE, related_name="addresses")
    local = models.CharField(max_length=128)
    """Folded, without quotes."""
    kind = models.CharField(max_length=8, choices=Kind.choices)
    is_enabled = models.BooleanField(default=True)

    class Meta:
        constraints = (
            # Serves resolve(): one address, one meaning.
            models.UniqueConstraint(fields=["domain", "local"], name="directory_address_unique"),
        )
        # a name looked for in all domains
        indexes = (models.Index(fields=["local"], name="directory_address_local"),)

    def __str__(self) -> str:
        return f"{self.local}@{self.domain.name}"


class Mailbox(models.Model):
    class State(models.TextChoices):
        ACTIVE = "active"
        RECEIVE_ONLY = "receive_only"
        """Takes mail and can be read; sends nothing."""
        SUSPENDED = "suspended"
        REMOVING = "removing"
        """Refuses mail and logins; removed for good at `remove_at`, until then it can be brought back."""

    address = models.OneToOneField(Address, on_delete=models.CASCADE, related_name="mailbox")
    user = models.OneToOneField(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="mailbox")
    quota_bytes = models.BigIntegerField(null=True, blank=True)
    """None takes the domain's default, 0 is no limit."""
    state = models.CharField(max_length=16, choices=State.choices, default=State.ACTIVE)
    remove_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = (
            # what is to be removed next; the few that are not active
            models.Index(fields=["state", "remove_at"], name="directory_mailbox_state", condition=~models.Q(state="active")),
        )

    def __str__(self) -> str:
        return str(self.address)


class AliasTarget(models.Model):
    alias = models.ForeignKey(Address, on_delete=models.CASCADE, related_name="targets")
    target = models.CharField(max_length=320)
    """Folded address, here or elsewhere."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=["alias", "target"], name="directory_aliastarget_unique"),)
        indexes = (
            # "Which aliases lead to this address?" before it is removed.
            models.Index(fields=["target"], name="directory_aliastarget_target"),
        )

    def __str__(self) -> str:
        return self.target


class AppPassword(models.Model):
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="app_passwords")
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)
    services = models.CharField(max_length=100)
    """Space-separated kernel.principal.Service values it opens."""
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class ScramKey(models.Model):
    """What SCRAM-SHA-256 needs of a password or app password; see `scram_keys`."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="scram_keys")
    app_password = models.ForeignKey(AppPassword, null=True, on_delete=models.CASCADE, related_name="scram_keys")
    for_password = models.CharField(max_length=128, blank=True, default="")
    """The hash of the password it was made with; another one, and it is void."""
    salt = models.CharField(max_length=44)
    sealed = models.TextField()

    def __str__(self) -> str:
        return f"key of {self.user_id}"


class ApiKey(models.Model):
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=100)
    hint = models.CharField(max_length=12)
    """The first characters, to tell keys apart."""
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.CharField(max_length=1_000)
    """Space-separated, e.g. `domains:read mailboxes:write`."""
    domains = models.ManyToManyField(Domain, blank=True, related_name="api_keys")
    """None listed: every domain its owner may reach."""
    is_limited = models.BooleanField(default=False)
    """True where the key was made for certain domains. Kept apart from `domains`, so that
    removing the last of them does not open all the others."""
    networks = models.CharField(max_length=400, blank=True)
    """Space-separated networks it may be used from; "" is any."""
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    """Written at most once a minute."""
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Replay(models.Model):
    """The answer to a request with an Idempotency-Key, for when it is sent again."""

    key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="replays")
    name = models.CharField(max_length=255)
    request_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.TextField()
    location = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(db_index=True)  # the purge

    class Meta:
        constraints = (models.UniqueConstraint(fields=["key", "name"], name="directory_replay_once"),)

    def __str__(self) -> str:
        return self.name


class SecondStep(models.Model):
    """What makes the codes of a telephone. It counts once `User.has_second_step` is set."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="second_step")
    sealed = models.TextField()
    """The shared secret, sealed with the installation's key."""
    last_used = models.BigIntegerField(default=0)
    """The time step of the last code taken: each is good once."""
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.user)


class RecoveryCode(models.Model):
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64, unique=True)

    def __str__(self) -> str:
        return str(self.user)


class Passkey(models.Model):
    """A key of Web Authentication; see `passkeys`."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="passkeys")
    name = models.CharField(max_length=100)
    rp_id = models.CharField(max_length=255)
    """The host it was made for; browsers offer it nowhere else."""
    credential_id = models.CharField(max_length=1400, unique=True)
    """base64url, of at most 1,023 octets."""
    public_key = models.BinaryField()
    """COSE."""
    sign_count = models.BigIntegerField(default=0)
    """0 where the key keeps no count."""
    is_synced = models.BooleanField(default=False)
    """Its maker keeps copies on other devices of its owner."""
    last_used_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class GuessBucket(models.Model):
    """Wrong guesses of one login, peer or network. Only failures write here."""

    key = models.CharField(max_length=120, unique=True)
    count = models.PositiveIntegerField(default=0)
    window_until = models.DateTimeField()

    class Meta:
        indexes = (
            # The purge of what has run out.
            models.Index(fields=["window_until"], name="directory_guessbucket_until"),
        )

    def __str__(self) -> str:
        return self.key
