"""/api/v1/journey: where is my message?"""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from admin_panel import journeys
from mailcore.kernel.ids import TraceId

from .authentication import actor_of
from .base import Resource
from .shapes import JourneyPage, JourneyShape


class JourneyResource(Resource):
    area = "journey"
    serializer_class = JourneyShape
    lookup_value_regex = r"[A-Za-z0-9_.-]{1,32}"

    @extend_schema(parameters=[OpenApiParameter("search", str, description="Message-ID, address or trace id")], responses=JourneyPage)
    def list(self, request: Request) -> Response:
        found = journeys.find(actor_of(request), text=request.query_params.get("search", ""))
        return Response({"results": self.get_serializer(found, many=True).data})

    def retrieve(self, request: Request, pk: str) -> Response:
        return self.shown(journeys.access(actor_of(request), trace_id=TraceId(pk)))
