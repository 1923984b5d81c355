"""Routes, transports and certificates over the wire. Checked for shape only."""

from datetime import UTC, datetime
from typing import Any

from rest_framework import serializers

from mailcore.certificates.orders import Shown
from mailcore.transports.models import Transport

_MOST_BYTES = 2**40
KINDS, TLS = Transport.Kind.values, Transport.Tls.values


class TransportShape(serializers.Serializer[Any]):
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=KINDS)
    host = serializers.CharField()
    port = serializers.IntegerField()
    tls = serializers.ChoiceField(choices=TLS)
    login = serializers.CharField()
    has_password = serializers.BooleanField()
    text = serializers.CharField(help_text="Of what is held or returned: its sender reads it")
    routes = serializers.IntegerField(help_text="How many lead here")


class TransportPage(serializers.Serializer[Any]):
    results = TransportShape(many=True)


class TransportPut(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=KINDS)
    host = serializers.CharField(max_length=255, required=False, default="", allow_blank=True)
    port = serializers.IntegerField(min_value=0, max_value=65_535, required=False, default=0, help_text="0 is the usual one")
    tls = serializers.ChoiceField(choices=TLS, required=False, default="may")
    login = serializers.CharField(max_length=320, required=False, default="", allow_blank=True)
    password = serializers.CharField(
        max_length=1_024, trim_whitespace=False, required=False, allow_null=True, default=None, write_only=True,
        help_text="null keeps the one of this login at this host",
    )  # fmt: skip
    text = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)


class RouteShape(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    position = serializers.IntegerField()
    sender = serializers.CharField()
    recipient = serializers.CharField()
    min_size = serializers.IntegerField()
    max_size = serializers.IntegerField()
    transport = serializers.CharField()
    kind = serializers.ChoiceField(choices=KINDS)
    note = serializers.CharField()


class RoutePage(serializers.Serializer[Any]):
    results = RouteShape(many=True)


class NewRoute(serializers.Serializer[Any]):
    transport = serializers.CharField(max_length=60)
    sender = serializers.CharField(max_length=320, required=False, default="", allow_blank=True, help_text="An empty one is everybody")
    recipient = serializers.CharField(max_length=320, required=False, default="", allow_blank=True)
    min_size = serializers.IntegerField(min_value=0, max_value=_MOST_BYTES, required=False, default=0, help_text="Bytes; 0 is any")
    max_size = serializers.IntegerField(min_value=0, max_value=_MOST_BYTES, required=False, default=0)
    position = serializers.IntegerField(min_value=0, max_value=100_000, required=False, default=0, help_text="From 1; 0 is last")
    note = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)


class MoveRoute(serializers.Serializer[Any]):
    to = serializers.IntegerField(min_value=1, max_value=100_000, help_text="A position from 1; beyond the end is the end")


class TryRoute(serializers.Serializer[Any]):
    route = NewRoute()
    sender = serializers.CharField(max_length=320, required=False, default="", allow_blank=True)
    recipient = serializers.CharField(max_length=320)
    size = serializers.IntegerField(min_value=0, max_value=_MOST_BYTES, required=False, default=0)


class TrialShape(serializers.Serializer[Any]):
    holds = serializers.BooleanField(help_text="Whether its conditions hold for the message")
    decides = serializers.BooleanField(help_text="Whether it, and no earlier one, decides")
    earlier = serializers.CharField(help_text="The route that decides before it, in words")


class RelayShape(serializers.Serializer[Any]):
    domain = serializers.CharField(source="name")
    note = serializers.CharField()


class RelayPage(serializers.Serializer[Any]):
    results = RelayShape(many=True)


class RelayPut(serializers.Serializer[Any]):
    note = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)


class SuppressionShape(serializers.Serializer[Any]):
    address = serializers.CharField(source="name")
    reason = serializers.CharField(source="note")


class SuppressionPage(serializers.Serializer[Any]):
    results = SuppressionShape(many=True)


class SuppressionPut(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=200, help_text="Whoever writes to it reads this")


class CertificateShape(serializers.Serializer[Any]):
    name = serializers.CharField()
    names = serializers.ListField(child=serializers.CharField())
    source = serializers.CharField(help_text="acme or given")  # type: ignore[assignment]
    is_obtained = serializers.BooleanField()
    not_after = serializers.SerializerMethodField()
    failures = serializers.IntegerField()
    last_text = serializers.CharField(help_text="Why it could not be obtained the last time")

    def get_not_after(self, one: Shown) -> datetime | None:
        return datetime.fromtimestamp(one.not_after, UTC) if one.is_obtained else None


class CertificatePage(serializers.Serializer[Any]):
    results = CertificateShape(many=True)


class OrderCertificate(serializers.Serializer[Any]):
    names = serializers.ListField(child=serializers.CharField(max_length=255), min_length=1, max_length=100)
    agrees = serializers.BooleanField(required=False, default=False, help_text="To the terms of the server that issues it")


class GiveCertificate(serializers.Serializer[Any]):
    chain = serializers.CharField(max_length=1_000_000, help_text="PEM, the server's own first")
    key = serializers.CharField(max_length=100_000, write_only=True, help_text="PEM, without a password")
