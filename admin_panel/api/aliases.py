"""/api/v1/aliases"""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from mailcore.directory import access, aliases, mailboxes
from mailcore.directory.access import Actor
from mailcore.directory.models import Address
from mailcore.kernel.addresses import fold_domain

from .authentication import actor_of
from .base import Resource, lock, read, read_id
from .parameters import ANY_ADDRESS, IDEMPOTENT, MATCH
from .replaying import once
from .shapes import AliasPatch, AliasPut, AliasShape, NewAlias


class Aliases(Resource):
    area = "aliases"
    queryset = Address.objects.none()
    serializer_class = AliasShape

    @extend_schema(parameters=[OpenApiParameter("domain", str), OpenApiParameter("target", str, description="That lead to this address")])
    def list(self, request: Request) -> Response:
        found = access.list_aliases(actor_of(request))
        if domain := request.query_params.get("domain"):
            found = found.filter(domain__name=fold_domain(domain))
        if target := request.query_params.get("target"):
            found = found.filter(targets__target=mailboxes.parse(target).folded)
        return self.page(found)

    def retrieve(self, request: Request, pk: str) -> Response:
        return self.shown(access.access_alias(actor_of(request), alias_id=read_id(pk)))

    @extend_schema(request=NewAlias, responses={201: AliasShape}, parameters=[IDEMPOTENT])
    def create(self, request: Request) -> Response:
        """Make an alias. A conflict with code `conflict` means that it would send mail in a circle."""
        wanted = read(NewAlias, request)
        access.require_domain(actor_of(request), name=mailboxes.parse(wanted["address"]).domain)
        return once(request, lambda: self._create(wanted["address"], wanted["targets"]))

    @extend_schema(request=AliasPatch, responses=AliasShape, parameters=[MATCH])
    def partial_update(self, request: Request, pk: str) -> Response:
        actor = actor_of(request)
        change = read(AliasPatch, request)
        with transaction.atomic():
            return self._change(actor, access.access_alias(actor, alias_id=read_id(pk)), change)

    @extend_schema(responses={204: None}, parameters=[MATCH])
    def destroy(self, request: Request, pk: str) -> Response:
        with transaction.atomic():
            alias = access.access_alias(actor_of(request), alias_id=read_id(pk))
            self.require_fresh(alias)
            aliases.remove(alias_id=alias.id)
        return Response(status=204)

    @extend_schema(
        methods=["PUT"],
        request=AliasPut,
        responses={200: AliasShape, 201: AliasShape},
        parameters=[OpenApiParameter("address", str, "path"), MATCH],
    )
    @extend_schema(methods=["GET"], responses=AliasShape, parameters=[OpenApiParameter("address", str, "path")])
    @action(detail=False, methods=["get", "put"], url_path=f"by-address/(?P<address>{ANY_ADDRESS})")
    def by_address(self, request: Request, address: str) -> Response:
        """GET the alias of an address. PUT makes it where it is missing, and else gives it exactly this state."""
        actor = actor_of(request)
        parsed = mailboxes.parse(address)
        access.require_domain(actor, name=parsed.domain)
        held = access.list_aliases(actor).filter(domain__name=parsed.domain, local=parsed.folded_local)
        if request.method == "GET":
            return self.shown(access.access_alias(actor, alias_id=getattr(held.first(), "id", 0)))
        wanted = read(AliasPut, request)
        with transaction.atomic():
            alias = held.first()
            if alias is not None:
                return self._change(actor, alias, wanted)
            answer = self._create(address, wanted["targets"])
            if wanted["is_enabled"]:
                return answer
            aliases.set_enabled(alias_id=answer.data["id"], is_enabled=False)
            return self.shown(access.access_alias(actor, alias_id=answer.data["id"]), status=201, location=answer.headers["Location"])

    def _create(self, address: str, targets: Sequence[str]) -> Response:
        alias = aliases.create(address=address, targets=tuple(targets))
        return self.shown(alias, status=201, location=reverse("api:alias-detail", args=[alias.id]))

    def _change(self, actor: Actor, alias: Address, change: dict[str, Any]) -> Response:
        lock(Address.objects.filter(id=alias.id))
        self.require_fresh(alias)
        if "targets" in change:
            aliases.set_targets(alias_id=alias.id, targets=tuple(change["targets"]))
        if "is_enabled" in change:
            aliases.set_enabled(alias_id=alias.id, is_enabled=change["is_enabled"])
        return self.shown(access.access_alias(actor, alias_id=alias.id))
