"""SEARCH and UID SEARCH (RFC 3501 §6.4.4; RFC 4731; RFC 7162 §3.1.5).

A result is a mask: one byte 0 or 1 for each message of the view. Flags become masks by one
translate, sets by slices; and, or, not are integer arithmetic. Only what is left after
those is asked of the store.
"""

from collections.abc import Sequence
from itertools import compress

from mailcore.kernel.mailstore import DateLeaf, SearchLeaf, SizeLeaf, TextLeaf

from ..grammar.responses import write_numbers
from ..grammar.search import And, FlagKey, Key, KeywordKey, ModseqKey, Not, ObjectKey, Or, RecentKey, Search, SetKey
from ..grammar.sequences import compact, resolve_numbers, resolve_uids, write_set
from .basics import Reply
from .core import CHUNK, Connection
from .view import View

_PER_CHUNK = CHUNK // 8
Mask = bytes
_REV2_RETURNS = frozenset((b"ALL",))
"""IMAP4rev2 knows no other answer than ESEARCH (RFC 9051 §6.4.4)."""
_ENDS = frozenset((b"MIN", b"MAX"))


def search(session: Connection, asked: Search, tag: bytes) -> Reply:
    return (yield from _search(session, asked, tag, by_uid=False))


def search_by_uid(session: Connection, asked: Search, tag: bytes) -> Reply:
    return (yield from _search(session, asked, tag, by_uid=True))


def _search(session: Connection, asked: Search, tag: bytes, *, by_uid: bool) -> Reply:
    view = session.selected
    if asked.modseq:
        session.condstore = True
    mask = _Evaluator(session).evaluate(asked.key, _without_gone(view))
    numbers: Sequence[int] = list(compress(view.uids if by_uid else range(1, view.count + 1), mask))
    highest = max(compress(view.modseqs, mask), default=0) if asked.modseq else 0
    returns = asked.returns if asked.returns is not None or not session.rev2 else _REV2_RETURNS
    if returns is not None:
        if asked.modseq and returns <= _ENDS and numbers:
            highest = _highest_of_ends(view, mask, returns)
        yield _extended(tag, numbers, returns, highest, by_uid=by_uid)
        return b"Searched"
    for start in range(0, max(len(numbers), 1), _PER_CHUNK):
        yield write_numbers(b"* SEARCH" if not start else b"", numbers[start : start + _PER_CHUNK])
    yield b" (MODSEQ %d)\r\n" % highest if highest else b"\r\n"
    return b"Searched"


def _highest_of_ends(view: View, mask: Mask, returns: frozenset[bytes]) -> int:
    """MIN and MAX alone are told with the modseq of what they name (RFC 7162 §3.1.10)."""
    places = ([mask.find(1)] if b"MIN" in returns else []) + ([mask.rfind(1)] if b"MAX" in returns else [])
    return max(view.modseqs[place] for place in places)


def _extended(tag: bytes, numbers: Sequence[int], returns: frozenset[bytes], highest: int, *, by_uid: bool) -> bytes:
    pieces = [b'* ESEARCH (TAG "%b")' % tag]
    if by_uid:
        pieces.append(b"UID")
    if numbers:
        if b"MIN" in returns:
            pieces.append(b"MIN %d" % numbers[0])
        if b"MAX" in returns:
            pieces.append(b"MAX %d" % numbers[-1])
        if b"ALL" in returns:
            pieces.append(b"ALL " + write_set(compact(numbers)))
    if b"COUNT" in returns:
        pieces.append(b"COUNT %d" % len(numbers))
    if highest and numbers:
        pieces.append(b"MODSEQ %d" % highest)
    return b" ".join(pieces) + b"\r\n"


def _without_gone(view: View) -> Mask:
    mask = bytearray(b"\1" * view.count)
    for uid in view.gone:
        mask[view.position(uid)] = 0
    return bytes(mask)


def _and(left: Mask, right: Mask) -> Mask:
    return (int.from_bytes(left, "little") & int.from_bytes(right, "little")).to_bytes(len(left), "little")


def _or(left: Mask, right: Mask) -> Mask:
    return (int.from_bytes(left, "little") | int.from_bytes(right, "little")).to_bytes(len(left), "little")


def _minus(left: Mask, right: Mask) -> Mask:
    return (int.from_bytes(left, "little") & ~int.from_bytes(right, "little")).to_bytes(len(left), "little")


def cost(key: Key) -> int:
    """0 for what the view answers, more for what the store must: cheap keys go first and narrow the rest."""
    match key:
        case And(keys):
            return max(map(cost, keys), default=0)
        case Or(left, right):
            return max(cost(left), cost(right))
        case Not(inner):
            return cost(inner)
        case TextLeaf():
            return 3 if key.field in ("body", "text") else 2
        case DateLeaf() | SizeLeaf() | ObjectKey():
            return 1
    return 0


class _Evaluator:
    def __init__(self, session: Connection) -> None:
        self.store = session.mail
        self.view = session.selected

    def evaluate(self, key: Key, among: Mask) -> Mask:
        """The messages of `among` that a key is true for."""
        if 1 not in among:
            return among
        match key:
            case And(keys):
                for one in sorted(keys, key=cost):
                    among = self.evaluate(one, among)
                return among
            case Or(left, right):
                first, second = sorted((left, right), key=cost)
                found = self.evaluate(first, among)
                return _or(found, self.evaluate(second, _minus(among, found)))
            case Not(inner):
                return _minus(among, self.evaluate(inner, among))
            case ObjectKey(column, value):
                rows = self.store.fetch(self.view.folder_id, list(compress(self.view.uids, among)), (column,))
                return self.mask_of({row[0] for row in rows if row[1] == value})
            case TextLeaf() | DateLeaf() | SizeLeaf():
                return self.ask_store(key, among)
        return _and(among, self.of_view(key))

    def ask_store(self, leaf: SearchLeaf, among: Mask) -> Mask:
        return _and(among, self.mask_of(self.store.match(self.view.folder_id, leaf, list(compress(self.view.uids, among)))))

    def mask_of(self, found: set[int]) -> Mask:
        if len(found) > self.view.count // 8:
            return bytes(uid in found for uid in self.view.uids)
        mask = bytearray(self.view.count)
        for uid in found:
            place = self.view.position(uid)
            if place >= 0:
                mask[place] = 1
        return bytes(mask)

    def of_view(self, key: Key) -> Mask:
        view = self.view
        match key:
            case FlagKey(bit, wanted):
                return view.flags.tobytes().translate(_FLAG_TABLES[bit, wanted])
            case SetKey(messages, uid):
                ranges = resolve_uids(messages, view.uids) if uid else resolve_numbers(messages, view.count, strict=False)
                return _mask_ranges(ranges, view.count)
            case RecentKey(wanted):
                return (b"\1" if not wanted else b"\0") * (view.count - view.recent) + (b"\1" if wanted else b"\0") * view.recent
            case KeywordKey(keyword, wanted):
                holders = {uid for uid, words in view.keywords.items() if keyword in words.lower().split()}
                return bytes((uid in holders) == wanted for uid in view.uids)
            case ModseqKey(modseq):
                return bytes(one >= modseq for one in view.modseqs)
        raise AssertionError(f"no rule for {key!r}")


_FLAG_TABLES = {
    (1 << place, wanted): bytes(bool(bits & 1 << place) == wanted for bits in range(256)) for place in range(8) for wanted in (True, False)
}


def _mask_ranges(ranges: list[range], count: int) -> Mask:
    mask = bytearray(count)
    for one in ranges:
        mask[one.start : one.stop] = b"\1" * len(one)
    return bytes(mask)
