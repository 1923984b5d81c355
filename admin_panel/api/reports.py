"""/api/v1/reports: what other hosts say of mail in our name (DMARC) and of sessions to us (TLS)."""

import time

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from admin_panel.reports import DAY, KINDS
from mailcore.directory import access
from mailcore.trust.reports import reading

from .authentication import actor_of
from .base import Resource, read_id
from .parameters import BEFORE, LIMIT
from .policyshapes import FullReport, ReportPage, ReportShape, SummaryPage, SummaryShape
from .queue import read_window


class Reports(Resource):
    area = "reports"
    serializer_class = ReportShape

    @extend_schema(
        parameters=[OpenApiParameter("domain", str), OpenApiParameter("kind", str, enum=KINDS), BEFORE, LIMIT], responses=ReportPage
    )
    def list(self, request: Request) -> Response:
        """Newest first; `next` is the `before` of the page that follows."""
        actor, (limit, before) = actor_of(request), read_window(request)
        names = actor.domain_names
        if domain := request.query_params.get("domain", "").lower():
            access.require_domain(actor, name=domain)
            names = frozenset((domain,))
        rows = reading.list_reports(domains=names, kind=request.query_params.get("kind", ""), before=before or 0, limit=limit)
        following = str(rows[-1].id) if len(rows) == limit else None
        return Response({"next": following, "results": self.get_serializer(rows, many=True).data})

    @extend_schema(responses=FullReport)
    def retrieve(self, request: Request, pk: str) -> Response:
        """One report with its lines, the most frequent first."""
        report, lines = reading.get_report(report_id=read_id(pk), domains=actor_of(request).domain_names)
        return Response(FullReport({"report": report, "lines": lines}).data)

    @extend_schema(parameters=[OpenApiParameter("days", int, description="How far back; 30 unless told")], responses=SummaryPage)
    @action(detail=False, methods=["get"])
    def summary(self, request: Request) -> Response:
        """One row for each domain and kind."""
        since = int(time.time()) - min(read_id(request.query_params.get("days", "30")), 400) * DAY
        found = reading.summarise(domains=actor_of(request).domain_names, since=since)
        return Response({"results": SummaryShape(found, many=True).data})
