"""/api/v1/events: what was done, as it is done, for programs that follow along (server-sent events, or JSON).

Each answer ends with what there is now, and says when to come again: a browser's EventSource does so by itself,
with the Last-Event-ID it has. So no thread is held by who only listens, and nothing is lost while nobody does.
"""

import json
from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from mailcore.audit import log

from .authentication import actor_of
from .base import Resource, read_id
from .shapes import EventPage, EventShape

MOST = 500
RETRY_MS = 3_000


class EventStream(BaseRenderer):
    """The stream of WHATWG HTML §9.2: one event for each row, and an empty one that says how far it came."""

    media_type = "text/event-stream"
    format = "sse"
    charset = "utf-8"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None) -> str:
        if "results" not in data:  # an error, whose content type says that it is one
            return json.dumps(data, default=str)
        lines = [f"retry: {RETRY_MS}\n\n"]
        for row in data["results"]:
            lines.append(f"id: {row['id']}\nevent: {row['action']}\ndata: {json.dumps(row, default=str, ensure_ascii=False)}\n\n")
        lines.append(f"id: {data['last']}\nevent: end\ndata: {{}}\n\n")
        return "".join(lines)


class Events(Resource):
    area = "audit"
    serializer_class = EventShape
    renderer_classes = (JSONRenderer, EventStream)

    @extend_schema(
        parameters=[
            OpenApiParameter("Last-Event-ID", str, OpenApiParameter.HEADER, description="What came last; only newer events are told"),
            OpenApiParameter("after", int, description="The same, for programs that cannot set a header"),
            OpenApiParameter("kinds", str, description="Beginnings of actions with commas between them, such as mailbox,domain.dkim"),
        ],
        responses=EventPage,
    )
    def list(self, request: Request) -> Response:
        """What was done since, oldest first, at most 500; `Accept: text/event-stream` for server-sent events.

        Without a last id nothing is told but where to go on from. `last` is the id to send next.
        """
        told = request.headers.get("Last-Event-ID") or request.query_params.get("after", "")
        kinds = [kind.strip() for kind in request.query_params.get("kinds", "").split(",") if kind.strip()]
        newest = log.find_settled(now=timezone.now())
        rows = []
        if told:
            found = log.list_between(after=read_id(told), until=newest, domains=actor_of(request).domain_names, kinds=kinds, limit=MOST)
            rows = list(found)
        last = rows[-1].pk if len(rows) == MOST else max(newest, read_id(told) if told else 0)
        return Response(
            {"last": last, "results": self.get_serializer(rows, many=True).data},
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )
