"""A message to a report address: read, and kept in rows the pages can show.

Anybody can write such a message; it is kept as what its sender says, for domains of ours only, and
no more than MAX_A_DAY for one of them.
"""

import logging
import time

from django.db import transaction

from mailcore.directory import domains
from mailcore.queue.rows import storable

from ..models import ReceivedReport, ReportedRow
from . import dmarcxml, tlsjson, unpacking
from .unpacking import BadReport
from .values import Report

log = logging.getLogger(__name__)

MAX_A_DAY = 1_000
DAY = 86_400
KEEP_SECONDS = 400 * DAY


def take(raw: bytes, *, now: int | None = None) -> tuple[bool, str]:
    """(whether a report was kept, what was made of the message, in words for its journey). A repetition keeps nothing twice."""
    at = int(time.time()) if now is None else now
    try:
        said = [_keep(report, at) for text in unpacking.find(raw) for report in _parse(text)]
    except BadReport as error:
        return False, f"No report could be read: {error}."
    if not said:
        return False, "No report could be read: there is none in the message."
    return any(kept for kept, _ in said), " ".join(words for _, words in said)[:900]


def purge(*, now: int) -> int:
    return ReceivedReport.objects.filter(received_at__lt=now - KEEP_SECONDS).delete()[0]


def _parse(text: bytes) -> list[Report]:
    return tlsjson.parse(text) if text.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") else [dmarcxml.parse(text)]


def _keep(report: Report, now: int) -> tuple[bool, str]:
    name = {"dmarc": "DMARC", "tls": "TLS"}[report.kind]
    domain = _find_domain(report.domain)
    if not domain:
        return False, f"A {name} report about {report.domain}, which is not a domain of this server."
    if ReceivedReport.objects.filter(domain=domain, received_at__gt=now - DAY).count() >= MAX_A_DAY:
        return False, f"A {name} report about {domain}: too many came today."
    with transaction.atomic():
        row, is_new = ReceivedReport.objects.get_or_create(
            kind=report.kind,
            domain=domain,
            reporter=storable(report.reporter),
            report_id=storable(report.report_id),
            defaults={
                "begins_at": report.begins_at,
                "ends_at": report.ends_at,
                "received_at": now,
                "contact": storable(report.contact),
                "policy": storable(report.policy),
                "good": min(report.good, 2**53),
                "bad": min(report.bad, 2**53),
            },
        )
        if is_new:
            ReportedRow.objects.bulk_create(
                [
                    ReportedRow(
                        report=row,
                        source=storable(line.source),
                        host=storable(line.host),
                        result=storable(line.result),
                        dkim=storable(line.dkim),
                        spf=storable(line.spf),
                        is_good=line.is_good,
                        note=storable(line.note),
                        count=line.count,
                    )
                    for line in report.lines
                ],
                batch_size=500,
            )
    again = "" if is_new else " It was here already."
    return True, f"Read as {name} report of {report.reporter} about {domain}: {report.good} good, {report.bad} not.{again}"


def _find_domain(name: str) -> str:
    """The domain of ours it is about: the name itself, or the one it is below."""
    labels = name.split(".")
    return next((one for start in range(len(labels) - 1) if domains.is_local(name=(one := ".".join(labels[start:])))), "")
