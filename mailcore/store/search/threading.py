"""THREAD over columns (RFC 5256 §3; REFS as draft-ietf-morg-inthread describes it).

Messages are rows, missing ones rows beyond the last; links are plain lists of numbers, so that
100,000 messages make no object each.
"""

from array import array
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import compress

from mailcore.kernel.mailstore import Threading, Threads

from ..models import Folder
from . import columns, ordering
from .columns import Columns
from .index import Index
from .linking import link

Children = dict[int, list[int]]


def thread(folder: Folder, how: Threading, uids: Sequence[int]) -> Threads:
    """See kernel.mailstore.MailStore.thread."""
    if not uids:
        return Threads(array("I"), array("I"))
    return columns.use(folder, uids[-1], partial(_thread, how, uids))


def _thread(how: Threading, uids: Sequence[int], _: Index, rows: Columns) -> Threads:
    asked = rows.mask(uids)
    key = ("thread", how)
    if 0 in asked:
        return _build(how, rows, list(compress(range(len(asked)), asked)))
    known = rows.remembered.get(key)
    if not isinstance(known, Threads):
        known = rows.remembered[key] = _build(how, rows, list(range(len(asked))))
    return known


def _build(how: Threading, rows: Columns, places: list[int]) -> Threads:
    if how == "orderedsubject":
        return _flatten(rows, *_by_subject(rows, places))
    forest = _Forest(rows, *link(rows, places))
    forest.sort()
    if how == "references":
        forest.join_subjects()
    else:
        forest.sort_roots_by_newest()
    return _flatten(rows, forest.roots, forest.children)


def _by_subject(rows: Columns, places: list[int]) -> tuple[list[int], Children]:
    """RFC 5256 §3 ORDEREDSUBJECT: the oldest of each base subject with the others below it, all by the date they were sent."""
    dates, subjects = rows.numbers("sent_at"), rows.lines("base")
    places.sort(key=dates.__getitem__)
    first: dict[str, int] = {}
    children: Children = {}
    for place in places:
        root = first.setdefault(subjects[place], place)
        if root != place:
            children.setdefault(root, []).append(place)
    return list(first.values()), children


class _Forest:
    """Trees under the sort and the joining of RFC 5256 §3 REFERENCES, steps 4 to 6. Rows from `count` on are dummies, all roots."""

    def __init__(self, rows: Columns, roots: list[int], children: Children, top: int) -> None:
        self.roots = roots
        self.children = children
        self._rows = rows
        self._count = len(rows.uids)
        self._ranks = list(range(self._count))
        """By the date they were sent, then by place; a dummy has its first child's."""
        for rank, place in enumerate(ordering.order(rows, (("date", False),))):
            self._ranks[place] = rank
        self._ranks += [0] * (top - self._count)

    def is_dummy(self, place: int) -> bool:
        return place >= self._count

    def sort(self) -> None:
        """Step 4."""
        for place, below in self.children.items():
            if len(below) > 1:
                self._sort_below(place)
        self.roots.sort(key=self._ranks.__getitem__)

    def _sort_below(self, place: int) -> None:
        below = self.children[place]
        below.sort(key=self._ranks.__getitem__)
        if self.is_dummy(place):
            self._ranks[place] = self._ranks[below[0]]

    def sort_roots_by_newest(self) -> None:
        """REFS: the conversation with the newest arrival last."""
        arrivals = self._rows.numbers("internaldate")
        newest: dict[int, tuple[int, int]] = {}
        for root in self.roots:
            below = [place for place in _walk(root, self.children) if place < self._count]
            newest[root] = max((arrivals[place], place) for place in below)
        self.roots.sort(key=newest.__getitem__)

    def join_subjects(self) -> None:
        """Step 5: roots of one base subject become one conversation."""
        subjects, is_reply = self._rows.packed("base").split(b"\n"), self._rows.packed("is_reply")
        holders: dict[bytes, int] = {}
        named: list[tuple[int, bytes]] = []
        for root in self.roots:
            first = self.children[root][0] if self.is_dummy(root) else root
            subject = subjects[first]
            named.append((root, subject))
            held = holders.get(subject)
            if subject and (held is None or self._is_better(root, held, is_reply)):
                holders[subject] = root
        kept: dict[int, None] = {}
        grown: set[int] = set()
        for root, subject in named:
            held = holders.get(subject, root)
            if held == root:
                kept[root] = None
                continue
            joined = self._join(root, held, is_reply)
            grown.add(joined)
            if joined != held:
                holders[subject] = joined
                kept.pop(held, None)
                kept[joined] = None
        self.roots = list(kept)
        for place in grown & self.children.keys():
            self._sort_below(place)
        self.roots.sort(key=self._ranks.__getitem__)

    def _is_better(self, root: int, held: int, is_reply: bytes) -> bool:
        if self.is_dummy(held):
            return False
        return self.is_dummy(root) or (bool(is_reply[held]) and not is_reply[root])

    def _join(self, root: int, held: int, is_reply: bytes) -> int:
        """Put `root` into the conversation of `held`; the root of both then."""
        if self.is_dummy(held):
            self.children[held] += self.children.pop(root) if self.is_dummy(root) else [root]
            return held
        if not self.is_dummy(root) and is_reply[root] and not is_reply[held]:
            self.children.setdefault(held, []).append(root)
            return held
        dummy = len(self._ranks)
        self._ranks.append(0)
        self.children[dummy] = [held, *(self.children.pop(root) if self.is_dummy(root) else [root])]
        return dummy


def _walk(root: int, children: Children) -> Iterator[int]:
    waiting = [root]
    while waiting:
        place = waiting.pop()
        yield place
        if place in children:
            waiting += reversed(children[place])


def _flatten(rows: Columns, roots: Sequence[int], children: Children) -> Threads:
    places: list[int] = []
    counts = array("I")
    for root in roots:
        if root not in children:
            places.append(root)
            counts.append(0)
            continue
        waiting = [root]
        while waiting:
            place = waiting.pop()
            places.append(place)
            below = children.get(place, ())
            counts.append(len(below))
            waiting += below[::-1]
    uids = [*rows.uids, *[0] * (max(places, default=0) + 1 - len(rows.uids))]
    return Threads(array("I", map(uids.__getitem__, places)), counts)
