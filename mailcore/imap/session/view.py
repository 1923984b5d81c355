"""What one session has told its client of the selected folder.

RFC 3501 §5.5, §7.4.1. The view holds the store's shared arrays until something changes,
then its own copies. A message that was expunged keeps its sequence number until the
client is told: until then it is in `gone`.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import compress
from typing import cast

from mailcore.kernel.ids import FolderId
from mailcore.kernel.mailstore import Delta, MessageState, Snapshot

from ..grammar.responses import RECENT, write_flags

_NEVER = 1 << 32
"""Above every UID."""
_ALIKE_FROM = 8
_REBUILD_AT = 64
"""From so many expunges on, the arrays are rebuilt instead of cut one by one."""


class View:
    __slots__ = (
        "_keywords_owned", "_owned", "flags", "folder_id", "gone", "has_news", "keywords", "known", "modseq", "modseqs", "name",
        "read_only", "recent_from", "rights", "saved", "told_modseq", "uidnext", "uids", "uidvalidity",
    )  # fmt: skip

    def __init__(self, snapshot: Snapshot, *, read_only: bool) -> None:
        self.folder_id: FolderId = snapshot.folder.id
        self.name = snapshot.folder.name
        self.read_only = read_only
        self.rights = snapshot.folder.rights
        self.has_news = False
        """Messages came while the folder was open, and were told of as \\Recent."""
        self.uids = snapshot.uids
        self.modseqs = snapshot.modseqs
        self.flags = snapshot.flags
        self.keywords: Mapping[int, str] = snapshot.keywords
        self.recent_from = snapshot.recent_from or (snapshot.uids[-1] + 1 if snapshot.uids else 1)
        self.saved = array("I")
        """UIDs that `$` stands for (RFC 5182)."""
        self.modseq = snapshot.folder.highestmodseq
        self.told_modseq = self.modseq
        """Up to here the client has heard of everything, expunges too (RFC 7162 §7)."""
        self.uidvalidity = snapshot.folder.uidvalidity
        self.uidnext = snapshot.folder.uidnext
        self.gone: frozenset[int] = frozenset()
        """Expunged, not yet announced."""
        self.known = _words(snapshot.keywords.values())
        """Keywords the client has heard of."""
        self._owned = False
        self._keywords_owned = False

    @property
    def count(self) -> int:
        return len(self.uids)

    def forget_recent(self) -> None:
        """No message is \\Recent from here on."""
        self.recent_from = _NEVER

    @property
    def recent(self) -> int:
        return len(self.uids) - bisect_left(self.uids, self.recent_from)

    def position(self, uid: int) -> int:
        """Where a UID stands, -1 if it is not in the view."""
        place = bisect_left(self.uids, uid)
        return place if place < len(self.uids) and self.uids[place] == uid else -1

    def uids_at(self, ranges: Sequence[range]) -> Sequence[int]:
        """The UIDs at ranges of positions; shares the array where it is the whole folder."""
        if len(ranges) == 1:
            one = ranges[0]
            return self.uids if len(one) == len(self.uids) else self.uids[one.start : one.stop]
        picked = array("I")
        for one in ranges:
            picked += self.uids[one.start : one.stop]
        return picked

    def uids_where(self, mask: bytes) -> "array[int]":
        """The UIDs at which a mask of the view is 1."""
        return array("I", compress(self.uids, mask)) if 0 in mask else self.uids

    def numbers_of(self, uids: Sequence[int]) -> list[int]:
        """The sequence numbers of many UIDs of the view, in the order given; 0 stays 0."""
        if self.uids and self.uids[-1] == len(self.uids):
            return list(uids)
        number_of = dict(zip(self.uids, range(1, len(self.uids) + 1), strict=True))
        number_of[0] = 0
        return list(map(number_of.__getitem__, uids))

    def flag_text(self, position: int) -> bytes:
        uid = self.uids[position]
        bits = self.flags[position] | (RECENT if uid >= self.recent_from else 0)
        return write_flags(bits, self.keywords.get(uid, ""))

    def _own(self) -> None:
        if not self._owned:
            self.uids, self.modseqs, self.flags = self.uids[:], self.modseqs[:], self.flags[:]
            self._owned = True

    def set_states(self, states: Iterable[MessageState]) -> list[int]:
        """Take over what messages of the view are like now; the positions where flags differ, ascending."""
        known = list(states)
        alike = self._set_alike(known)
        if alike is not None:
            return alike
        changed = []
        for place, state in self._locate(known):
            if place < 0 or state.modseq < self.modseqs[place]:
                continue
            if state.modseq != self.modseqs[place]:
                self._own()
                self.modseqs[place] = state.modseq
            if self._set_flags(place, state):
                changed.append(place)
        return changed

    def _set_alike(self, states: list[MessageState]) -> list[int] | None:
        """Neighbours that became the same, without keywords: slices do it, 0.1 ms for a thousand. None for anything else."""
        if len(states) < _ALIKE_FROM or self.keywords:
            return None
        one, count = states[0], len(states)
        first, last = self.position(one.uid), self.position(states[-1].uid)
        if first < 0 or last - first + 1 != count or one.keywords or max(self.modseqs[first : last + 1]) > one.modseq:
            return None
        if any((state.modseq, state.flags, state.keywords) != (one.modseq, one.flags, "") for state in states):
            return None
        if self.uids[first : last + 1].tolist() != [state.uid for state in states]:
            return None
        changed = [first + offset for offset, bits in enumerate(self.flags[first : last + 1]) if bits != one.flags]
        self._own()
        self.flags[first : last + 1] = array("B", [one.flags]) * count
        self.modseqs[first : last + 1] = array("Q", [one.modseq]) * count
        return changed

    def _locate(self, states: list[MessageState]) -> Iterator[tuple[int, MessageState]]:
        """Each state with its position, -1 where it has none. Neighbours, by UID ascending, are found by their two ends."""
        if states:
            first, last = self.position(states[0].uid), self.position(states[-1].uid)
            if first >= 0 and last - first + 1 == len(states) and self.uids[first : last + 1].tolist() == [one.uid for one in states]:
                return zip(range(first, last + 1), states, strict=True)
        return ((self.position(state.uid), state) for state in states)

    def skip_own(self, states: Sequence[MessageState]) -> None:
        """After a change of one's own: where it is all that happened since, it need not be read from the journal again."""
        if states and states[0].modseq == states[-1].modseq == self.modseq + 1:
            self.modseq = states[0].modseq
            if not self.gone:
                self.told_modseq = self.modseq

    def _set_flags(self, place: int, state: MessageState) -> bool:
        if state.flags == self.flags[place] and state.keywords == self.keywords.get(state.uid, ""):
            return False
        self._own()
        self.flags[place] = state.flags
        self._set_keywords(state)
        return True

    def _set_keywords(self, state: MessageState) -> None:
        if state.keywords == self.keywords.get(state.uid, ""):
            return
        own = self._own_keywords()
        own.pop(state.uid, None)
        if state.keywords:
            own[state.uid] = state.keywords

    def _own_keywords(self) -> dict[int, str]:
        if not self._keywords_owned:
            self.keywords = dict(self.keywords)
            self._keywords_owned = True
        return cast(dict[int, str], self.keywords)

    def take(self, delta: Delta) -> tuple[list[int], int]:
        """Apply a delta but for its expunges, which are put in `gone`: (positions with new flags, number of new messages)."""
        top = self.uids[-1] if self.uids else 0
        dead = frozenset(delta.expunged)
        self.gone |= {uid for uid in dead if self.position(uid) >= 0}
        changed = self.set_states(state for state in delta.changed if state.uid <= top)
        fresh = [state for state in delta.changed if state.uid > top and state.uid not in dead]
        if fresh:
            self._own()
        for state in fresh:
            self.uids.append(state.uid)
            self.modseqs.append(state.modseq)
            self.flags.append(state.flags)
            self._set_keywords(state)
        self.modseq = max(self.modseq, delta.folder.highestmodseq)
        self.uidnext = max(self.uidnext, delta.folder.uidnext)
        if not self.gone:
            self.told_modseq = self.modseq
        return changed, len(fresh)

    def drop_gone(self) -> list[int]:
        """Remove what is in `gone`; the sequence numbers to announce, each true when those before it are gone: descending."""
        places = sorted((place for uid in self.gone if (place := self.position(uid)) >= 0), reverse=True)
        if places:
            self._own()
        if len(places) < _REBUILD_AT:
            for place in places:
                del self.uids[place], self.modseqs[place], self.flags[place]
        else:
            mask = bytearray(b"\1" * len(self.uids))
            for place in places:
                mask[place] = 0
            self.uids = array("I", compress(self.uids, mask))
            self.modseqs = array("Q", compress(self.modseqs, mask))
            self.flags = array("B", compress(self.flags, mask))
        for uid in self.gone & self.keywords.keys():
            del self._own_keywords()[uid]
        self.gone = frozenset()
        self.told_modseq = self.modseq
        return [place + 1 for place in places]

    def learn_keywords(self) -> bool:
        """Whether there are keywords the client has not heard of; it is told of them now."""
        words = _words(self.keywords.values())
        fresh = not words <= self.known
        self.known |= words
        return fresh


def _words(stored: Iterable[str]) -> frozenset[str]:
    return frozenset(word for keywords in set(stored) for word in keywords.split())


def first_unseen(snapshot: Snapshot) -> int:
    """The sequence number of the first message without \\Seen, 0 if there is none."""
    marks = snapshot.flags.tobytes().translate(_UNSEEN)
    return marks.find(b"\1") + 1


_UNSEEN = bytes(0 if bits & 1 else 1 for bits in range(256))


def folder_keywords(known: frozenset[str]) -> bytes:
    return " ".join(sorted(known)).encode("ascii", "replace")
