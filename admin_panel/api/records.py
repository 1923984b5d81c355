"""/api/v1/audit, /api/v1/route and /api/v1/me: what was done, what would happen, and who is asking."""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from mailcore.audit import log
from mailcore.delivery.rehearsing import rehearse
from mailcore.directory import access
from mailcore.directory.access import Actor
from mailcore.kernel.errors import NotFound

from .authentication import actor_of
from .base import Resource
from .parameters import BEFORE, LIMIT
from .queue import read_window
from .shapes import AuditPage, AuditShape, MeShape, RehearsalShape


class Audit(Resource):
    area = "audit"
    serializer_class = AuditShape

    @extend_schema(
        parameters=[
            OpenApiParameter("search", str, description="An object's whole name, or part of who did it"),
            OpenApiParameter("action", str, description="The beginning of an action"),
            BEFORE,
            LIMIT,
        ],
        responses=AuditPage,
    )
    def list(self, request: Request) -> Response:
        """Who did what, newest first; `next` is the `before` of the page that follows."""
        limit, before = read_window(request)
        query = request.query_params
        rows = log.list_events(
            domains=actor_of(request).domain_names,
            search=query.get("search", ""),
            action=query.get("action", ""),
            before=before,
            limit=limit,
        )
        following = str(rows[-1].pk) if len(rows) == limit else None
        return Response({"next": following, "results": self.get_serializer(rows, many=True).data})


class Rehearse(Resource):
    area = "routes"
    serializer_class = RehearsalShape

    @extend_schema(
        parameters=[OpenApiParameter("sender", str), OpenApiParameter("recipient", str, required=True)], responses=RehearsalShape
    )
    def list(self, request: Request) -> Response:
        """What would happen to a message. One side must be of a domain within reach."""
        sender, recipient = request.query_params.get("sender", ""), request.query_params.get("recipient", "")
        require_side(actor_of(request), sender=sender, recipient=recipient)
        return Response(self.get_serializer(rehearse(sender=sender, recipient=recipient)).data)


class Me(Resource):
    area = ""
    serializer_class = MeShape

    @extend_schema(responses=MeShape)
    def list(self, request: Request) -> Response:
        """Who this key is, and what it may do."""
        actor = actor_of(request)
        names = None if actor.domain_names is None and actor.domain_ids is None else sorted(actor.domain_names or ())
        return Response({"name": actor.name, "is_root": actor.is_root, "domains": names, "scopes": sorted(actor.scopes or ())})


def require_side(actor: Actor, *, sender: str, recipient: str) -> None:
    """An own recipient, or an own sender: what an address of another domain leads to is not this actor's business."""
    if actor.domain_ids is None:
        return
    try:
        access.require_domain(actor, name=recipient.rpartition("@")[2].lower())
    except NotFound:
        raise NotFound("The recipient must be of a domain you look after.") from None
