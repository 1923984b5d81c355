"""Shapes of /api/v1/archive. Times are of ISO 8601."""

from datetime import UTC, datetime
from typing import Any

from rest_framework import serializers


class Moment(serializers.DateTimeField):
    """Whole seconds since the epoch, shown as a time."""

    def to_representation(self, value: Any) -> Any:
        return None if value is None else super().to_representation(datetime.fromtimestamp(value, UTC))


class RemovedShape(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    folder = serializers.CharField()
    removed_at = Moment(source="at")
    kept_until = Moment(source="until")
    subject = serializers.CharField()
    sender = serializers.CharField()
    size = serializers.IntegerField()
    still_in = serializers.CharField()


class RemovedPage(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    results = RemovedShape(many=True)


class RestoreAsk(serializers.Serializer[Any]):
    address = serializers.CharField(max_length=330)
    ids = serializers.ListField(child=serializers.IntegerField(min_value=1), max_length=500, required=False, default=list)
    search = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    folder = serializers.CharField(max_length=1000, required=False, default="", allow_blank=True)


class RestoreAnswer(serializers.Serializer[Any]):
    restored = serializers.IntegerField()


class RecordShape(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    domain = serializers.CharField()
    seq = serializers.IntegerField()
    at = Moment()
    trace_id = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    peer = serializers.CharField()
    sender = serializers.CharField()
    recipients = serializers.SerializerMethodField()
    message_id = serializers.CharField()
    subject = serializers.CharField()
    size = serializers.IntegerField()
    digest = serializers.SerializerMethodField()
    sha256 = serializers.SerializerMethodField()

    def get_recipients(self, row: Any) -> list[str]:
        return list(row.recipients.split("\n"))

    def get_digest(self, row: Any) -> str:
        return bytes(row.digest).hex()

    def get_sha256(self, row: Any) -> str:
        return bytes(row.blob_digest).hex()


class RecordPage(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    results = RecordShape(many=True)


class VerifiedShape(serializers.Serializer[Any]):
    domain = serializers.CharField()
    first = serializers.IntegerField()
    last = serializers.IntegerField()
    head = serializers.CharField()
    faults = serializers.ListField(child=serializers.CharField())


class VerifiedPage(serializers.Serializer[Any]):
    results = VerifiedShape(many=True)


class HoldAsk(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=200)
    scope = serializers.CharField(max_length=330, required=False, default="", allow_blank=True)
    reason = serializers.CharField(max_length=1000, required=False, default="", allow_blank=True)
    who = serializers.CharField(max_length=330, required=False, default="", allow_blank=True)
    words = serializers.CharField(max_length=400, required=False, default="", allow_blank=True)
    since = serializers.DateTimeField(required=False, allow_null=True, default=None)
    until = serializers.DateTimeField(required=False, allow_null=True, default=None)


class HoldShape(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    reason = serializers.CharField()
    address = serializers.CharField()
    domain = serializers.CharField()
    who = serializers.CharField()
    words = serializers.CharField()
    since = Moment(allow_null=True)
    until = Moment(allow_null=True)
    placed_at = Moment()
    placed_by = serializers.CharField()
    released_at = Moment(allow_null=True)
    released_by = serializers.CharField()


class HoldPage(serializers.Serializer[Any]):
    results = HoldShape(many=True)


class PeriodAsk(serializers.Serializer[Any]):
    owner = serializers.CharField(max_length=330, allow_blank=True)
    """An address, a domain, or "" for the server."""
    name = serializers.CharField(max_length=40)
    value = serializers.IntegerField(min_value=0, max_value=36_500, allow_null=True)
    """null takes back what was set there."""


class PeriodShape(serializers.Serializer[Any]):
    name = serializers.CharField()
    value = serializers.IntegerField()
    set_by = serializers.CharField()


class PeriodPage(serializers.Serializer[Any]):
    results = PeriodShape(many=True)


class RewindAsk(serializers.Serializer[Any]):
    address = serializers.CharField(max_length=330)
    moment = serializers.DateTimeField()
    folder = serializers.CharField(max_length=1000, required=False, default="", allow_blank=True)
    apply = serializers.BooleanField(required=False, default=False)
    drop_new = serializers.BooleanField(required=False, default=False)


class RewindShape(serializers.Serializer[Any]):
    rewind_id = serializers.IntegerField(allow_null=True)
    """null where nothing was done yet."""
    restored = serializers.IntegerField()
    moved = serializers.IntegerField()
    reflagged = serializers.IntegerField()
    new = serializers.IntegerField()
    lost = serializers.IntegerField()


class UndoAsk(serializers.Serializer[Any]):
    address = serializers.CharField(max_length=330)
    rewind_id = serializers.IntegerField(min_value=1)
