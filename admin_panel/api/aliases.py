"""/api/v1/aliases"""

from django.db import transaction
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from mailcore.directory import access, aliases, mailboxes
from mailcore.directory.models import Address
from mailcore.kernel.addresses import fold_domain

from .authentication import actor_of
from .base import Resource, read, read_id
from .shapes import AliasPatch, AliasShape, NewAlias


class Aliases(Resource):
    area = "aliases"
    queryset = Address.objects.none()
    serializer_class = AliasShape

    @extend_schema(parameters=[OpenApiParameter("domain", str)])
    def list(self, request: Request) -> Response:
        found = access.list_aliases(actor_of(request))
        if domain := request.query_params.get("domain"):
            found = found.filter(domain__name=fold_domain(domain))
        return self.page(found)

    def retrieve(self, request: Request, pk: str) -> Response:
        return self.shown(access.access_alias(actor_of(request), alias_id=read_id(pk)))

    @extend_schema(request=NewAlias, responses={201: AliasShape})
    def create(self, request: Request) -> Response:
        """Make an alias. A conflict with code `conflict` means that it would send mail in a circle."""
        wanted = read(NewAlias, request)
        access.require_domain(actor_of(request), name=mailboxes.parse(wanted["address"]).domain)
        alias = aliases.create(address=wanted["address"], targets=tuple(wanted["targets"]))
        return self.shown(alias, status=201, location=reverse("api:alias-detail", args=[alias.id]))

    @extend_schema(request=AliasPatch, responses=AliasShape)
    def partial_update(self, request: Request, pk: str) -> Response:
        actor = actor_of(request)
        alias = access.access_alias(actor, alias_id=read_id(pk))
        change = read(AliasPatch, request)
        with transaction.atomic():
            if "targets" in change:
                aliases.set_targets(alias_id=alias.id, targets=tuple(change["targets"]))
            if "is_enabled" in change:
                aliases.set_enabled(alias_id=alias.id, is_enabled=change["is_enabled"])
        return self.shown(access.access_alias(actor, alias_id=alias.id))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        alias = access.access_alias(actor_of(request), alias_id=read_id(pk))
        aliases.remove(alias_id=alias.id)
        return Response(status=204)
