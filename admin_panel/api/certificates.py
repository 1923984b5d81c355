"""/api/v1/certificates: what listeners show, ordered by ACME or given. For keys of the whole server."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from mailcore.certificates import orders
from mailcore.directory import access

from .authentication import actor_of
from .base import Resource, read
from .parameters import ANY_HOST, IDEMPOTENT
from .replaying import once
from .routingshapes import CertificatePage, CertificateShape, GiveCertificate, OrderCertificate

_NAME = OpenApiParameter("name", str, "path", description="The first of its names")


class Certificates(Resource):
    area = "certificates"
    serializer_class = CertificateShape
    lookup_value_regex = ANY_HOST
    lookup_url_kwarg = "name"

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        access.require_everything(actor_of(request))

    @extend_schema(responses=CertificatePage)
    def list(self, request: Request) -> Response:
        """Those kept in the database; a file in the data folder wins over them."""
        return Response({"results": self.get_serializer(orders.list_all(), many=True).data})

    @extend_schema(request=OrderCertificate, responses={202: CertificateShape}, parameters=[IDEMPOTENT])
    def create(self, request: Request) -> Response:
        """Order one by ACME. It is obtained within a few minutes; the list says how it went."""
        wanted = read(OrderCertificate, request)
        return once(request, lambda: self.shown(orders.order(**wanted), status=202))

    @extend_schema(request=GiveCertificate, responses={201: CertificateShape}, parameters=[IDEMPOTENT])
    @action(detail=False, methods=["post"])
    def give(self, request: Request) -> Response:
        """Keep one from elsewhere for all nodes; its key is sealed and never shown."""
        wanted = read(GiveCertificate, request)
        return once(request, lambda: self.shown(orders.give(chain=wanted["chain"].encode(), key=wanted["key"].encode()), status=201))

    @extend_schema(request=None, responses={204: None}, parameters=[_NAME, IDEMPOTENT])
    @action(detail=True, methods=["post"])
    def renew(self, request: Request, name: str) -> Response:
        """Obtain it anew within a few minutes, whatever is left of it."""
        orders.renew(name=name)
        return Response(status=204)

    @extend_schema(parameters=[_NAME], responses={204: None})
    def destroy(self, request: Request, name: str) -> Response:
        orders.remove(name=name)
        return Response(status=204)
