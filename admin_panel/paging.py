"""Pages of long lists by the key of a row, so that the last costs as much as the first.

The count goes to a bound only: nobody reads "200,003" better than "10,000 or more", and counting costs.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

PAGE = 50
COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class Page:
    rows: list[Any]
    count: int
    """At most COUNTED + 1."""
    after: str
    """The token of the next page; "" where this is the last."""
    before: str
    """The token of the page above; "" where this is the first."""

    @property
    def counted(self) -> str:
        return f"{COUNTED:,} or more" if self.count > COUNTED else f"{self.count:,}"


def turn(rows: QuerySet[Any], *, key: Sequence[str], after: str = "", before: str = "") -> Page:
    """One page in the order of `key`, whose fields together are unique. A token nobody made here is the first page."""
    count = rows.order_by()[: COUNTED + 1].count()
    mark = _read(after or before, len(key))
    is_back = bool(before and not after and mark)
    found = rows.order_by(*(f"-{field}" if is_back else field for field in key))
    if mark:
        found = found.filter(_beyond(key, mark, is_back))
    picked = list(found[: PAGE + 1])
    has_more = len(picked) > PAGE
    picked = picked[:PAGE][::-1] if is_back else picked[:PAGE]
    follows, precedes = (True, has_more) if is_back else (has_more, bool(mark))
    return Page(
        picked,
        count,
        _write(picked[-1], key) if picked and follows else "",
        _write(picked[0], key) if picked and precedes else "",
    )


def _beyond(key: Sequence[str], mark: list[str], is_back: bool) -> Q:
    """(a, b) > (x, y), said so that an index on the first field is entered at x."""
    edge, side = ("lte", "gte") if is_back else ("gte", "lte")
    found = Q(**{f"{key[0]}__{edge}": mark[0]})
    if len(key) == 1:
        return found & ~Q(**{key[0]: mark[0]})
    return found & ~Q(**{key[0]: mark[0], f"{key[1]}__{side}": mark[1]})


def _write(row: Any, key: Sequence[str]) -> str:
    values = []
    for field in key:
        value = row
        for name in field.split("__"):
            value = getattr(value, name)
        values.append(str(value))
    return json.dumps(values)


def _read(token: str, length: int) -> list[str]:
    try:
        found = json.loads(token) if token else []
    except ValueError:
        return []
    is_ours = isinstance(found, list) and len(found) == length and all(isinstance(value, str) for value in found)
    return found if is_ours else []
