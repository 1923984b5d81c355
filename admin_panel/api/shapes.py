"""What goes over the wire. Checked for shape only; meaning is checked by the core."""

import time
from datetime import UTC, datetime
from typing import Any

from rest_framework import serializers

from admin_panel.waiting import ACTIONS, MOST
from mailcore.audit.models import Event
from mailcore.directory import keys, second_factor
from mailcore.directory.models import Address, ApiKey, AppPassword, Domain, Mailbox, User
from mailcore.queue.entries import STATES
from mailcore.webhooks.models import Delivery, Endpoint

_MOST = 2**62 - 1
_SECOND_STEP = Domain.SecondStepRule.values
_HASH = "argon2id as $argon2id$v=19$… or {ARGON2ID}$argon2id$…, in place of a password"
SET_STATES = ("active", "receive_only", "suspended")
ROLES = ("root", "domain_admin")


class DomainShape(serializers.ModelSerializer[Domain]):
    alias_of = serializers.CharField(source="alias_of.name", default=None, read_only=True)
    second_step = serializers.ChoiceField(
        _SECOND_STEP, read_only=True, help_text="What the domain itself says; server leaves it to the server"
    )
    second_step_required = serializers.SerializerMethodField(help_text="What holds for its people")

    def get_second_step_required(self, domain: Domain) -> bool:
        return second_factor.find_rule(domain).is_required

    class Meta:
        model = Domain
        fields = (
            "id", "name", "shown_name", "alias_of", "catch_all", "is_active", "default_quota_bytes", "max_mailboxes",
            "second_step", "second_step_required", "created_at",
        )  # fmt: skip
        read_only_fields = fields


class NewDomain(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=255)
    alias_of = serializers.CharField(max_length=255, required=False, default="", allow_blank=True)
    catch_all = serializers.CharField(max_length=320, required=False, default="", allow_blank=True)
    default_quota_bytes = serializers.IntegerField(required=False, default=0, min_value=0, max_value=_MOST)
    max_mailboxes = serializers.IntegerField(required=False, default=0, min_value=0, max_value=2**31 - 1)
    second_step = serializers.ChoiceField(_SECOND_STEP, required=False, default="server")


class DomainPatch(serializers.Serializer[Any]):
    catch_all = serializers.CharField(max_length=320, required=False, allow_blank=True)
    default_quota_bytes = serializers.IntegerField(required=False, min_value=0, max_value=_MOST)
    max_mailboxes = serializers.IntegerField(required=False, min_value=0, max_value=2**31 - 1)
    is_active = serializers.BooleanField(required=False)
    second_step = serializers.ChoiceField(_SECOND_STEP, required=False)


class DomainPut(serializers.Serializer[Any]):
    """The whole state; what is left out takes its default. `alias_of` counts only where the domain is made."""

    alias_of = serializers.CharField(max_length=255, required=False, default="", allow_blank=True)
    catch_all = serializers.CharField(max_length=320, required=False, default="", allow_blank=True)
    default_quota_bytes = serializers.IntegerField(required=False, default=0, min_value=0, max_value=_MOST)
    max_mailboxes = serializers.IntegerField(required=False, default=0, min_value=0, max_value=2**31 - 1)
    is_active = serializers.BooleanField(required=False, default=True)
    second_step = serializers.ChoiceField(_SECOND_STEP, required=False, default="server")


class DnsRowShape(serializers.Serializer[Any]):
    name = serializers.CharField()
    type = serializers.CharField()
    wanted = serializers.CharField()
    purpose = serializers.CharField()
    is_needed = serializers.BooleanField()
    found = serializers.ListField(child=serializers.CharField())
    state = serializers.CharField(help_text="ok, missing, differs, or unknown")
    why = serializers.CharField()
    line = serializers.CharField(read_only=True, default="", help_text="As a line of a zone file")


class DkimKeyShape(serializers.Serializer[Any]):
    selector = serializers.CharField()
    algorithm = serializers.CharField()
    state = serializers.CharField(help_text="pending, active or retiring")
    name = serializers.CharField()
    record = serializers.CharField()


class MailboxShape(serializers.ModelSerializer[Mailbox]):
    address = serializers.CharField(read_only=True)
    shown_name = serializers.CharField(source="user.shown_name", default="", read_only=True)

    class Meta:
        model = Mailbox
        fields = ("id", "address", "shown_name", "state", "remove_at", "quota_bytes", "created_at")
        read_only_fields = fields


