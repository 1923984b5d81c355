"""`date` and `currentdate` (RFC 5260 §4, §5)."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import format_datetime, parsedate_to_datetime

from .. import tags
from ..compiler import Compiler, TestWord
from ..faults import ScriptFault
from ..run import Condition, Run
from ..signatures import Bound, Kind, Signature, TagRule
from .fields import raw_values

_ZONE_TEXT = re.compile(r"[+-](?:[01][0-9]|2[0-3])[0-5][0-9]\Z")
_MJD_EPOCH = 678_576
"""Ordinal of 17 November 1858, where the Modified Julian Day counts from."""


def _zone_text(when: datetime) -> str:
    minutes = int((when.utcoffset() or timedelta()).total_seconds()) // 60
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}{abs(minutes) % 60:02d}"


PARTS: dict[str, Callable[[datetime], str]] = {
    "year": lambda when: f"{when.year:04d}",
    "month": lambda when: f"{when.month:02d}",
    "day": lambda when: f"{when.day:02d}",
    "date": lambda when: f"{when.year:04d}-{when.month:02d}-{when.day:02d}",
    "julian": lambda when: str(when.toordinal() - _MJD_EPOCH),
    "hour": lambda when: f"{when.hour:02d}",
    "minute": lambda when: f"{when.minute:02d}",
    "second": lambda when: f"{when.second:02d}",
    "time": lambda when: f"{when.hour:02d}:{when.minute:02d}:{when.second:02d}",
    "iso8601": lambda when: when.replace(microsecond=0).isoformat(),
    "std11": format_datetime,
    "zone": _zone_text,
    "weekday": lambda when: str((when.weekday() + 1) % 7),
}


def _date(compiler: Compiler, bound: Bound) -> Condition:
    name = compiler.string(bound.strings(0))
    if name.constant is None:
        raise ScriptFault(name.place, "the header name cannot hold variables")
    field = name.constant.lower()
    part, zone = _part(compiler, bound, 1), _zone(compiler, bound)
    keep_zone = bound.has("originalzone")
    matcher = compiler.matcher(bound, compiler.strings(bound.strings(2)))
    values_of = raw_values(compiler, bound)

    def condition(run: Run) -> bool:
        texts: list[str] = []
        for value in values_of(run, field):
            when = read_date(value)
            if when is not None:
                shown = when if keep_zone else _move(when, zone or run.world.now.tzinfo or UTC)
                texts.append(part(shown))
        return matcher(run, texts)

    return condition


def _currentdate(compiler: Compiler, bound: Bound) -> Condition:
    part, zone = _part(compiler, bound, 0), _zone(compiler, bound)
    matcher = compiler.matcher(bound, compiler.strings(bound.strings(1)))

    def condition(run: Run) -> bool:
        now = run.world.now
        return matcher(run, [part(_move(now, zone) if zone is not None else now)])

    return condition


def read_date(value: str) -> datetime | None:
    """The date a value holds, after the last semicolon where it has one (Received). Aware."""
    try:
        when = parsedate_to_datetime(value.rpartition(";")[2].strip()[:120])
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when


def _move(when: datetime, zone: tzinfo) -> datetime:
    try:
        return when.astimezone(zone)
    except (OverflowError, ValueError):
        return when


def _part(compiler: Compiler, bound: Bound, index: int) -> Callable[[datetime], str]:
    name = compiler.constant(bound.strings(index), "the part of a date").lower()
    if name not in PARTS:
        raise ScriptFault(bound.strings(index).place, f"“{name}” is no part of a date; known are {', '.join(PARTS)}")
    return PARTS[name]


def _zone(compiler: Compiler, bound: Bound) -> tzinfo | None:
    written = bound.tag_strings("zone")
    if written is None:
        return None
    text = compiler.constant(written, "“:zone”")
    if not _ZONE_TEXT.match(text):
        raise ScriptFault(written.place, "a zone is written +hhmm or -hhmm")
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[3:]))
    return timezone(-offset if text[0] == "-" else offset)


_ZONE = {"zone": TagRule(Kind.STRING, "zone")}
_BOTH_ZONES = _ZONE | {"originalzone": TagRule(None, "zone")}
TESTS: dict[str, TestWord] = {
    "date": TestWord(Signature(tags=tags.MATCH | tags.INDEX | _BOTH_ZONES, values=(Kind.STRING, Kind.STRING, Kind.STRINGS)), _date, "date"),
    "currentdate": TestWord(Signature(tags=tags.MATCH | _ZONE, values=(Kind.STRING, Kind.STRINGS)), _currentdate, "date"),
}
