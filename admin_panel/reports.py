"""Reports of other hosts about an actor's domains, as pictures and rows."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from admin_panel.charts import Bars, stack
from mailcore.trust.reports import reading
from mailcore.trust.reports.reading import Day, Entry, Summary

KINDS = ("dmarc", "tls")
SHOWN_DAYS = (7, 30, 90)
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Picture:
    bars: Bars
    ends: tuple[datetime, datetime]
    good: int
    bad: int

    @property
    def total(self) -> int:
        return self.good + self.bad

    @property
    def percent(self) -> float:
        """Of what was good."""
        return 100 * self.good / self.total if self.total else 100.0


def draw(*, domain: str, kind: str, days: int) -> Picture:
    """What passed and what did not, a bar a day."""
    last = int(time.time()) // DAY
    found = {one.day: one for one in reading.list_days(domain=domain, kind=kind, since=(last - days + 1) * DAY)}
    line = [found.get(day, Day(day, 0, 0)) for day in range(last - days + 1, last + 1)]
    good, none, bad = [one.good for one in line], [0] * days, [one.bad for one in line]
    ends = (datetime.fromtimestamp(line[0].day * DAY, UTC), datetime.fromtimestamp(last * DAY, UTC))
    return Picture(stack((good, none, bad)), ends, sum(good), sum(bad))


def when(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def dated(rows: Sequence[Entry]) -> list[tuple[Entry, datetime, datetime]]:
    return [(row, when(row.begins_at), when(row.ends_at)) for row in rows]


def choose(summaries: Sequence[Summary], *, domain: str, kind: str) -> tuple[str, str]:
    """What is asked for where there are reports of it, else what has most that failed."""
    pairs = [(one.domain, one.kind) for one in sorted(summaries, key=lambda one: -one.bad)]
    asked = (domain.strip().lower(), kind)
    if asked in pairs:
        return asked
    return next((pair for pair in pairs if pair[0] == asked[0]), next(iter(pairs), ("", "")))