class NewMailbox(serializers.Serializer[Any]):
    address = serializers.CharField(max_length=330)
    password = serializers.CharField(
        max_length=1_024, trim_whitespace=False, required=False, default=None, allow_null=True, write_only=True
    )
    quota_bytes = serializers.IntegerField(required=False, default=None, allow_null=True, min_value=0, max_value=_MOST)
    password_hash = serializers.CharField(max_length=400, required=False, default="", allow_blank=True, write_only=True, help_text=_HASH)
    shown_name = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)


class MailboxPatch(serializers.Serializer[Any]):
    password = serializers.CharField(max_length=1_024, trim_whitespace=False, required=False, write_only=True)
    quota_bytes = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=_MOST)
    shown_name = serializers.CharField(max_length=200, required=False, allow_blank=True)
    password_hash = serializers.CharField(max_length=400, required=False, write_only=True, help_text=_HASH)
    state = serializers.ChoiceField(choices=SET_STATES, required=False)


class MailboxPut(serializers.Serializer[Any]):
    """The whole state; what is left out takes its default, but a password that is left out stays."""

    password = serializers.CharField(max_length=1_024, trim_whitespace=False, required=False, write_only=True)
    password_hash = serializers.CharField(max_length=400, required=False, write_only=True, help_text=_HASH)
    quota_bytes = serializers.IntegerField(required=False, default=None, allow_null=True, min_value=0, max_value=_MOST)
    shown_name = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    state = serializers.ChoiceField(choices=SET_STATES, required=False, default="active")


class Rename(serializers.Serializer[Any]):
    address = serializers.CharField(max_length=330)
    keep_old = serializers.BooleanField(required=False, default=True)


class AliasShape(serializers.ModelSerializer[Address]):
    address = serializers.CharField(source="*", read_only=True)
    targets = serializers.SlugRelatedField(many=True, slug_field="target", read_only=True)  # type: ignore[var-annotated]

    class Meta:
        model = Address
        fields = ("id", "address", "targets", "is_enabled")
        read_only_fields = fields


class NewAlias(serializers.Serializer[Any]):
    address = serializers.CharField(max_length=330)
    targets = serializers.ListField(child=serializers.CharField(max_length=330), min_length=1)


class AliasPatch(serializers.Serializer[Any]):
    targets = serializers.ListField(child=serializers.CharField(max_length=330), min_length=1, required=False)
    is_enabled = serializers.BooleanField(required=False)


class AliasPut(serializers.Serializer[Any]):
    targets = serializers.ListField(child=serializers.CharField(max_length=330), min_length=1)
    is_enabled = serializers.BooleanField(required=False, default=True)


class AppPasswordShape(serializers.ModelSerializer[AppPassword]):
    services = serializers.SerializerMethodField()

    class Meta:
        model = AppPassword
        fields = ("id", "name", "services", "created_at")
        read_only_fields = fields

    def get_services(self, row: AppPassword) -> list[str]:
        return row.services.split()


class AppPasswordMade(AppPasswordShape):
    secret = serializers.CharField(allow_null=True, help_text="Seen this once; null in a replay")

    class Meta(AppPasswordShape.Meta):
        fields = (*AppPasswordShape.Meta.fields, "secret")  # type: ignore[assignment]


class NewAppPassword(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=100)
    services = serializers.ListField(child=serializers.ChoiceField(choices=("smtp", "imap", "pop3", "sieve")), min_length=1)


class AdministratorShape(serializers.ModelSerializer[User]):
    domains = serializers.SlugRelatedField(many=True, slug_field="name", read_only=True)  # type: ignore[var-annotated]

    class Meta:
        model = User
        fields = ("login", "role", "shown_name", "domains", "is_active", "created_at")
        read_only_fields = fields


class NewAdministrator(serializers.Serializer[Any]):
    login = serializers.CharField(max_length=320)
    password = serializers.CharField(max_length=1_024, trim_whitespace=False, write_only=True)
    shown_name = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)


class AdministratorPut(serializers.Serializer[Any]):
    role = serializers.ChoiceField(choices=ROLES)
    domains = serializers.ListField(child=serializers.CharField(max_length=255), required=False, default=list)


