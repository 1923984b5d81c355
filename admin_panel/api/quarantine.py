"""/api/v1/quarantine: held mail and why. Releasing is POST queue/{id}/release, deleting DELETE queue/{id}."""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from admin_panel import quarantine
from mailcore.kernel.ids import TraceId

from .authentication import actor_of
from .base import Resource
from .parameters import BEFORE, LIMIT
from .policyshapes import HeldPage, HeldShape, OpenedShape
from .queue import read_window


class Quarantine(Resource):
    area = "queue"
    serializer_class = HeldShape
    lookup_value_regex = r"[A-Za-z0-9_.-]{1,32}"

    @extend_schema(parameters=[OpenApiParameter("search", str), BEFORE, LIMIT], responses=HeldPage)
    def list(self, request: Request) -> Response:
        """Newest first; `next` is the `before` of the page that follows."""
        limit, before = read_window(request)
        search = request.query_params.get("search", "")
        rows = quarantine.list_held(actor_of(request), search=search, before=before, limit=limit)
        following = str(rows[-1].row.id) if len(rows) == limit else None
        return Response({"next": following, "results": self.get_serializer(rows, many=True).data})

    @extend_schema(responses=OpenedShape)
    def retrieve(self, request: Request, pk: str) -> Response:
        """One held message with what the checks said and its headers; the audit log says who looked."""
        opened = quarantine.access_held(actor_of(request), trace_id=TraceId(pk))
        return Response(OpenedShape(opened).data)
