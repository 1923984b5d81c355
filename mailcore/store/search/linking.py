"""Parents and children by Message-ID (RFC 5256 §3 REFERENCES, steps 1 to 3)."""

from collections.abc import Sequence

from .columns import Columns

MAX_CLIMB = 2_000
"""Steps up a tree to see whether a link would close a circle; a deeper tree gets no further link."""
NONE = -1


def link(rows: Columns, places: Sequence[int]) -> tuple[list[int], dict[int, list[int]], int]:
    """Roots and children by row; rows from len(rows.uids) on stand for messages that are not there. The third is the next free row.

    No dummy is without children, and none but a root with several is left.
    """
    links = _Links(rows, places)
    links.follow(places)
    return links.gather(places)


class _Links:
    def __init__(self, rows: Columns, places: Sequence[int]) -> None:
        self.count = len(rows.uids)
        self.parents = [NONE] * self.count
        self.trees = list(range(self.count))
        """A forest that only grows: two rows of different trees in it are in different ones of ours."""
        self.is_parent = bytearray(self.count)
        """Rows that something was ever linked below."""
        self.breaks = 0
        """How many links were undone."""
        self.refs = rows.numbers("refs")
        self.starts = [0]
        total = 0
        for one in rows.numbers("ref_count"):
            total += one
            self.starts.append(total)
        ids = rows.numbers("message_id")
        self.by_id: dict[int, int] = {}
        for place in places:
            # Of two messages with one id, the first has it (step 1).
            self.by_id.setdefault(ids[place], place)
        self.by_id.pop(0, None)

    def follow(self, places: Sequence[int]) -> None:
        refs, starts, parents, find_id = self.refs, self.starts, self.parents, self.by_id.get
        count, trees, is_parent = self.count, self.trees, self.is_parent
        done_at = [NONE] * count
        for place in places:
            first, last = starts[place], starts[place + 1]
            if first == last:
                if parents[place] != NONE:
                    # Somebody's References place it; its own say nothing, and they count (step 1.B).
                    parents[place] = NONE
                    self.breaks += 1
            else:
                parent = find_id(refs[last - 1], NONE)
                # Whoever answers carries what the answered one carried: those links were tried, and nothing was undone since.
                if not (0 <= parent < count and done_at[parent] == self.breaks and self._carries(parent, first, last)):
                    parent = self._link_chain(first, last)
                if parents[place] == NONE and not is_parent[place] and trees[place] == place and parent != place:
                    # The usual case: nothing is below it, so no circle can come of it.
                    parents[place] = trees[place] = parent
                    if parent < count:
                        is_parent[parent] = 1
                else:
                    self._set_parent(place, parent)
            done_at[place] = self.breaks

    def _carries(self, parent: int, first: int, last: int) -> bool:
        start, end = self.starts[parent], self.starts[parent + 1]
        return end - start == last - 1 - first and (start == end or self.refs[start:end] == self.refs[first : last - 1])

    def _link_chain(self, first: int, last: int) -> int:
        """Step 1.A: each of the references is parent of the next, unless that one has a parent. The last one."""
        before = self._find_or_make(self.refs[first])
        for at in range(first + 1, last):
            here = self._find_or_make(self.refs[at])
            if self.parents[here] == NONE and not self._closes_circle(here, before):
                self._join(here, before)
            before = here
        return before

    def _find_or_make(self, message_id: int) -> int:
        place = self.by_id.get(message_id)
        if place is None:
            place = self.by_id[message_id] = len(self.parents)
            self.parents.append(NONE)
            self.trees.append(place)
        return place

    def _set_parent(self, place: int, parent: int) -> None:
        """Step 1.B: a message's own last reference wins over what others said."""
        if self.parents[place] == parent:
            return
        if self.parents[place] != NONE:
            self.parents[place] = NONE
            self.breaks += 1
        if not self._closes_circle(place, parent):
            self._join(place, parent)

    def _join(self, child: int, parent: int) -> None:
        self.parents[child] = parent
        if parent < self.count:
            self.is_parent[parent] = 1
        self.trees[self._find_tree(child)] = self._find_tree(parent)

    def _closes_circle(self, child: int, parent: int) -> bool:
        if child == parent:
            return True
        if self._find_tree(child) != self._find_tree(parent):
            return False
        for _ in range(MAX_CLIMB):
            parent = self.parents[parent]
            if parent == NONE:
                return False
            if parent == child:
                return True
        return True

    def _find_tree(self, place: int) -> int:
        trees = self.trees
        while trees[place] != place:
            trees[place] = trees[trees[place]]
            place = trees[place]
        return place

    def gather(self, places: Sequence[int]) -> tuple[list[int], dict[int, list[int]], int]:
        """Steps 2 and 3: roots, and no dummies but those that hold several roots together."""
        children: dict[int, list[int]] = {}
        roots: list[int] = []
        parents = self.parents
        for place in places:
            parent = parents[place]
            if parent == NONE:
                roots.append(place)
            elif parent in children:
                children[parent].append(place)
            else:
                children[parent] = [place]
        mixed = set()
        for place in range(self.count, len(parents)):
            if parents[place] == NONE:
                roots.append(place)
            else:
                children.setdefault(parents[place], []).append(place)
                mixed.add(parents[place])
        for parent in mixed:
            if parent in children:
                children[parent] = self._open(children[parent], children)
        kept = []
        for root in roots:
            if root < self.count:
                kept.append(root)
                continue
            below = children.get(root, [])
            if len(below) > 1:
                kept.append(root)
            else:
                kept += children.pop(root, [])
        return kept, {parent: below for parent, below in children.items() if below}, len(self.parents)

    def _open(self, below: list[int], children: dict[int, list[int]]) -> list[int]:
        """A list of children with each dummy in it replaced by what the dummy holds."""
        opened: list[int] = []
        waiting = below[::-1]
        while waiting:
            place = waiting.pop()
            if place < self.count:
                opened.append(place)
            else:
                waiting += reversed(children.pop(place, []))
        return opened