class KeyShape(serializers.ModelSerializer[ApiKey]):
    owner = serializers.CharField(source="owner.login", read_only=True)
    scopes = serializers.SerializerMethodField()
    domains = serializers.SerializerMethodField(help_text="null: all its owner reaches")
    networks = serializers.SerializerMethodField()

    class Meta:
        model = ApiKey
        fields = ("id", "name", "hint", "owner", "scopes", "domains", "networks", "expires_at", "last_used_at", "created_at")
        read_only_fields = fields

    def get_scopes(self, row: ApiKey) -> list[str]:
        return row.scopes.split()

    def get_domains(self, row: ApiKey) -> list[str] | None:
        return sorted(domain.name for domain in row.domains.all()) if row.is_limited else None

    def get_networks(self, row: ApiKey) -> list[str]:
        return row.networks.split()


class KeyMade(KeyShape):
    key = serializers.CharField()

    class Meta(KeyShape.Meta):
        fields = (*KeyShape.Meta.fields, "key")  # type: ignore[assignment]


class NewKey(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=100)
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=keys.SCOPES), min_length=1)
    domains = serializers.ListField(child=serializers.CharField(max_length=255), required=False, default=None, allow_null=True)
    networks = serializers.ListField(child=serializers.CharField(max_length=50), required=False, default=list)
    expires_at = serializers.DateTimeField(required=False, default=None, allow_null=True)


class WebhookShape(serializers.ModelSerializer[Endpoint]):
    kinds = serializers.SerializerMethodField()
    domains = serializers.SerializerMethodField(help_text="null: every domain, and the server")
    paused_until = serializers.SerializerMethodField()

    class Meta:
        model = Endpoint
        fields = ("id", "url", "kinds", "domains", "is_enabled", "fail_streak", "paused_until", "last_text")
        read_only_fields = fields

    def get_kinds(self, row: Endpoint) -> list[str]:
        return row.kinds.split()

    def get_domains(self, row: Endpoint) -> list[str] | None:
        return row.domains.split() or None

    def get_paused_until(self, row: Endpoint) -> datetime | None:
        return datetime.fromtimestamp(row.paused_until, UTC) if row.paused_until > time.time() else None


class WebhookMade(WebhookShape):
    secret = serializers.CharField(allow_null=True, help_text="Seen this once; null in a replay")

    class Meta(WebhookShape.Meta):
        fields = (*WebhookShape.Meta.fields, "secret")  # type: ignore[assignment]


class NewWebhook(serializers.Serializer[Any]):
    url = serializers.CharField(max_length=500)
    kinds = serializers.ListField(child=serializers.CharField(max_length=40), min_length=1)


class WebhookPatch(serializers.Serializer[Any]):
    url = serializers.CharField(max_length=500, required=False)
    kinds = serializers.ListField(child=serializers.CharField(max_length=40), min_length=1, required=False)
    is_enabled = serializers.BooleanField(required=False)


class SecretShape(serializers.Serializer[Any]):
    secret = serializers.CharField()


class DeliveryShape(serializers.ModelSerializer[Delivery]):
    created_at = serializers.SerializerMethodField()

    class Meta:
        model = Delivery
        fields = ("id", "event_id", "kind", "state", "attempts", "last_status", "last_text", "created_at")
        read_only_fields = fields

    def get_created_at(self, row: Delivery) -> datetime:
        return datetime.fromtimestamp(row.created_at, UTC)


