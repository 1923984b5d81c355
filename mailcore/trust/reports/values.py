"""A report as a value, whichever kind it is. Pure."""

from dataclasses import dataclass, field

MAX_ROWS = 5_000
"""Kept of one report; the counts are of all."""


@dataclass(frozen=True, slots=True)
class Line:
    source: str
    host: str
    result: str
    is_good: bool
    count: int
    dkim: str = ""
    spf: str = ""
    note: str = ""


@dataclass(slots=True)
class Report:
    kind: str
    """dmarc or tls."""
    domain: str
    reporter: str
    report_id: str
    begins_at: int
    ends_at: int
    contact: str = ""
    policy: str = ""
    good: int = 0
    bad: int = 0
    lines: list[Line] = field(default_factory=list)
