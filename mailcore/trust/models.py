"""Keys, policies of others, and the reports they send. Times are whole seconds since the epoch, UTC."""

from django.db import models


class DkimKey(models.Model):
    class State(models.TextChoices):
        PENDING = "pending"
        """Made, and not yet seen in the DNS: signing with it would prove nothing."""
        ACTIVE = "active"
        RETIRING = "retiring"
        """No longer signs; its record must stay while mail signed with it is under way."""

    domain = models.ForeignKey("directory.Domain", on_delete=models.CASCADE, related_name="dkim_keys")
    selector = models.CharField(max_length=63)
    algorithm = models.CharField(max_length=10)
    """rsa or ed25519."""
    secret = models.BinaryField()
    """The private key, sealed with the installation's key."""
    public = models.TextField()
    """What p= of the key record holds."""
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    created_at = models.BigIntegerField()
    changed_at = models.BigIntegerField()
    """When it came into its state."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=["domain", "selector"], name="trust_dkimkey_selector"),)

    def __str__(self) -> str:
        return f"{self.selector}._domainkey.{self.domain}"


class StsPolicy(models.Model):
    """The MTA-STS policy of a domain we write to, as long as it holds (RFC 8461 §3.3: a policy outlives a failed fetch)."""

    domain = models.CharField(max_length=255, primary_key=True)
    record_id = models.CharField(max_length=32)
    """id= of the TXT record it was fetched for."""
    mode = models.CharField(max_length=8)
    hosts = models.TextField()
    """mx patterns, one a line."""
    fetched_at = models.BigIntegerField()
    expires_at = models.BigIntegerField(db_index=True)  # purge

    def __str__(self) -> str:
        return self.domain


class TlsRule(models.Model):
    """What the operator demands of the way to a domain, whatever it publishes."""

    class Mode(models.TextChoices):
        NEVER = "never", "never TLS"
        IF_OFFERED = "may", "TLS where it is offered"
        REQUIRED = "encrypt", "TLS, with any certificate"
        VERIFIED = "verify", "TLS, with a certificate that is vouched for"

    domain = models.CharField(max_length=255, primary_key=True)
    """Folded; `.example.org` is every domain below it."""
    mode = models.CharField(max_length=8, choices=Mode.choices)
    note = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.domain} {self.mode}"


class TlsOutcome(models.Model):
    """How sessions to a domain ended on one day, counted; a report to it is made of these (RFC 8460 §4)."""

    day = models.DateField()
    domain = models.CharField(max_length=255)
    policy = models.CharField(max_length=16)
    """sts, tlsa or no-policy-found."""
    result = models.CharField(max_length=40)
    """"" is success, else a result type of RFC 8460 §4.3."""
    host = models.CharField(max_length=255, blank=True)
    address = models.CharField(max_length=45, blank=True)
    count = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["day", "domain", "policy", "result", "host", "address"], name="trust_tlsoutcome_once"),
        )

    def __str__(self) -> str:
        return f"{self.day} {self.domain} {self.result or 'success'} {self.count}"


class DmarcOutcome(models.Model):
    """What came in a domain's name on one day, counted; a report to it is made of these (RFC 7489 §7.2)."""

    day = models.DateField()
    author = models.CharField(max_length=255)
    policy_domain = models.CharField(max_length=255)
    source = models.CharField(max_length=45)
    disposition = models.CharField(max_length=10)
    dkim_aligned = models.BooleanField()
    spf_aligned = models.BooleanField()
    spf_domain = models.CharField(max_length=255, blank=True)
    spf_result = models.CharField(max_length=10, blank=True)
    dkim = models.CharField(max_length=600, blank=True)
    """`domain selector result` of each signature, parted by commas."""
    override = models.CharField(max_length=20, blank=True)
    digest = models.CharField(max_length=32)
    """Of all of the above: rows that are the same are one, counted."""
    count = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["day", "digest"], name="trust_dmarcoutcome_once"),)
        indexes = (models.Index(fields=["policy_domain", "day"], name="trust_dmarcoutcome_domain"),)  # one domain's report

    def __str__(self) -> str:
        return f"{self.day} {self.author} {self.source} {self.count}"


class ReceivedReport(models.Model):
    """A report another host sent about mail in the name of a domain here, or about sessions to it."""

    class Kind(models.TextChoices):
        DMARC = "dmarc"
        TLS = "tls"

    kind = models.CharField(max_length=5, choices=Kind.choices)
    domain = models.CharField(max_length=255)
    reporter = models.CharField(max_length=255)
    report_id = models.CharField(max_length=255)
    begins_at = models.BigIntegerField()
    ends_at = models.BigIntegerField()
    received_at = models.BigIntegerField()
    contact = models.CharField(max_length=320, blank=True)
    policy = models.CharField(max_length=200, blank=True)
    """As the reporter saw it published."""
    good = models.PositiveBigIntegerField(default=0)
    """Messages that passed, sessions that succeeded."""
    bad = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["kind", "domain", "reporter", "report_id"], name="trust_receivedreport_once"),)
        indexes = (models.Index(fields=["domain", "ends_at"], name="trust_receivedreport_domain"),)  # a domain's reports, newest first

    def __str__(self) -> str:
        return f"{self.kind} {self.domain} {self.reporter} {self.report_id}"


class ReportedRow(models.Model):
    """One line of a report."""

    report = models.ForeignKey(ReceivedReport, on_delete=models.CASCADE, related_name="rows")
    source = models.CharField(max_length=255, blank=True)
    """DMARC: the IP address mail came from. TLS: the IP address of the sending host."""
    host = models.CharField(max_length=255, blank=True)
    """DMARC: the author's domain. TLS: the mail host of ours."""
    result = models.CharField(max_length=60)
    """DMARC: the disposition. TLS: the result type."""
    dkim = models.CharField(max_length=300, blank=True)
    spf = models.CharField(max_length=300, blank=True)
    is_good = models.BooleanField(default=False)
    note = models.CharField(max_length=400, blank=True)
    count = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.source} {self.result} {self.count}"
