"""/api/v1/fetch-accounts and /api/v1/migrations: mail from other servers"""

from dataclasses import replace
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from mailcore.directory import access, mailboxes
from mailcore.directory.models import Mailbox
from mailcore.kernel.errors import NotFound
from mailcore.retrieval import accounts, envelopes, transfers
from mailcore.retrieval.models import Account, Security, Transfer, TransferFolder

from .authentication import actor_of
from .base import Resource, read, read_id
from .parameters import IDEMPOTENT
from .replaying import once

_AT = "Seconds since the epoch, 0 is never"


class FetchAccountShape(serializers.ModelSerializer[Account]):
    address = serializers.CharField(source="mailbox.address", read_only=True)
    next_run_at = serializers.IntegerField(help_text=_AT)
    last_run_at = serializers.IntegerField(help_text=_AT)

    class Meta:
        model = Account
        fields = (
            "id", "address", "protocol", "host", "port", "security", "login", "remote_folder", "target", "keep", "keep_days", "interval",
            "envelope_header", "domain", "pause", "fault", "last_text", "next_run_at", "last_run_at", "last_ok_at", "last_count", "total",
        )  # fmt: skip
        read_only_fields = fields


class FetchAccountPatch(serializers.Serializer[Any]):
    protocol = serializers.ChoiceField(choices=Account.Protocol.values, required=False)
    host = serializers.CharField(max_length=255, required=False)
    port = serializers.IntegerField(min_value=1, max_value=65_535, required=False, help_text="Without it, the usual one")
    security = serializers.ChoiceField(choices=Security.values, required=False)
    login = serializers.CharField(max_length=255, required=False)
    secret = serializers.CharField(max_length=255, required=False, write_only=True, trim_whitespace=False)
    remote_folder = serializers.CharField(max_length=255, required=False)
    target = serializers.CharField(max_length=1_000, required=False, allow_blank=True, help_text="Empty: through the filters")
    keep = serializers.ChoiceField(choices=Account.Keep.values, required=False)
    keep_days = serializers.IntegerField(min_value=0, max_value=3_650, required=False)
    interval = serializers.IntegerField(
        min_value=accounts.SHORTEST_INTERVAL, max_value=accounts.LONGEST_INTERVAL, required=False, help_text="Seconds"
    )


class NewFetchAccount(FetchAccountPatch):
    address = serializers.CharField(max_length=330, help_text="The mailbox here")
    protocol = serializers.ChoiceField(choices=Account.Protocol.values)
    host = serializers.CharField(max_length=255)
    login = serializers.CharField(max_length=255)
    secret = serializers.CharField(max_length=255, write_only=True, trim_whitespace=False)
    envelope_header = serializers.ChoiceField(
        choices=(envelopes.AUTO, *envelopes.HEADERS), required=False, help_text="Collects for a whole domain, by this header"
    )
    domain = serializers.CharField(max_length=255, required=False)


