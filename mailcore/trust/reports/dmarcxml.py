"""DMARC aggregate reports: XML as in RFC 7489 appendix C, read strictly. Pure.

No document type, no entities, bounded depth and number of elements: what is not a plain report is
not read. Names of elements are taken without their namespace, as reporters differ in it.
"""

import re
from dataclasses import dataclass, field
from xml.parsers import expat

from .unpacking import BadReport
from .values import MAX_ROWS, Line, Report

MAX_DEPTH = 12
MAX_ELEMENTS = 500_000
MAX_TEXT = 1_000
MAX_COUNT = 2**53
_SIZE = 65_536


@dataclass(slots=True)
class _Node:
    name: str
    text: str = ""
    children: list["_Node"] = field(default_factory=list)

    def find(self, *path: str) -> "_Node | None":
        node: _Node | None = self
        for name in path:
            node = next((child for child in node.children if child.name == name), None) if node else None
        return node

    def read(self, *path: str) -> str:
        node = self.find(*path)
        return " ".join(node.text.split())[:MAX_TEXT] if node else ""


class _Reader:
    """Builds the head of the document, and one record at a time."""

    def __init__(self) -> None:
        self.root: _Node | None = None
        self.records: list[_Node] = []
        self._stack: list[_Node] = []
        self._count = 0

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._stack) >= MAX_DEPTH or self._count > MAX_ELEMENTS:
            raise BadReport("it is built too deep or too long")
        self._stack.append(_Node(name.rpartition(":")[2]))

    def text(self, data: str) -> None:
        node = self._stack[-1]
        if len(node.text) < MAX_TEXT:
            node.text += data[:MAX_TEXT]

    def end(self, _name: str) -> None:
        node = self._stack.pop()
        if not self._stack:
            self.root = node
        elif len(self._stack) == 1 and node.name == "record":
            self.records.append(node)
        else:
            self._stack[-1].children.append(node)


def parse(text: bytes) -> Report:
    root, records = _read(text)
    if root.name != "feedback":
        raise BadReport("it is no DMARC report")
    domain = root.read("policy_published", "domain").lower().rstrip(".")
    reporter, report_id = root.read("report_metadata", "org_name"), root.read("report_metadata", "report_id")
    if not domain or not reporter or not report_id:
        raise BadReport("it does not say about whom, by whom or which it is")
    published = root.find("policy_published")
    names = ("p", "sp", "adkim", "aspf", "pct", "fo")
    report = Report(
        kind="dmarc",
        domain=domain[:255],
        reporter=reporter[:255],
        report_id=report_id[:255],
        begins_at=_number(root.read("report_metadata", "date_range", "begin")),
        ends_at=_number(root.read("report_metadata", "date_range", "end")),
        contact=root.read("report_metadata", "email")[:320],
        policy=" ".join(f"{name}={value}" for name in names if published and (value := published.read(name)))[:200],
    )
    for record in records:
        _add(report, record)
    return report


def _read(text: bytes) -> tuple[_Node, list[_Node]]:
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = parser.ExternalEntityRefHandler = _refuse
    try:
        for start in range(0, len(text), _SIZE):
            parser.Parse(text[start : start + _SIZE], start + _SIZE >= len(text))
    except (expat.ExpatError, ValueError, LookupError) as error:
        if isinstance(error, BadReport):
            raise
        raise BadReport("it is no XML that can be read") from error
    if reader.root is None:
        raise BadReport("it is no XML that can be read")
    return reader.root, reader.records


def _refuse(*_: object) -> int:
    raise BadReport("it declares a document type or entities")


def _add(report: Report, record: _Node) -> None:
    count = _number(record.read("row", "count"))
    dkim, spf = record.read("row", "policy_evaluated", "dkim"), record.read("row", "policy_evaluated", "spf")
    is_good = "pass" in (dkim, spf)
    if is_good:
        report.good += count
    else:
        report.bad += count
    if len(report.lines) >= MAX_ROWS:
        return
    results = record.find("auth_results") or _Node("")
    signatures = [f"{one.read('domain')} {one.read('selector')} {one.read('result')}" for one in results.children if one.name == "dkim"]
    senders = [f"{one.read('domain')} {one.read('result')}" for one in results.children if one.name == "spf"]
    evaluated = record.find("row", "policy_evaluated") or _Node("")
    reasons = [f"{one.read('type')} {one.read('comment')}".strip() for one in evaluated.children if one.name == "reason"]
    report.lines.append(
        Line(
            source=record.read("row", "source_ip")[:255],
            host=record.read("identifiers", "header_from")[:255],
            result=(evaluated.read("disposition") or "none")[:60],
            is_good=is_good,
            count=count,
            dkim="; ".join([dkim or "none", *signatures])[:300],
            spf="; ".join([spf or "none", *senders])[:300],
            note="; ".join(reasons)[:400],
        )
    )


def _number(text: str) -> int:
    return min(int(text), MAX_COUNT) if re.fullmatch(r"[0-9]{1,18}", text) else 0
