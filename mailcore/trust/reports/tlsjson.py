"""TLS reports: JSON as in RFC 8460 §4.4. Pure. One message may hold several domains: one report each."""

import json
from datetime import datetime
from typing import Any

from .unpacking import BadReport
from .values import MAX_ROWS, Line, Report

MAX_POLICIES = 100
MAX_COUNT = 2**53


def parse(text: bytes) -> list[Report]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadReport("it is no JSON that can be read") from error
    whole = _mapping(found)
    reporter, report_id = _text(whole, "organization-name"), _text(whole, "report-id")
    policies = whole.get("policies")
    if not reporter or not report_id or not isinstance(policies, list):
        raise BadReport("it is no TLS report")
    dates = _mapping(whole.get("date-range"))
    reports: dict[str, Report] = {}
    for one in policies[:MAX_POLICIES]:
        policy = _mapping(_mapping(one).get("policy"))
        domain = _text(policy, "policy-domain").lower().rstrip(".")
        if not domain:
            continue
        report = reports.setdefault(
            domain,
            Report(
                "tls",
                domain,
                reporter,
                report_id,
                _time(dates, "start-datetime"),
                _time(dates, "end-datetime"),
                _text(whole, "contact-info"),
            ),
        )
        _add(report, _mapping(one), policy)
    if not reports:
        raise BadReport("it names no domain")
    return list(reports.values())


def _add(report: Report, one: dict[str, Any], policy: dict[str, Any]) -> None:
    kind = _text(policy, "policy-type")
    report.policy = ", ".join(dict.fromkeys([*report.policy.split(", "), kind])).strip(", ")[:200]
    summary = _mapping(one.get("summary"))
    good = _number(summary, "total-successful-session-count")
    report.good += good
    report.bad += _number(summary, "total-failure-session-count")
    if good:
        report.lines.append(Line("", "", f"success ({kind})"[:60], True, good))
    details = one.get("failure-details")
    for detail in (details if isinstance(details, list) else [])[: MAX_ROWS - len(report.lines)]:
        row = _mapping(detail)
        why = (_text(row, "failure-reason-code"), _text(row, "additional-information"))
        report.lines.append(
            Line(
                source=_text(row, "sending-mta-ip"),
                host=_text(row, "receiving-mx-hostname") or _text(row, "receiving-ip"),
                result=_text(row, "result-type")[:60] or "unknown",
                is_good=False,
                count=_number(row, "failed-session-count"),
                note=" ".join(part for part in why if part)[:400],
            )
        )


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(found: dict[str, Any], name: str) -> str:
    value = found.get(name)
    return " ".join(value.split())[:255] if isinstance(value, str) else ""


def _number(found: dict[str, Any], name: str) -> int:
    value = found.get(name)
    return min(max(value, 0), MAX_COUNT) if isinstance(value, int) and not isinstance(value, bool) else 0


def _time(found: dict[str, Any], name: str) -> int:
    try:
        return max(0, int(datetime.fromisoformat(_text(found, name)).timestamp()))
    except (ValueError, OverflowError):
        return 0