class DeliveryPage(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    results = DeliveryShape(many=True)


class AuditShape(serializers.ModelSerializer[Event]):
    class Meta:
        model = Event
        fields = ("id", "at", "action", "object_id", "object_name", "domain", "actor", "via", "peer", "request_id", "before", "after")
        read_only_fields = fields


class AuditPage(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    results = AuditShape(many=True)


class EventShape(AuditShape):
    """One thing that was done."""


class EventPage(serializers.Serializer[Any]):
    last = serializers.IntegerField(help_text="To be sent as Last-Event-ID the next time")
    results = EventShape(many=True)


class RehearsedStep(serializers.Serializer[Any]):
    address = serializers.CharField()
    what = serializers.CharField()
    text = serializers.CharField()


class RehearsalShape(serializers.Serializer[Any]):
    verdict = serializers.CharField()
    steps = RehearsedStep(many=True)


class MeShape(serializers.Serializer[Any]):
    name = serializers.CharField()
    is_root = serializers.BooleanField()
    domains = serializers.ListField(child=serializers.CharField(), allow_null=True)
    scopes = serializers.ListField(child=serializers.CharField())


class BulkAsk(serializers.Serializer[Any]):
    action = serializers.ChoiceField(choices=ACTIONS)
    trace_ids = serializers.ListField(child=serializers.CharField(max_length=32), required=False, default=list, max_length=MOST)
    state = serializers.ChoiceField(choices=STATES, required=False, default="active")
    search = serializers.CharField(max_length=330, required=False, default="", allow_blank=True)

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if not values["trace_ids"] and not values["search"]:
            raise serializers.ValidationError("Name messages, or a search: not everything that waits by mistake.", "required")
        return values


class BulkFailure(serializers.Serializer[Any]):
    trace_id = serializers.CharField()
    detail = serializers.CharField()


class BulkAnswer(serializers.Serializer[Any]):
    done = serializers.IntegerField()
    failed = BulkFailure(many=True)


class DestinationShape(serializers.Serializer[Any]):
    domain = serializers.CharField()
    recipients = serializers.IntegerField()
    tried = serializers.IntegerField()
    oldest = serializers.DateTimeField()
    next_attempt_at = serializers.DateTimeField()
    backoff_until = serializers.DateTimeField(allow_null=True)
    concurrency = serializers.IntegerField()
    last_text = serializers.CharField()


class DestinationPage(serializers.Serializer[Any]):
    results = DestinationShape(many=True)


class Operation(serializers.Serializer[Any]):
    method = serializers.ChoiceField(choices=("GET", "POST", "PUT", "PATCH", "DELETE"))
    path = serializers.CharField(max_length=1_000, help_text="Below /api/v1/, such as mailboxes/by-address/ann@example.org")
    body = serializers.JSONField(required=False, default=None, allow_null=True)
    if_match = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)


class BatchAsk(serializers.Serializer[Any]):
    atomic = serializers.BooleanField(required=False, default=False)
    operations = Operation(many=True, min_length=1, max_length=100)  # type: ignore[call-arg]


class OperationAnswer(serializers.Serializer[Any]):
    status = serializers.IntegerField()
    headers = serializers.DictField(child=serializers.CharField())
    body = serializers.JSONField(allow_null=True)


class BatchAnswer(serializers.Serializer[Any]):
    failed = serializers.IntegerField()
    results = OperationAnswer(many=True)


class ImportAsk(serializers.Serializer[Any]):
    csv = serializers.CharField(
        max_length=4_000_000, trim_whitespace=False, help_text="address, name, quota, password; a heading may name them"
    )
    dry_run = serializers.BooleanField(required=False, default=False)


class ImportLine(serializers.Serializer[Any]):
    line = serializers.IntegerField()
    address = serializers.CharField()
    outcome = serializers.CharField()
    detail = serializers.CharField()


class ImportReport(serializers.Serializer[Any]):
    made = serializers.IntegerField()
    there = serializers.IntegerField()
    failed = serializers.IntegerField()
    lines = ImportLine(many=True)


class RecipientShape(serializers.Serializer[Any]):
    address = serializers.CharField()
    state = serializers.CharField()
    attempts = serializers.IntegerField()
    next_attempt_at = serializers.DateTimeField(allow_null=True)
    last_code = serializers.IntegerField()
    last_text = serializers.CharField()
    destination = serializers.CharField()


class EntryShape(serializers.Serializer[Any]):
    trace_id = serializers.CharField()
    sender = serializers.CharField()
    message_id = serializers.CharField()
    size = serializers.IntegerField()
    source = serializers.CharField()  # type: ignore[assignment]
    received_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    is_held = serializers.BooleanField()
    recipients = RecipientShape(many=True)


class EntryPage(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    results = EntryShape(many=True)


class StepShape(serializers.Serializer[Any]):
    at = serializers.DateTimeField(source="when")
    stage = serializers.CharField()
    verdict = serializers.CharField()
    code = serializers.IntegerField()
    text = serializers.CharField()
    address = serializers.CharField()


class JourneyShape(serializers.Serializer[Any]):
    trace_id = serializers.CharField()
    message_id = serializers.CharField()
    steps = StepShape(many=True)


class JourneyPage(serializers.Serializer[Any]):
    results = JourneyShape(many=True)
