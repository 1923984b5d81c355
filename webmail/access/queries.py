"""What people type into the search box, as a Query.

`from: to: subject: in: before: after: has:attachment is:unread is:starred`, words, and "exact phrases".
An operator that cannot be understood is named, never silently dropped.
"""

import re
from datetime import date
from typing import Any

from .port import Query

_TERM = re.compile(r'(?:(?P<operator>[a-z]+):)?(?:"(?P<phrase>[^"]*)"|(?P<word>\S+))', re.I)
_LISTS = {"from": "sender", "to": "recipient", "subject": "subject"}
_SWITCHES = {("has", "attachment"): "has_attachment", ("is", "unread"): "is_unread", ("is", "starred"): "is_starred"}
MAX_TERMS = 20


def parse_query(text: str) -> Query:
    lists: dict[str, list[str]] = {"words": [], "sender": [], "recipient": [], "subject": []}
    others: dict[str, Any] = {}
    faults: list[str] = []
    for match in list(_TERM.finditer(text[:1_000]))[:MAX_TERMS]:
        operator = (match["operator"] or "").lower()
        value = match["phrase"] if match["phrase"] is not None else match["word"]
        if not operator or operator in ("http", "https"):
            lists["words"].append(match.group().strip('"'))
        elif operator in _LISTS:
            lists[_LISTS[operator]].append(value)
        elif (operator, value.lower()) in _SWITCHES:
            others[_SWITCHES[(operator, value.lower())]] = True
        elif operator in ("before", "after") and (day := read_day(value)):
            others[operator] = day
        elif operator == "in":
            others["folder"] = "INBOX" if value.casefold() == "inbox" else value
        else:
            faults.append(match.group())
    fields: dict[str, Any] = {name: tuple(found) for name, found in lists.items()}
    return Query(**fields, **others, faults=tuple(faults))


def read_day(text: str) -> date | None:
    """2026-11-24, 2026-11 or 2026."""
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
