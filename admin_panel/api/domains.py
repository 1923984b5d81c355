"""/api/v1/domains"""

from typing import Any

from django.db import transaction
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from mailcore.directory import access, domains
from mailcore.directory.access import Actor
from mailcore.directory.domains import DomainChange
from mailcore.directory.models import Domain
from mailcore.kernel.addresses import fold_domain
from mailcore.kernel.errors import BadSyntax, NotFound

from .authentication import actor_of
from .base import Resource, lock, read, read_id
from .parameters import ANY_HOST, IDEMPOTENT, MATCH
from .replaying import once
from .shapes import DomainPatch, DomainPut, DomainShape, NewDomain


class Domains(Resource):
    area = "domains"
    queryset = Domain.objects.none()
    serializer_class = DomainShape

    def list(self, request: Request) -> Response:
        return self.page(access.list_domains(actor_of(request)))

    def retrieve(self, request: Request, pk: str) -> Response:
        return self.shown(access.access_domain(actor_of(request), domain_id=read_id(pk)))

    @extend_schema(request=NewDomain, responses={201: DomainShape}, parameters=[IDEMPOTENT])
    def create(self, request: Request) -> Response:
        """Make a domain. Only with a key of an administrator of the server that is not limited to domains."""
        access.require_everything(actor_of(request))
        wanted = read(NewDomain, request)
        return once(request, lambda: self._create(wanted))

    @extend_schema(request=DomainPatch, responses=DomainShape, parameters=[MATCH])
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change a domain. Its limits and whether it is suspended are the server administrator's; the catch-all is not."""
        actor = actor_of(request)
        change = DomainChange(**read(DomainPatch, request))
        with transaction.atomic():
            return self.shown(self._change(actor, access.access_domain(actor, domain_id=read_id(pk)), change))

    @extend_schema(responses={204: None}, parameters=[MATCH])
    def destroy(self, request: Request, pk: str) -> Response:
        """Remove a domain that holds no addresses."""
        actor = actor_of(request)
        with transaction.atomic():
            domain = access.access_domain(actor, domain_id=read_id(pk))
            access.require_root(actor)
            self.require_fresh(domain)
            domains.remove(domain_id=domain.id)
        return Response(status=204)

    @extend_schema(
        methods=["PUT"],
        request=DomainPut,
        responses={200: DomainShape, 201: DomainShape},
        parameters=[OpenApiParameter("name", str, "path"), MATCH],
    )
    @extend_schema(methods=["GET"], responses=DomainShape, parameters=[OpenApiParameter("name", str, "path")])
    @action(detail=False, methods=["get", "put"], url_path=f"by-name/(?P<name>{ANY_HOST})")
    def by_name(self, request: Request, name: str) -> Response:
        """GET the domain of a name. PUT makes it where it is missing, and else gives it exactly this state."""
        actor = actor_of(request)
        folded = _fold(name)
        if request.method == "GET":
            return self.shown(_find(actor, folded))
        wanted = read(DomainPut, request)
        with transaction.atomic():
            if not Domain.objects.filter(name=folded).exists():
                access.require_everything(actor)
                is_active = wanted.pop("is_active")
                answer = self._create(wanted | {"name": folded})
                if not is_active:
                    return self.shown(domains.suspend(domain_id=answer.data["id"]), status=201, location=answer.headers["Location"])
                return answer
            wanted.pop("alias_of")
            return self.shown(self._change(actor, _find(actor, folded), DomainChange(**wanted)))

    def _create(self, wanted: dict[str, Any]) -> Response:
        domain = domains.create(**wanted)
        return self.shown(domain, status=201, location=reverse("api:domain-detail", args=[domain.id]))

    def _change(self, actor: Actor, domain: Domain, change: DomainChange) -> Domain:
        lock(Domain.objects.filter(id=domain.id))
        if change != DomainChange(catch_all=change.catch_all):
            access.require_root(actor)
        self.require_fresh(domain)
        return domains.change(domain_id=domain.id, to=change)


def _find(actor: Actor, name: str) -> Domain:
    found = access.list_domains(actor).filter(name=name).first()
    if found is None:
        raise NotFound("There is no such domain.")
    return found


def _fold(name: str) -> str:
    try:
        return fold_domain(name)
    except BadSyntax as error:
        raise NotFound("There is no such domain.") from error
