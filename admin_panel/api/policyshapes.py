"""Policies, held mail, sessions and received reports over the wire. Checked for shape only."""

from datetime import UTC, datetime
from typing import Any

from rest_framework import serializers

from mailcore.filtering.policy.lists import ACTS

from .shapes import EntryShape


class LimitShape(serializers.Serializer[Any]):
    name = serializers.CharField()
    meaning = serializers.CharField()
    value = serializers.FloatField(help_text="What holds")
    set_by = serializers.CharField(help_text="default, server, a domain or an address")
    own = serializers.FloatField(allow_null=True, help_text="What this owner itself says")
    inherited = serializers.FloatField(help_text="What would hold if it said nothing")


class LimitPage(serializers.Serializer[Any]):
    results = LimitShape(many=True)


class LimitsPatch(serializers.Serializer[Any]):
    limits = serializers.DictField(
        child=serializers.FloatField(min_value=0, max_value=1e9, allow_null=True),
        allow_empty=False,
        help_text="By name; null goes back to the level above. All are set, or none.",
    )


class RuleShape(serializers.Serializer[Any]):
    pattern = serializers.CharField(source="rule.pattern")
    act = serializers.CharField(source="rule.act")
    note = serializers.CharField(source="rule.note")
    subject = serializers.CharField(source="rule.subject", help_text="peer or sender")
    set_by = serializers.CharField()
    is_own = serializers.BooleanField()
    is_winning = serializers.BooleanField(help_text="False where a nearer owner says something else of the same pattern")


class RulePage(serializers.Serializer[Any]):
    results = RuleShape(many=True)


class NewRule(serializers.Serializer[Any]):
    pattern = serializers.CharField(max_length=330)
    act = serializers.ChoiceField(choices=[str(act) for act in ACTS])
    note = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)


class SuspectShape(serializers.Serializer[Any]):
    login = serializers.CharField()
    reason = serializers.CharField()
    at = serializers.SerializerMethodField()

    def get_at(self, one: Any) -> datetime:
        return datetime.fromtimestamp(one.at, UTC)


class SuspectPage(serializers.Serializer[Any]):
    results = SuspectShape(many=True)


class HeldShape(serializers.Serializer[Any]):
    entry = EntryShape(source="row")
    subject = serializers.CharField()
    reason = serializers.CharField()


class HeldPage(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    results = HeldShape(many=True)


class OpenedShape(serializers.Serializer[Any]):
    entry = EntryShape(source="held.row")
    subject = serializers.CharField(source="held.subject")
    reason = serializers.CharField(source="held.reason")
    findings = serializers.ListField(child=serializers.CharField())
    head = serializers.CharField(help_text="The header section as it came")


class SessionShape(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    peer = serializers.CharField()
    created_at = serializers.DateTimeField()
    seen_at = serializers.DateTimeField()


class ReportShape(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    kind = serializers.CharField()
    domain = serializers.CharField()
    reporter = serializers.CharField()
    report_id = serializers.CharField()
    begins_at = serializers.IntegerField(help_text="Seconds since the epoch")
    ends_at = serializers.IntegerField()
    received_at = serializers.IntegerField()
    contact = serializers.CharField()
    policy = serializers.CharField()
    good = serializers.IntegerField()
    bad = serializers.IntegerField()


class ReportLine(serializers.Serializer[Any]):
    source = serializers.CharField()  # type: ignore[assignment]
    host = serializers.CharField()
    result = serializers.CharField()
    is_good = serializers.BooleanField()
    count = serializers.IntegerField()
    dkim = serializers.CharField()
    spf = serializers.CharField()
    note = serializers.CharField()


class ReportPage(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    results = ReportShape(many=True)


class FullReport(serializers.Serializer[Any]):
    report = ReportShape()
    lines = ReportLine(many=True)


class SummaryShape(serializers.Serializer[Any]):
    domain = serializers.CharField()
    kind = serializers.CharField()
    reports = serializers.IntegerField()
    good = serializers.IntegerField()
    bad = serializers.IntegerField()
    latest_at = serializers.IntegerField()


class SummaryPage(serializers.Serializer[Any]):
    results = SummaryShape(many=True)
