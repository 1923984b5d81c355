"""What SEARCH and SORT found, written as the client asked: the old response or ESEARCH with its parts.

RFC 4731 §3.1, RFC 5267 §3 (ESORT), RFC 9394 §3.1 (PARTIAL), RFC 7162 §3.1.5, §3.1.10 (MODSEQ), RFC 5182 §2.1 (SAVE),
RFC 6203 §4 (RELEVANCY).
"""

from collections.abc import Iterator, Sequence

from ..grammar.responses import write_numbers
from ..grammar.search import Returns
from ..grammar.sequences import compact, write_set
from .core import CHUNK
from .view import View

_PER_CHUNK = CHUNK // 8
Places = Sequence[int]
"""Positions of what was found, in the order in which it is told."""


_NOT_TOLD = frozenset((b"SAVE", b"UPDATE", b"CONTEXT"))


def is_told(returns: Returns) -> bool:
    """Whether something of a result is to be said, and not only kept."""
    return bool(returns.words - _NOT_TOLD or returns.partial)


def write_old(verb: bytes, numbers: Sequence[int], highest: int) -> Iterator[bytes]:
    for start in range(0, max(len(numbers), 1), _PER_CHUNK):
        yield write_numbers(b"* " + verb if not start else b"", numbers[start : start + _PER_CHUNK])
    yield b" (MODSEQ %d)\r\n" % highest if highest else b"\r\n"


def find_highest(view: View, places: Places, returns: Returns | None) -> int:
    """The highest modseq of what is told; 0 where nothing is. MIN and MAX alone tell only of those two."""
    told = places
    if returns is not None and returns.words & {b"MIN", b"MAX"} and not returns.words & {b"ALL", b"COUNT"}:
        told = pick(places, returns)
    return max((view.modseqs[place] for place in told), default=0)


def pick(places: Places, returns: Returns) -> Places:
    """What MIN, MAX and PARTIAL name, ascending; everything where ALL or COUNT, or none of them, is asked (RFC 9394 §3.2)."""
    if returns.words & {b"ALL", b"COUNT"} or not (returns.words & {b"MIN", b"MAX"} or returns.partial):
        return sorted(places)
    picked = set(cut(places, returns.partial)) if returns.partial else set()
    if places and b"MIN" in returns.words:
        picked.add(places[0])
    if places and b"MAX" in returns.words:
        picked.add(places[-1])
    return sorted(picked)


def cut(items: Sequence[int], partial: tuple[int, int]) -> Sequence[int]:
    """The items of a range of ranks; negative ones count from the end (RFC 9394 §3.1)."""
    low, high = sorted(map(abs, partial))
    if partial[0] > 0:
        return items[low - 1 : high]
    return items[max(len(items) - high, 0) : max(len(items) - low + 1, 0)]


def write_extended(head: bytes, numbers: Sequence[int], returns: Returns, highest: int, scores: Sequence[int] = ()) -> bytes:
    """`head` is what stands before the first part, e.g. `* ESEARCH (TAG "a") UID`; `scores` go with the numbers."""
    pieces = [head]
    if numbers:
        if b"MIN" in returns.words:
            pieces.append(b"MIN %d" % numbers[0])
        if b"MAX" in returns.words:
            pieces.append(b"MAX %d" % numbers[-1])
        if b"ALL" in returns.words:
            pieces.append(b"ALL " + write_set(compact(numbers)))
    if b"COUNT" in returns.words:
        pieces.append(b"COUNT %d" % len(numbers))
    if returns.partial:
        part = cut(numbers, returns.partial)
        pieces.append(b"PARTIAL (%d:%d %b)" % (*returns.partial, write_set(compact(part)) if part else b"NIL"))
    if b"RELEVANCY" in returns.words and numbers:
        pieces.append(b"RELEVANCY (%b)" % write_numbers(b"", cut(scores, returns.partial) if returns.partial else scores)[1:])
    if highest and numbers:
        pieces.append(b"MODSEQ %d" % highest)
    return b" ".join(pieces) + b"\r\n"
