"""The reports that came, as the pages show them: by domain, newest first, and summed up."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Count, Max, QuerySet, Sum

from mailcore.kernel.errors import NotFound

from ..models import ReceivedReport, ReportedRow
from .values import Line


@dataclass(frozen=True, slots=True)
class Entry:
    id: int
    kind: str
    """dmarc or tls."""
    domain: str
    reporter: str
    report_id: str
    begins_at: int
    ends_at: int
    received_at: int
    contact: str
    policy: str
    good: int
    bad: int


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything about one domain since a moment."""

    domain: str
    kind: str
    reports: int
    good: int
    bad: int
    latest_at: int


@dataclass(frozen=True, slots=True)
class Source:
    """One place mail in a domain's name came from (or could not be sent from), over many reports."""

    source: str
    good: int
    bad: int


_COLUMNS = tuple(Entry.__slots__)


def summarise(*, domains: Collection[str] | None, since: int) -> list[Summary]:
    """One line for each domain and kind; `domains` None means no scope (an operator)."""
    found = _scoped(domains).filter(ends_at__gte=since).values_list("domain", "kind").order_by("domain", "kind")
    return [Summary(*row) for row in found.annotate(Count("id"), Sum("good"), Sum("bad"), Max("received_at"))]


@dataclass(frozen=True, slots=True)
class Day:
    """What the reports of one kind say of one day; the day is that on which their time ends, UTC."""

    day: int
    """Whole days since the epoch."""
    good: int
    bad: int


def list_days(*, domain: str, kind: str, since: int) -> list[Day]:
    """Days with reports, oldest first."""
    totals: dict[int, list[int]] = {}
    rows = ReceivedReport.objects.filter(domain=domain, kind=kind, ends_at__gte=since)
    for ends_at, good, bad in rows.values_list("ends_at", "good", "bad").iterator():
        sums = totals.setdefault(ends_at // 86_400, [0, 0])
        sums[0] += good
        sums[1] += bad
    return [Day(day, good, bad) for day, (good, bad) in sorted(totals.items())]


def list_reports(*, domains: Collection[str] | None, kind: str = "", before: int = 0, limit: int = 50) -> list[Entry]:
    """Newest first; `before` is the id of the last one of the page before, 0 for the first page."""
    found = _scoped(domains)
    if kind:
        found = found.filter(kind=kind)
    if before:
        found = found.filter(id__lt=before)
    return [Entry(*row) for row in found.order_by("-id").values_list(*_COLUMNS)[:limit]]


def get_report(*, report_id: int, domains: Collection[str] | None) -> tuple[Entry, list[Line]]:
    """One report with its lines, the most frequent first. NotFound also where it is out of scope."""
    row = _scoped(domains).filter(id=report_id).values_list(*_COLUMNS).first()
    if row is None:
        raise NotFound("There is no such report.")
    lines = ReportedRow.objects.filter(report_id=report_id).order_by("-count", "id")
    return Entry(*row), [Line(*one) for one in lines.values_list("source", "host", "result", "is_good", "count", "dkim", "spf", "note")]


def list_sources(*, domain: str, since: int, kind: str = "dmarc", limit: int = 100) -> list[Source]:
    """Where mail in the name of a domain came from, those that failed most first."""
    totals: dict[str, list[int]] = {}
    rows = ReportedRow.objects.filter(report__domain=domain, report__kind=kind, report__ends_at__gte=since)
    for source, is_good, count in rows.values_list("source", "is_good").annotate(Sum("count")):
        totals.setdefault(source, [0, 0])[0 if is_good else 1] += count
    found = [Source(source, good, bad) for source, (good, bad) in totals.items()]
    return sorted(found, key=lambda one: (-one.bad, -one.good, one.source))[:limit]


def _scoped(domains: Collection[str] | None) -> QuerySet[ReceivedReport]:
    found = ReceivedReport.objects.all()
    return found if domains is None else found.filter(domain__in=list(domains))
