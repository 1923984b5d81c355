"""/panel/reports: what other hosts say of mail in our name (DMARC) and of sessions to us (TLS)."""

import time

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from admin_panel import reports
from mailcore.directory.access import Actor
from mailcore.trust.reports import reading

from .gate import for_administrators, show

PAGE = 50


@require_GET
@for_administrators
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    asked, before = request.GET.get("days", ""), request.GET.get("before", "")
    days = next((one for one in reports.SHOWN_DAYS if str(one) == asked), 30)
    since = int(time.time()) - days * reports.DAY
    summaries = reading.summarise(domains=actor.domain_names, since=since)
    domain, kind = reports.choose(summaries, domain=request.GET.get("domain", ""), kind=request.GET.get("kind", ""))
    start = int(before) if before.isascii() and before.isdigit() and len(before) < 18 else 0
    rows = reading.list_reports(domains=[domain], kind=kind, before=start, limit=PAGE) if domain else []
    values = {
        "summaries": [(one, reports.when(one.latest_at)) for one in summaries],
        "domain": domain,
        "kind": kind,
        "days": days,
        "periods": reports.SHOWN_DAYS,
        "picture": reports.draw(domain=domain, kind=kind, days=days) if domain else None,
        "sources": reading.list_sources(domain=domain, since=since, kind=kind, limit=20) if domain else [],
        "rows": reports.dated(rows),
        "older": rows[-1].id if len(rows) == PAGE else None,
        "here": "reports",
    }
    return show(request, actor, "reports", values)


@require_GET
@for_administrators
def report(request: HttpRequest, actor: Actor, report_id: int) -> HttpResponse:
    found, lines = reading.get_report(report_id=report_id, domains=actor.domain_names)
    values = {"report": found, "lines": lines[:500], "more": max(0, len(lines) - 500), "here": "reports"}
    return show(request, actor, "report", values | {"begins": reports.when(found.begins_at), "ends": reports.when(found.ends_at)})
