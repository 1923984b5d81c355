"""What people type into the search box, as a Query.

`from: to: subject: filename: in: label: before: after: larger: smaller: has:attachment is:unread` and
its kin, words, "exact phrases" and -words. An operator that cannot be understood is named, never silently dropped.
"""

import re
from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from .port import Query

# A quote that is still open while a person types holds for the rest.
_TERM = re.compile(r'(?P<minus>-)?(?:(?P<operator>[a-z]+):)?(?:"(?P<phrase>[^"]*)(?:"|\Z)|(?P<word>\S+))', re.I)
_LISTS = {"from": "sender", "to": "recipient", "subject": "subject", "filename": "filename"}
_SWITCHES = {
    ("has", "attachment"): "has_attachment",
    ("is", "unread"): "is_unread",
    ("is", "read"): "is_read",
    ("is", "starred"): "is_starred",
    ("is", "unanswered"): "is_unanswered",
    ("is", "list"): "is_list",
}
_SIZE = re.compile(r"(\d{1,9})(?:[.,](\d))?\s*([kmg]?)b?\Z", re.I)
_AGO = re.compile(r"(\d{1,4})([dwmy])\Z", re.I)
_UNITS = {"": 1, "k": 1_000, "m": 1_000_000, "g": 1_000_000_000}
_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}
MAX_TERMS = 20


def parse_query(text: str) -> Query:
    lists: dict[str, list[str]] = {name: [] for name in ("words", "without", *_LISTS.values())}
    others: dict[str, Any] = {}
    faults: list[str] = []
    for match in list(_TERM.finditer(text[:1_000]))[:MAX_TERMS]:
        operator = (match["operator"] or "").lower()
        value = match["phrase"] if match["phrase"] is not None else match["word"]
        if match["minus"] and not operator:
            lists["without"].append(value)
        elif not operator or operator in ("http", "https"):
            lists["words"].append(match.group().strip('"'))
        elif match["minus"] or not value:
            faults.append(match.group())
        elif operator in _LISTS:
            lists[_LISTS[operator]].append(value)
        elif (operator, value.lower()) in _SWITCHES:
            others[_SWITCHES[(operator, value.lower())]] = True
        elif not (found := _read_other(operator, value)):
            faults.append(match.group())
        else:
            others |= found
    fields: dict[str, Any] = {name: tuple(found) for name, found in lists.items()}
    return Query(**fields, **others, faults=tuple(faults))


def _read_other(operator: str, value: str) -> dict[str, Any]:
    if operator in ("before", "after") and (day := read_day(value)):
        return {operator: day}
    if operator in ("larger", "smaller") and (size := read_size(value)) is not None:
        return {operator: size}
    if operator == "in":
        return {"folder": "INBOX" if value.casefold() == "inbox" else value}
    if operator == "label":
        return {"label": value}
    return {}


def read_size(text: str) -> int | None:
    """5M, 200k, 1.5 MB, 300: octets."""
    match = _SIZE.match(text)
    if match is None:
        return None
    return (int(match[1]) * 10 + int(match[2] or 0)) * _UNITS[match[3].lower()] // 10


def read_day(text: str) -> date | None:
    """2026-11-24, 2026-11 or 2026; 3d, 2w, 6m or 1y ago."""
    ago = _AGO.match(text)
    if ago:
        return timezone.localdate() - timedelta(days=int(ago[1]) * _DAYS[ago[2].lower()])
    parts = text.replace("/", "-").split("-")
    if not 1 <= len(parts) <= 3 or not all(part.isdecimal() and part.isascii() for part in parts):
        return None
    year, month, day = (*map(int, parts), 1, 1)[:3]
    try:
        return date(year, month, day)
    except ValueError:
        return None


def is_empty(query: Query) -> bool:
    return query == Query()