class FetchAccounts(Resource):
    area = "mailboxes"
    queryset = Account.objects.none()
    serializer_class = FetchAccountShape

    @extend_schema(parameters=[OpenApiParameter("address", str)])
    def list(self, request: Request) -> Response:
        found = self._reach(request)
        if address := request.query_params.get("address"):
            found = found.filter(mailbox=_mailbox(request, address))
        return self.page(found)

    def retrieve(self, request: Request, pk: str) -> Response:
        return self.shown(self._get(request, pk))

    @extend_schema(request=NewFetchAccount, responses={201: FetchAccountShape}, parameters=[IDEMPOTENT])
    def create(self, request: Request) -> Response:
        """Collect from an account; the first run is due at once."""
        values = read(NewFetchAccount, request)
        mailbox = _mailbox(request, values.pop("address"), to_change=True)
        if domain := values.get("domain"):
            access.require_domain(actor_of(request), name=domain.lower())

        def make() -> Response:
            account = accounts.create(mailbox_id=mailbox.pk, wanted=accounts.Wanted(**values))
            return self.shown(account, status=201, location=reverse("api:fetch-account-detail", args=[account.pk]))

        return once(request, make)

    @extend_schema(request=FetchAccountPatch, responses=FetchAccountShape)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change it; it is tried again at once."""
        values, account = read(FetchAccountPatch, request), self._get(request, pk, to_change=True)
        if values.keys() & {"protocol", "security"}:
            values.setdefault("port", 0)
        return self.shown(accounts.change(account=account, wanted=replace(accounts.wanted_of(account), **values)))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Forget it. Mail stays where it is, here and there."""
        accounts.remove(account=self._get(request, pk, to_change=True))
        return Response(status=204)

    @extend_schema(request=None, responses=FetchAccountShape)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        accounts.pause(account=self._get(request, pk, to_change=True))
        return self.shown(self._get(request, pk))

    @extend_schema(request=None, responses=FetchAccountShape)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Go on, at once; also after logins that were refused."""
        accounts.resume(account=self._get(request, pk, to_change=True))
        return self.shown(self._get(request, pk))

    def _reach(self, request: Request) -> QuerySet[Account]:
        reach = access.list_mailboxes(actor_of(request)).values("id")
        return accounts.list_all().filter(mailbox__in=reach).select_related("mailbox__address__domain")

    def _get(self, request: Request, pk: str, *, to_change: bool = False) -> Account:
        found = self._reach(request).filter(pk=read_id(pk)).first()
        if found is None:
            raise NotFound("There is no such account.")
        if to_change:
            access.access_mailbox(actor_of(request), mailbox_id=found.mailbox_id, to_change=True)
        return found


class MigratedFolder(serializers.ModelSerializer[TransferFolder]):
    class Meta:
        model = TransferFolder
        fields = ("shown", "target", "note", "there", "here", "copied", "already", "changed", "refused", "is_done")
        read_only_fields = fields


class MigrationShape(serializers.ModelSerializer[Transfer]):
    address = serializers.CharField(source="mailbox.address", read_only=True)

    class Meta:
        model = Transfer
        fields = (
            "id", "address", "host", "port", "security", "login", "login_as", "state", "fault", "last_text", "runs", "last_run_at",
            "finished_at",
        )  # fmt: skip
        read_only_fields = fields


class MigrationDetail(MigrationShape):
    folders = MigratedFolder(many=True, read_only=True)

    class Meta(MigrationShape.Meta):
        fields = (*MigrationShape.Meta.fields, "folders")  # type: ignore[assignment]


class NewMigration(serializers.Serializer[Any]):
    address = serializers.CharField(max_length=330, help_text="The mailbox here")
    host = serializers.CharField(max_length=255)
    port = serializers.IntegerField(min_value=1, max_value=65_535, required=False)
    security = serializers.ChoiceField(choices=Security.values, required=False)
    login = serializers.CharField(max_length=255)
    secret = serializers.CharField(max_length=255, write_only=True, trim_whitespace=False)
    login_as = serializers.CharField(max_length=255, required=False, help_text="Whose mail, where `login` is a master user's")
    excluded = serializers.ListField(child=serializers.CharField(max_length=200), max_length=transfers.MAX_PATTERNS, required=False)


class Migrations(Resource):
    area = "mailboxes"
    queryset = Transfer.objects.none()
    serializer_class = MigrationShape

    def list(self, request: Request) -> Response:
        return self.page(self._reach(request))

    @extend_schema(responses=MigrationDetail)
    def retrieve(self, request: Request, pk: str) -> Response:
        """How far it is, folder by folder."""
        return Response(MigrationDetail(self._get(request, pk)).data)

    @extend_schema(request=NewMigration, responses={201: MigrationShape}, parameters=[IDEMPOTENT])
    def create(self, request: Request) -> Response:
        """Bring a whole account. Asked for again, only what is new comes."""
        values = read(NewMigration, request)
        _mailbox(request, values["address"], to_change=True)
        values["excluded"] = tuple(values.get("excluded", ()))

        def make() -> Response:
            [transfer] = transfers.ask_for([transfers.Wanted(**values)])
            return self.shown(transfer, status=201, location=reverse("api:migration-detail", args=[transfer.pk]))

        return once(request, make)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Forget what is known of it, not what it brought."""
        transfers.remove(transfer=self._get(request, pk))
        return Response(status=204)

    @extend_schema(request=None, responses=MigrationShape)
    @action(detail=True, methods=["post"])
    def again(self, request: Request, pk: str) -> Response:
        """Bring what is new there."""
        transfers.again(transfer=self._get(request, pk))
        return self.shown(self._get(request, pk))

    @extend_schema(request=None, responses=MigrationShape)
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: str) -> Response:
        transfers.stop(transfer=self._get(request, pk))
        return self.shown(self._get(request, pk))

    def _reach(self, request: Request) -> QuerySet[Transfer]:
        reach = access.list_mailboxes(actor_of(request)).values("id")
        return transfers.list_all().filter(mailbox__in=reach).select_related("mailbox__address__domain")

    def _get(self, request: Request, pk: str) -> Transfer:
        found = self._reach(request).filter(pk=read_id(pk)).first()
        if found is None:
            raise NotFound("There is no such migration.")
        return found


def _mailbox(request: Request, address: str, *, to_change: bool = False) -> Mailbox:
    return access.access_mailbox(actor_of(request), mailbox_id=mailboxes.get(address=address).pk, to_change=to_change)
