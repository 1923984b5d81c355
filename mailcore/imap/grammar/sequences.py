"""Sequence sets: `1:4,7,9:*` (RFC 3501 §9 sequence-set).

A set is a tuple of (first, last) as written, `*` being STAR. It is resolved against a
folder as ranges of positions, so `1:*` costs nothing whatever the folder's size.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence

from .cursor import BadCommand, Cursor

STAR = 0
SequenceSet = tuple[tuple[int, int], ...]
SAVED: SequenceSet = ((-1, -1),)
"""`$`: what the last SEARCH with RETURN (SAVE) found (RFC 5182 §2.1). Resolved by who knows that."""
_SET = re.compile(rb"\$|(?:[1-9]\d{0,9}|\*)(?::(?:[1-9]\d{0,9}|\*))?(?:,(?:[1-9]\d{0,9}|\*)(?::(?:[1-9]\d{0,9}|\*))?)*")
_PARTIAL = re.compile(rb"-?[1-9]\d{0,9}:-?[1-9]\d{0,9}")
_MAX = 0xFFFFFFFF


def parse_set(cursor: Cursor, *, star: bool = True) -> SequenceSet:
    ranges = read_set(cursor.match(_SET, "a sequence set"))
    if not star and any(STAR in one for one in ranges):
        raise BadCommand("A * cannot stand there")
    return ranges


def read_set(text: bytes) -> SequenceSet:
    """The value of a text that is a sequence set; raises BadCommand."""
    if text == b"$":
        return SAVED
    ranges = []
    for part in text.split(b","):
        first, colon, last = part.partition(b":")
        low = _read_number(first)
        ranges.append((low, _read_number(last) if colon else low))
    return tuple(ranges)


def _read_number(text: bytes) -> int:
    if text == b"*":
        return STAR
    if not text.isdigit() or not 0 < int(text) <= _MAX:
        raise BadCommand("That is not a sequence set")
    return int(text)


def write_set(ranges: SequenceSet) -> bytes:
    return b",".join(_write_range(first, last) for first, last in ranges)


def _write_range(first: int, last: int) -> bytes:
    if first == last:
        return b"%d" % first if first else b"*"
    return b"%b:%b" % (b"%d" % first if first else b"*", b"%d" % last if last else b"*")


def compact(numbers: Iterable[int]) -> SequenceSet:
    """Numbers in their order as a set, runs of neighbours folded."""
    ranges: list[tuple[int, int]] = []
    first = last = -1
    for number in numbers:
        if number == last + 1 and first >= 0:
            last = number
            continue
        if first >= 0:
            ranges.append((first, last))
        first = last = number
    if first >= 0:
        ranges.append((first, last))
    return tuple(ranges)


def count_numbers(ranges: SequenceSet) -> int:
    return sum(abs(last - first) + 1 for first, last in ranges)


def list_numbers(ranges: SequenceSet) -> Iterator[int]:
    """Every number of a set without `*`, in the order written."""
    for first, last in ranges:
        yield from range(first, last + 1) if first <= last else range(first, last - 1, -1)


def intersect(ranges: SequenceSet, among: SequenceSet, *, top: int) -> SequenceSet:
    """What of ascending, separate `ranges` lies in `among` (any order; `*` is `top`), as a set of the same kind."""
    wanted = merge([range(low, high + 1) for low, high in (sorted((first or top, last or top)) for first, last in among)])
    found: list[tuple[int, int]] = []
    at = 0
    for first, last in ranges:
        while at < len(wanted) and wanted[at].stop <= first:
            at += 1
        here = at
        while here < len(wanted) and wanted[here].start <= last:
            found.append((max(first, wanted[here].start), min(last, wanted[here].stop - 1)))
            here += 1
    return tuple(found)


def resolve_numbers(ranges: SequenceSet, count: int, *, strict: bool = True) -> list[range]:
    """Positions (from 0) of message sequence numbers; BadCommand for one that does not exist.

    With `*` in a range, or not strict, what lies beyond the last message is left out.
    """
    found = []
    for first, last in ranges:
        if strict and STAR not in (first, last) and max(first, last) > count:
            raise BadCommand("There is no message with that number")
        low, high = sorted((first or count, last or count))
        found.append(range(max(low, 1) - 1, min(high, count)))
    return merge(found)


def resolve_uids(ranges: SequenceSet, uids: Sequence[int]) -> list[range]:
    """Positions of the messages that have these UIDs; UIDs that do not exist are left out."""
    top = uids[-1] if uids else 0
    found = []
    for first, last in ranges:
        low, high = sorted((first or top, last or top))
        found.append(range(bisect_left(uids, low), bisect_right(uids, high)))
    return merge(found)


def merge(ranges: list[range]) -> list[range]:
    """Ascending, without overlap, neighbours joined, empty ones dropped."""
    merged: list[range] = []
    for one in sorted((one for one in ranges if one), key=lambda one: one.start):
        if merged and one.start <= merged[-1].stop:
            merged[-1] = range(merged[-1].start, max(merged[-1].stop, one.stop))
        else:
            merged.append(one)
    return merged


def parse_partial(cursor: Cursor) -> tuple[int, int]:
    """`1:100`, or `-1:-100` from the end (RFC 9394 §3.1)."""
    text = cursor.match(_PARTIAL, "a range")
    first, last = map(int, text.split(b":"))
    if (first < 0) != (last < 0):
        raise BadCommand("Both ends of a range count from the same side")
    return first, last


def cut_ranges(ranges: list[range], partial: tuple[int, int]) -> list[range]:
    """Of the positions in ascending ranges, those of these ranks; negative ones count from the end."""
    total = sum(map(len, ranges))
    low, high = sorted(map(abs, partial))
    first, last = (low - 1, high) if partial[0] > 0 else (total - high, total - low + 1)
    kept, passed = [], 0
    for one in ranges:
        kept.append(one[max(first - passed, 0) : max(last - passed, 0)])
        passed += len(one)
    return merge(kept)
