"""/api/v1/domains"""

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from mailcore.directory import access, domains
from mailcore.directory.domains import DomainChange
from mailcore.directory.models import Domain

from .authentication import actor_of
from .base import Resource, read, read_id
from .shapes import DomainPatch, DomainShape, NewDomain


class Domains(Resource):
    area = "domains"
    queryset = Domain.objects.none()
    serializer_class = DomainShape

    def list(self, request: Request) -> Response:
        return self.page(access.list_domains(actor_of(request)))

    def retrieve(self, request: Request, pk: str) -> Response:
        return self.shown(access.access_domain(actor_of(request), domain_id=read_id(pk)))

    @extend_schema(request=NewDomain, responses={201: DomainShape})
    def create(self, request: Request) -> Response:
        """Make a domain. Only with a key of an administrator of the server that is not limited to domains."""
        access.require_everything(actor_of(request))
        domain = domains.create(**read(NewDomain, request))
        return self.shown(domain, status=201, location=reverse("api:domain-detail", args=[domain.id]))

    @extend_schema(request=DomainPatch, responses=DomainShape)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change a domain. Its limits and whether it is suspended are the server administrator's; the catch-all is not."""
        actor = actor_of(request)
        domain = access.access_domain(actor, domain_id=read_id(pk))
        change = DomainChange(**read(DomainPatch, request))
        if change != DomainChange(catch_all=change.catch_all):
            access.require_root(actor)
        return self.shown(domains.change(domain_id=domain.id, to=change))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Remove a domain that holds no addresses."""
        actor = actor_of(request)
        domain = access.access_domain(actor, domain_id=read_id(pk))
        access.require_root(actor)
        domains.remove(domain_id=domain.id)
        return Response(status=204)
