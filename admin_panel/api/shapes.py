"""What goes over the wire. Checked for shape only; meaning is checked by the core."""

from typing import Any

from rest_framework import serializers

from mailcore.directory.models import Address, Domain, Mailbox

_MOST = 2**62 - 1


class DomainShape(serializers.ModelSerializer[Domain]):
    alias_of = serializers.CharField(source="alias_of.name", default=None, read_only=True)

    class Meta:
        model = Domain
        fields = ("id", "name", "shown_name", "alias_of", "catch_all", "is_active", "default_quota_bytes", "max_mailboxes", "created_at")
        read_only_fields = fields


class NewDomain(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=255)
    alias_of = serializers.CharField(max_length=255, required=False, default="", allow_blank=True)
    catch_all = serializers.CharField(max_length=320, required=False, default="", allow_blank=True)
    default_quota_bytes = serializers.IntegerField(required=False, default=0, min_value=0, max_value=_MOST)
    max_mailboxes = serializers.IntegerField(required=False, default=0, min_value=0, max_value=2**31 - 1)


class DomainPatch(serializers.Serializer[Any]):
    catch_all = serializers.CharField(max_length=320, required=False, allow_blank=True)
    default_quota_bytes = serializers.IntegerField(required=False, min_value=0, max_value=_MOST)
    max_mailboxes = serializers.IntegerField(required=False, min_value=0, max_value=2**31 - 1)
    is_active = serializers.BooleanField(required=False)


class MailboxShape(serializers.ModelSerializer[Mailbox]):
    address = serializers.CharField(read_only=True)
    shown_name = serializers.CharField(source="user.shown_name", default="", read_only=True)

    class Meta:
        model = Mailbox
        fields = ("id", "address", "shown_name", "state", "quota_bytes", "created_at")
        read_only_fields = fields


class NewMailbox(serializers.Serializer[Any]):
    address = serializers.CharField(max_length=330)
    password = serializers.CharField(
        max_length=1_024, trim_whitespace=False, required=False, default=None, allow_null=True, write_only=True
    )
    quota_bytes = serializers.IntegerField(required=False, default=None, allow_null=True, min_value=0, max_value=_MOST)
    shown_name = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)


class MailboxPatch(serializers.Serializer[Any]):
    password = serializers.CharField(max_length=1_024, trim_whitespace=False, required=False, write_only=True)
    quota_bytes = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=_MOST)
    shown_name = serializers.CharField(max_length=200, required=False, allow_blank=True)
    state = serializers.ChoiceField(choices=Mailbox.State.choices, required=False)


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
