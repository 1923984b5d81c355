"""/api/v1/domains/{id}/dns and /dkim-keys"""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from admin_panel.pages import dns
from mailcore.directory import access
from mailcore.directory.models import Domain
from mailcore.trust import dnsrecords, keys
from mailcore.trust.naming import get_names

from .authentication import actor_of
from .base import Resource, read_id
from .parameters import IDEMPOTENT
from .replaying import once
from .shapes import DkimKeyShape, DnsRowShape

_DOMAIN = OpenApiParameter("domain_id", int, "path")


class DnsRecords(Resource):
    area = "domains"
    serializer_class = DnsRowShape

    @extend_schema(parameters=[_DOMAIN, OpenApiParameter("check", bool, description="Ask the DNS")], responses=DnsRowShape(many=True))
    def list(self, request: Request, domain_id: str) -> Response:
        """What the DNS of a domain should say, with the line to paste; with `check`, also what it says."""
        domain = _get(request, domain_id)
        is_checked = request.query_params.get("check", "").lower() in ("1", "true", "yes")
        rows = dnsrecords.check(domain.name, get_names()) if is_checked else dnsrecords.wanted(domain.name)
        return Response([self.get_serializer(row).data | {"line": dnsrecords.show(row)} for row in rows])


class DkimKeys(Resource):
    area = "domains"
    serializer_class = DkimKeyShape

    @extend_schema(parameters=[_DOMAIN], responses=DkimKeyShape(many=True))
    def list(self, request: Request, domain_id: str) -> Response:
        return Response(self.get_serializer(keys.list_keys(domain=_get(request, domain_id).name), many=True).data)

    @extend_schema(parameters=[_DOMAIN, IDEMPOTENT], request=None, responses={201: DkimKeyShape(many=True)})
    def create(self, request: Request, domain_id: str) -> Response:
        """Make new keys. They sign once the DNS shows them, and the old ones until then."""
        domain = _get(request, domain_id)

        def make() -> Response:
            dns.rotate(domain)
            return Response(self.get_serializer(keys.list_keys(domain=domain.name), many=True).data, status=201)

        return once(request, make)

    @extend_schema(
        parameters=[_DOMAIN, OpenApiParameter("selector", str, "path"), IDEMPOTENT], request=None, responses=DkimKeyShape(many=True)
    )
    def activate(self, request: Request, domain_id: str, selector: str) -> Response:
        """Sign with this key from now on, whatever the DNS shows; an older one of the same kind retires."""
        domain = _get(request, domain_id)

        def act() -> Response:
            dns.activate(domain, selector)
            return Response(self.get_serializer(keys.list_keys(domain=domain.name), many=True).data)

        return once(request, act)


def _get(request: Request, domain_id: str) -> Domain:
    return access.access_domain(actor_of(request), domain_id=read_id(domain_id))
