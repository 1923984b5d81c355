"""Counts of one day as the documents other domains ask for. RFC 7489 appendix C, RFC 8460 §4.4. Pure."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from ..dmarc import Policy


@dataclass(frozen=True, slots=True)
class Reporter:
    name: str
    contact: str


@dataclass(frozen=True, slots=True)
class DmarcCount:
    author: str
    source: str
    disposition: str
    dkim_aligned: bool
    spf_aligned: bool
    spf_domain: str
    spf_result: str
    dkim: str
    """`domain selector result` of each signature, parted by commas."""
    override: str
    count: int


@dataclass(frozen=True, slots=True)
class TlsCount:
    policy: str
    result: str
    host: str
    address: str
    count: int


def write_dmarc(policy: Policy, counts: Iterable[DmarcCount], *, reporter: Reporter, report_id: str, begin: int) -> bytes:
    alignment = {False: "r", True: "s"}
    published = (
        ("domain", policy.domain),
        ("adkim", alignment[policy.strict_dkim]),
        ("aspf", alignment[policy.strict_spf]),
        ("p", policy.policy),
        ("sp", policy.subdomain_policy),
        ("pct", str(policy.percent)),
    )
    head = _element("org_name", reporter.name) + _element("email", reporter.contact) + _element("report_id", report_id)
    head += f"<date_range>{_element('begin', str(begin))}{_element('end', str(begin + 86_399))}</date_range>"
    body = "".join(_record(one) for one in counts)
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<feedback><version>1.0</version><report_metadata>{head}</report_metadata>\n'
        f"<policy_published>{''.join(_element(name, value) for name, value in published)}</policy_published>\n{body}</feedback>\n"
    )
    return text.encode("utf-8", "replace")


def _record(one: DmarcCount) -> str:
    says = {False: "fail", True: "pass"}
    reason = f"<reason>{_element('type', one.override)}</reason>" if one.override else ""
    evaluated = (
        f"<policy_evaluated>{_element('disposition', one.disposition)}{_element('dkim', says[one.dkim_aligned])}"
        f"{_element('spf', says[one.spf_aligned])}{reason}</policy_evaluated>"
    )
    row = f"<row>{_element('source_ip', one.source)}{_element('count', str(one.count))}{evaluated}</row>"
    signatures = ""
    for words in filter(None, one.dkim.split(",")):
        domain, _, rest = words.partition(" ")
        selector, _, result = rest.partition(" ")
        inner = _element("domain", domain) + _element("selector", selector) + _element("result", result)
        signatures += f"<dkim>{inner}</dkim>"
    results = f"{signatures}<spf>{_element('domain', one.spf_domain)}{_element('result', one.spf_result)}</spf>"
    return f"<record>{row}<identifiers>{_element('header_from', one.author)}</identifiers><auth_results>{results}</auth_results></record>\n"


def write_tls(domain: str, counts: Sequence[TlsCount], *, reporter: Reporter, report_id: str, begin: int) -> bytes:
    policies = []
    for kind in dict.fromkeys(one.policy for one in counts):
        mine = [one for one in counts if one.policy == kind]
        policies.append(
            {
                "policy": {"policy-type": kind, "policy-domain": domain},
                "summary": {
                    "total-successful-session-count": sum(one.count for one in mine if not one.result),
                    "total-failure-session-count": sum(one.count for one in mine if one.result),
                },
                "failure-details": [_detail(one) for one in mine if one.result],
            }
        )
    report = {
        "organization-name": reporter.name,
        "date-range": {"start-datetime": _time(begin), "end-datetime": _time(begin + 86_399)},
        "contact-info": reporter.contact,
        "report-id": report_id,
        "policies": policies,
    }
    return json.dumps(report).encode()


def _detail(one: TlsCount) -> dict[str, object]:
    found: dict[str, object] = {"result-type": one.result, "failed-session-count": one.count}
    if one.host:
        found["receiving-mx-hostname"] = one.host
    if one.address:
        found["receiving-ip"] = one.address
    return found


def _time(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _element(name: str, text: str) -> str:
    return f"<{name}>{escape(''.join(char for char in text if char.isprintable()))}</{name}>"
