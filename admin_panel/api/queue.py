"""/api/v1/queue"""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from admin_panel import waiting
from mailcore.kernel.ids import TraceId
from mailcore.queue.entries import STATES

from .authentication import actor_of
from .base import Resource, read_id
from .paging import ByCursor
from .shapes import EntryPage, EntryShape


class Queue(Resource):
    area = "queue"
    serializer_class = EntryShape
    lookup_value_regex = r"[A-Za-z0-9_.-]{1,32}"

    @extend_schema(
        parameters=[
            OpenApiParameter("state", str, enum=STATES),
            OpenApiParameter("search", str),
            OpenApiParameter("before", int),
            OpenApiParameter("limit", int),
        ],
        responses=EntryPage,
    )
    def list(self, request: Request) -> Response:
        """Newest first; `next` is the `before` of the page that follows."""
        query = request.query_params
        limit = max(1, min(read_id(query.get("limit", str(ByCursor.page_size))), ByCursor.max_page_size))
        before = read_id(query["before"]) if "before" in query else None
        rows = waiting.list_rows(
            actor_of(request), state=query.get("state", "active"), search=query.get("search", ""), before=before, limit=limit
        )
        following = str(rows[-1].id) if len(rows) == limit else None
        return Response({"next": following, "results": self.get_serializer(rows, many=True).data})

    def retrieve(self, request: Request, pk: str) -> Response:
        return self.shown(waiting.access_row(actor_of(request), trace_id=TraceId(pk)))

    @extend_schema(request=None, responses=EntryShape)
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        return self._act(request, pk, "retry")

    @extend_schema(request=None, responses=EntryShape)
    @action(detail=True, methods=["post"])
    def hold(self, request: Request, pk: str) -> Response:
        return self._act(request, pk, "hold")

    @extend_schema(request=None, responses=EntryShape)
    @action(detail=True, methods=["post"])
    def release(self, request: Request, pk: str) -> Response:
        return self._act(request, pk, "release")

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Cancel: give up what waits, without a report to the sender."""
        waiting.act(actor_of(request), trace_id=TraceId(pk), action="cancel")
        return Response(status=204)

    def _act(self, request: Request, pk: str, name: str) -> Response:
        actor = actor_of(request)
        waiting.act(actor, trace_id=TraceId(pk), action=name)
        return self.shown(waiting.access_row(actor, trace_id=TraceId(pk)))
