"""The Date header as seconds since the epoch, however it is written.

RFC 5322 §3.3, §4.3; the parsing is the standard library's, which has seen as much.
"""

from datetime import date
from email.utils import mktime_tz, parsedate_tz

_MAX_CHARS = 120
_LAST = 253_402_300_799
"""9999-12-31: what every database can hold."""
_Fields = tuple[int, int, int, int, int, int, int, int, int, int | None]


def parse_date(value: str | None) -> int | None:
    """Seconds, UTC; None for what is no date or lies before 1970."""
    return parse_date_and_day(value)[0]


def parse_date_and_day(value: str | None) -> tuple[int | None, int | None]:
    """The date, and its day as written, the zone disregarded (RFC 9051 §6.4.4), as date.toordinal counts."""
    if not value:
        return None, None
    try:
        fields = parsedate_tz(value[:_MAX_CHARS])
        seconds = None if fields is None else _count_seconds(fields)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None, None
    if fields is None or seconds is None:
        return None, None
    try:
        return seconds, date(*fields[:3]).toordinal()
    except ValueError:
        return seconds, None


def _count_seconds(fields: _Fields) -> int | None:
    year, month, day, hour, minute, second = fields[:6]
    if not (1 <= month <= 12 and 1 <= day <= 31 and 0 <= hour <= 24 and 0 <= minute <= 59 and 0 <= second <= 60):
        return None
    zone = fields[9] or 0
    # RFC 5322 §4.3: a year of three digits counts from 1900; programs of 2002 wrote 102.
    seconds = mktime_tz((year + 1900 if 99 < year < 1000 else year, *fields[1:9], zone if abs(zone) <= 86_400 else 0))
    return int(seconds) if 0 <= seconds <= _LAST else None
