"""/api/v1/transports, routes, relays and suppressions: how mail leaves for elsewhere. For keys of the whole server."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from mailcore.directory import access
from mailcore.kernel.errors import NotFound
from mailcore.transports import relays, routes, transports
from mailcore.transports.routes import Draft

from . import routingshapes as shapes
from .authentication import actor_of
from .base import Resource, read, read_id
from .parameters import ANY_ADDRESS, ANY_HOST, IDEMPOTENT
from .replaying import once


class _OfTheServer(Resource):
    """Only a key that reaches everything."""

    area = "routes"

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        access.require_everything(actor_of(request))


class Transports(_OfTheServer):
    serializer_class = shapes.TransportShape
    lookup_value_regex = r"[A-Za-z0-9._-]{1,60}"
    lookup_url_kwarg = "name"

    @extend_schema(responses=shapes.TransportPage)
    def list(self, request: Request) -> Response:
        return Response({"results": self.get_serializer(transports.list_all(), many=True).data})

    @extend_schema(request=shapes.TransportPut, responses=shapes.TransportShape, parameters=[OpenApiParameter("name", str, "path")])
    def update(self, request: Request, name: str) -> Response:
        """Make it, or give it exactly this state."""
        return self.shown(transports.put(name=name, **read(shapes.TransportPut, request)))

    @extend_schema(parameters=[OpenApiParameter("name", str, "path")], responses={204: None})
    def destroy(self, request: Request, name: str) -> Response:
        """409 while a route leads there."""
        transports.remove(name=name)
        return Response(status=204)


class Routes(_OfTheServer):
    serializer_class = shapes.RouteShape

    @extend_schema(responses=shapes.RoutePage)
    def list(self, request: Request) -> Response:
        """In the order in which they are asked; the first whose conditions hold decides."""
        return Response({"results": self.get_serializer(routes.list_all(), many=True).data})

    @extend_schema(request=shapes.NewRoute, responses={201: shapes.RouteShape}, parameters=[IDEMPOTENT])
    def create(self, request: Request) -> Response:
        draft = Draft(**read(shapes.NewRoute, request))
        return once(request, lambda: self.shown(routes.add(draft), status=201))

    @extend_schema(parameters=[OpenApiParameter("id", int, "path")], responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        routes.remove(route_id=read_id(pk))
        return Response(status=204)

    @extend_schema(request=shapes.MoveRoute, responses=shapes.RouteShape, parameters=[OpenApiParameter("id", int, "path"), IDEMPOTENT])
    @action(detail=True, methods=["post"])
    def move(self, request: Request, pk: str) -> Response:
        wanted = read_id(pk)

        def move() -> Response:
            routes.move(route_id=wanted, to=to)
            moved = next((one for one in routes.list_all() if one.id == wanted), None)
            if moved is None:
                raise NotFound("There is no such route.")
            return self.shown(moved)

        to = read(shapes.MoveRoute, request)["to"]
        return once(request, move)

    @extend_schema(request=shapes.TryRoute, responses=shapes.TrialShape)
    @action(detail=False, methods=["post"], url_path="try")
    def attempt(self, request: Request) -> Response:
        """What would become of a message if the route were there. Keeps nothing."""
        wanted = read(shapes.TryRoute, request)
        draft = Draft(**wanted.pop("route"))
        return Response(shapes.TrialShape(routes.attempt(draft, **wanted)).data)


class Relays(_OfTheServer):
    serializer_class = shapes.RelayShape
    lookup_value_regex = ANY_HOST
    lookup_url_kwarg = "domain"

    @extend_schema(responses=shapes.RelayPage)
    def list(self, request: Request) -> Response:
        """Domains whose mail is taken from anybody and passed on by the routes."""
        return Response({"results": self.get_serializer(relays.list_relayed(), many=True).data})

    @extend_schema(request=shapes.RelayPut, responses=shapes.RelayShape, parameters=[OpenApiParameter("domain", str, "path")])
    def update(self, request: Request, domain: str) -> Response:
        note = read(shapes.RelayPut, request)["note"]
        relays.relay(domain=domain, note=note)
        return self.shown(relays.Line(domain.strip().lower(), note.strip()))

    @extend_schema(parameters=[OpenApiParameter("domain", str, "path")], responses={204: None})
    def destroy(self, request: Request, domain: str) -> Response:
        relays.unrelay(domain=domain)
        return Response(status=204)


class Suppressions(_OfTheServer):
    serializer_class = shapes.SuppressionShape
    lookup_value_regex = ANY_ADDRESS
    lookup_url_kwarg = "address"

    @extend_schema(responses=shapes.SuppressionPage, parameters=[OpenApiParameter("search", str, description="Part of an address")])
    def list(self, request: Request) -> Response:
        """Addresses that are not written to; at most 200."""
        found = relays.list_suppressed(search=request.query_params.get("search", ""))
        return Response({"results": self.get_serializer(found, many=True).data})

    @extend_schema(request=shapes.SuppressionPut, responses=shapes.SuppressionShape, parameters=[OpenApiParameter("address", str, "path")])
    def update(self, request: Request, address: str) -> Response:
        reason = read(shapes.SuppressionPut, request)["reason"]
        relays.suppress(address=address, reason=reason)
        return self.shown(relays.Line(address.strip().lower(), reason.strip()))

    @extend_schema(parameters=[OpenApiParameter("address", str, "path")], responses={204: None})
    def destroy(self, request: Request, address: str) -> Response:
        relays.unsuppress(address=address)
        return Response(status=204)
