"""/api/v1/queue and /api/v1/destinations"""

import time

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from admin_panel import waiting
from mailcore.kernel.ids import TraceId
from mailcore.queue import destinations
from mailcore.queue.entries import STATES

from .authentication import actor_of
from .base import Resource, read, read_id
from .paging import ByCursor
from .parameters import BEFORE, IDEMPOTENT, LIMIT
from .replaying import once
from .shapes import BulkAnswer, BulkAsk, DestinationPage, DestinationShape, EntryPage, EntryShape


class Queue(Resource):
    area = "queue"
    serializer_class = EntryShape
    lookup_value_regex = r"[A-Za-z0-9_.-]{1,32}"

    @extend_schema(
        parameters=[OpenApiParameter("state", str, enum=STATES), OpenApiParameter("search", str), BEFORE, LIMIT], responses=EntryPage
    )
    def list(self, request: Request) -> Response:
        """Newest first; `next` is the `before` of the page that follows."""
        query = request.query_params
        limit, before = read_window(request)
        rows = waiting.list_rows(
            actor_of(request), state=query.get("state", "active"), search=query.get("search", ""), before=before, limit=limit
        )
        following = str(rows[-1].id) if len(rows) == limit else None
        return Response({"next": following, "results": self.get_serializer(rows, many=True).data})

    def retrieve(self, request: Request, pk: str) -> Response:
        return self.shown(waiting.access_row(actor_of(request), trace_id=TraceId(pk)))

    @extend_schema(request=None, responses=EntryShape, parameters=[IDEMPOTENT])
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        return self._act(request, pk, "retry")

    @extend_schema(request=None, responses=EntryShape, parameters=[IDEMPOTENT])
    @action(detail=True, methods=["post"])
    def hold(self, request: Request, pk: str) -> Response:
        return self._act(request, pk, "hold")

    @extend_schema(request=None, responses=EntryShape, parameters=[IDEMPOTENT])
    @action(detail=True, methods=["post"])
    def release(self, request: Request, pk: str) -> Response:
        return self._act(request, pk, "release")

    @extend_schema(request=None, responses=EntryShape, parameters=[IDEMPOTENT])
    @action(detail=True, methods=["post"])
    def bounce(self, request: Request, pk: str) -> Response:
        """Give up what waits, and report it to the sender."""
        return self._act(request, pk, "bounce")

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Cancel: give up what waits, without a report to the sender."""
        waiting.act(actor_of(request), trace_id=TraceId(pk), action="cancel")
        return Response(status=204)

    @extend_schema(request=BulkAsk, responses=BulkAnswer, parameters=[IDEMPOTENT])
    @action(detail=False, methods=["post"])
    def act(self, request: Request) -> Response:
        """Do one thing to up to 500 messages, by their ids or by a search. What cannot be done to one is named and holds up no other."""
        wanted = read(BulkAsk, request)

        def do() -> Response:
            report = waiting.act_on_many(
                actor_of(request),
                action=wanted["action"],
                trace_ids=[TraceId(one) for one in wanted["trace_ids"]],
                state=wanted["state"],
                search=wanted["search"],
            )
            return Response({"done": report.done, "failed": [{"trace_id": one, "detail": why} for one, why in report.failed]})

        return once(request, do)

    def _act(self, request: Request, pk: str, name: str) -> Response:
        actor = actor_of(request)

        def do() -> Response:
            waiting.act(actor, trace_id=TraceId(pk), action=name)
            return self.shown(waiting.access_row(actor, trace_id=TraceId(pk)))

        return do() if name == "bounce" else once(request, do)


class Destinations(Resource):
    area = "queue"
    serializer_class = DestinationShape

    @extend_schema(responses=DestinationPage)
    def list(self, request: Request) -> Response:
        """What waits, by destination, those with most first."""
        found = destinations.list_waiting(domains=actor_of(request).domain_names, now=int(time.time()), limit=200)
        return Response({"results": self.get_serializer(found, many=True).data})


def read_window(request: Request) -> tuple[int, int | None]:
    """(limit, before) of a page that goes back by ids."""
    query = request.query_params
    limit = max(1, min(read_id(query.get("limit", str(ByCursor.page_size))), ByCursor.max_page_size))
    return limit, read_id(query["before"]) if "before" in query else None
