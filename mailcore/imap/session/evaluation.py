"""Which messages of a view a search key is true for (RFC 3501 §6.4.4; RFC 5032; RFC 5182; RFC 6203; RFC 8474 §6).

A result is a mask: one byte 0 or 1 for each message of the view. Flags become masks by one
translate, sets by slices; and, or, not are integer arithmetic. Only what is left after
those is asked of the store.
"""

from itertools import compress
from time import time

from mailcore.kernel.mailstore import AgeLeaf, DateLeaf, MailStore, SearchLeaf, SizeLeaf, TextLeaf

from ..grammar.search import And, FlagKey, Fuzzy, Key, KeywordKey, ModseqKey, Not, ObjectKey, Or, RecentKey, SetKey, WithinKey
from ..grammar.sequences import SAVED, resolve_numbers, resolve_uids
from .view import View

Mask = bytes


def find(store: MailStore, view: View, key: Key) -> Mask:
    """The messages of the view, but for those that are gone, that a key is true for."""
    mask = bytearray(b"\1" * view.count)
    for uid in view.gone:
        mask[view.position(uid)] = 0
    return find_among(store, view, key, bytes(mask))


def find_among(store: MailStore, view: View, key: Key, among: Mask) -> Mask:
    """As `find`, of the messages of a mask only."""
    return _Evaluator(store, view).evaluate(key, among)


def score(store: MailStore, view: View, key: Key, mask: Mask) -> bytes:
    """How well each message of `mask` fits, one octet for each of the view (RFC 6203 §4): to the letter or loosely."""
    exact = _Evaluator(store, view).evaluate(_strict(key), mask)
    return bytes(map(_SCORES.__getitem__, exact))


_SCORES = (50, 100)


def _strict(key: Key) -> Key:
    match key:
        case Fuzzy(inner):
            return _strict(inner)
        case And(keys):
            return And(tuple(map(_strict, keys)))
        case Or(left, right):
            return Or(_strict(left), _strict(right))
        case Not(inner):
            return Not(_strict(inner))
    return key


def _loosen(key: Key) -> Key:
    """Of a text that is looked for, each word must be there, wherever it stands; what is no text stays as it is."""
    match key:
        case TextLeaf(field, needle, header) if len(words := dict.fromkeys(needle.split())) > 1:
            return And(tuple(TextLeaf(field, word, header) for word in words))
        case Fuzzy(inner):
            return _loosen(inner)
        case And(keys):
            return And(tuple(map(_loosen, keys)))
        case Or(left, right):
            return Or(_loosen(left), _loosen(right))
        case Not(inner):
            return Not(_loosen(inner))
    return key


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
        case Not(inner) | Fuzzy(inner):
            return cost(inner)
        case TextLeaf():
            return 3 if key.field in ("body", "text") else 2
        case DateLeaf() | SizeLeaf() | WithinKey() | ObjectKey():
            return 1
    return 0


class _Evaluator:
    def __init__(self, store: MailStore, view: View) -> None:
        self.store = store
        self.view = view
        self.now = int(time())

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
            case Fuzzy(inner):
                return self.evaluate(_loosen(inner), among)
            case ObjectKey(column, value):
                rows = self.store.fetch(self.view.folder_id, list(compress(self.view.uids, among)), (column,))
                return self.mask_of({row[0] for row in rows if row[1] == value})
            case WithinKey(op, seconds):
                # A second more for what is younger: OLDER takes what is exactly so old, YOUNGER does not.
                return self.ask_store(AgeLeaf(op, self.now - seconds + 1), among)
            case TextLeaf() | DateLeaf() | SizeLeaf() | AgeLeaf():
                return self.ask_store(key, among)
        return _and(among, self.of_view(key))

    def ask_store(self, leaf: SearchLeaf, among: Mask) -> Mask:
        asked = self.view.uids if 0 not in among else self.view.uids_where(among)
        return _and(among, self.mask_of(self.store.match(self.view.folder_id, leaf, asked)))

    def mask_of(self, found: set[int]) -> Mask:
        if len(found) > self.view.count // 8:
            return bytes(map(found.__contains__, self.view.uids))
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
                if messages == SAVED:
                    return self.mask_of(set(view.saved))
                ranges = resolve_uids(messages, view.uids) if uid else resolve_numbers(messages, view.count, strict=False)
                return _mask_ranges(ranges, view.count)
            case RecentKey(wanted):
                return (b"\1" if not wanted else b"\0") * (view.count - view.recent) + (b"\1" if wanted else b"\0") * view.recent
            case KeywordKey(keyword, wanted):
                holders = {uid for uid, words in view.keywords.items() if keyword in words.lower().split()}
                mask = self.mask_of(holders)
                return mask if wanted else _minus(b"\1" * view.count, mask)
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
