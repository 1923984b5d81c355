"""UID sets as text, the form in which the journal keeps them (RFC 9051 sequence-set, numbers only)."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def join(uids: Iterable[int]) -> str:
    """The shortest set text of ascending, distinct UIDs."""
    parts: list[str] = []
    start = end = -1
    for uid in uids:
        if uid == end + 1 and start > 0:
            end = uid
            continue
        if start > 0:
            parts.append(_write_range(start, end))
        start = end = uid
    if start > 0:
        parts.append(_write_range(start, end))
    return ",".join(parts)


def split(text: str) -> Iterator[int]:
    for part in text.split(","):
        low, _, high = part.partition(":")
        yield from range(int(low), int(high or low) + 1)


def split_ranges(text: str) -> Iterator[tuple[int, int]]:
    """(first, last) of each part, without counting them out."""
    for part in text.split(","):
        low, _, high = part.partition(":")
        yield int(low), int(high or low)


def merge(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ascending, apart, neighbours joined."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(merged[-1][1], last)
        else:
            merged.append((first, last))
    return merged


def find_gaps(uids: Sequence[int], end: int) -> list[tuple[int, int]]:
    """What lies between ascending UIDs, from 1 up to and without `end`."""
    gaps, expected = [], 1
    for uid in (*uids, end):
        if uid > expected:
            gaps.append((expected, uid - 1))
        expected = uid + 1
    return gaps


def chunk(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _write_range(start: int, end: int) -> str:
    return str(start) if start == end else f"{start}:{end}"
