"""Searches that stay up to date: RETURN (UPDATE), ADDTO, REMOVEFROM, CANCELUPDATE (RFC 5267 §4.3).

A context keeps what its client was told was found. What changed since is the part of the view with a higher
modseq, and only that is searched again, so a key must depend on nothing but the message itself.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import compress

from mailcore.kernel.errors import MailError
from mailcore.kernel.mailstore import SortKey

from ..grammar.cursor import BadCommand
from ..grammar.search import And, Fuzzy, Key, Not, Or, Search, SetKey, WithinKey
from ..grammar.sequences import SAVED, STAR, compact, write_set
from . import evaluation
from .basics import Reply
from .core import Connection
from .replies import logger

MAX_CONTEXTS = 20
"""Of one session; each is asked again whenever something changes."""
Keys = tuple[tuple[SortKey, bool], ...]
_EVERYTHING = ((1, STAR),)


class Context:
    __slots__ = ("by_uid", "key", "keys", "members", "modseq", "order")

    def __init__(self, key: Key, found: Sequence[int], *, keys: Keys, by_uid: bool, modseq: int) -> None:
        self.key = key
        self.keys = keys
        """The order of a SORT; none, and it is a SEARCH."""
        self.by_uid = by_uid
        self.modseq = modseq
        """Up to here the client has heard of what came and went."""
        self.members = set(found)
        self.order = list(found) if keys else []
        """UIDs as the client has them; of a SORT only."""


class Contexts:
    """The contexts of one open folder, by the tags of the commands that asked for them."""

    __slots__ = ("by_tag",)

    def __init__(self) -> None:
        self.by_tag: dict[bytes, Context] = {}

    def report_changes(self, session: Connection) -> bytes:
        """What came into and left the results, as the view is now. May ask the store."""
        return b"".join([self._report(session, tag, context) for tag, context in list(self.by_tag.items())])

    def report_gone(self, session: Connection) -> bytes:
        """What leaves by being expunged, told while it still has its number. Asks nothing of the store."""
        gone = session.selected.gone
        return b"".join([_remove(session, tag, context, context.members & gone) for tag, context in self.by_tag.items()])

    def _report(self, session: Connection, tag: bytes, context: Context) -> bytes:
        if context.modseq == session.selected.modseq:
            return b""
        try:
            return _compare(session, tag, context)
        except MailError as error:
            # What the command did stands, whatever becomes of this.
            logger.warning("a search could not be kept up to date: %s", error.detail)
            del self.by_tag[tag]
            return _refuse(tag, "That search failed")


def open_context(
    session: Connection, tag: bytes, asked: Search, found: Sequence[int], *, by_uid: bool, keys: Keys = (), is_ranked: bool = False
) -> Iterator[bytes]:
    """Keep a search that was just answered up to date; NOUPDATE is told where that cannot be (RFC 5267 §4.3.1)."""
    if asked.returns is None or b"UPDATE" not in asked.returns.words:
        return
    contexts = _contexts_of(session)
    if is_ranked or not stands_alone(asked.key):
        yield _refuse(tag, "That depends on more than each message alone")
    elif len(contexts.by_tag) >= MAX_CONTEXTS:
        yield _refuse(tag, "Those are too many searches")
    else:
        contexts.by_tag[tag] = Context(asked.key, found, keys=keys, by_uid=by_uid, modseq=session.selected.modseq)


def require_free_tag(session: Connection, tag: bytes, asked: Search) -> None:
    """One tag, one context: news of it names nothing else."""
    if asked.returns is not None and b"UPDATE" in asked.returns.words and tag in _contexts_of(session).by_tag:
        raise BadCommand("That tag names a search that is kept up to date")


def cancel(session: Connection, tags: list[bytes]) -> Reply:
    """What is not kept any more, for which NOUPDATE may be on its way, is passed over (RFC 5267 §4.3.3)."""
    yield from ()
    for tag in tags:
        _contexts_of(session).by_tag.pop(tag, None)
    return b"Nothing is told of them any more"


def _contexts_of(session: Connection) -> Contexts:
    if not isinstance(session.contexts, Contexts):
        session.contexts = Contexts()
    return session.contexts


def stands_alone(key: Key) -> bool:
    """Whether nothing but a change of a message itself can change what a key says of it."""
    match key:
        case And(keys):
            return all(map(stands_alone, keys))
        case Or(left, right):
            return stands_alone(left) and stands_alone(right)
        case Not(inner) | Fuzzy(inner):
            return stands_alone(inner)
        case SetKey(messages, uid):
            return messages == _EVERYTHING or (uid and messages != SAVED and not any(STAR in ends for ends in messages))
        case WithinKey():
            return False
    return True


def _refuse(tag: bytes, reason: str) -> bytes:
    return b'* OK [NOUPDATE "%b"] %b\r\n' % (tag, reason.encode("ascii"))


def _compare(session: Connection, tag: bytes, context: Context) -> bytes:
    view = session.selected
    changed = bytearray(map(context.modseq.__lt__, view.modseqs))
    for uid in view.gone:
        changed[view.position(uid)] = 0
    matching = set(compress(view.uids, evaluation.find_among(session.mail, view, context.key, bytes(changed))))
    came = matching - context.members
    left = context.members.intersection(compress(view.uids, changed)) - matching
    order: Sequence[int] = ()
    if came and context.keys:
        wanted = sorted((context.members - left) | came)
        order = session.mail.sort(view.folder_id, context.keys, wanted)
        if len(order) != len(wanted):
            # Something was expunged that the client has not heard of: the places are told when it has.
            return b""
    told = _remove(session, tag, context, left)
    context.modseq = view.modseq
    if not came:
        return told
    context.members |= came
    if not context.keys:
        return told + _write(session, tag, context, b"ADDTO", [(0, sorted(came))])
    context.order = list(order)
    return told + _write(session, tag, context, b"ADDTO", _runs(session, context, came))


def _remove(session: Connection, tag: bytes, context: Context, left: Iterable[int]) -> bytes:
    uids = sorted(left)
    if not uids:
        return b""
    context.members.difference_update(uids)
    if not context.keys:
        return _write(session, tag, context, b"REMOVEFROM", [(0, uids)])
    leaving = frozenset(uids)
    # From the last to the first, so that each place is true when its turn comes.
    places = [(place, [uid]) for place, uid in enumerate(context.order, 1) if uid in leaving][::-1]
    context.order = [uid for uid in context.order if uid not in leaving]
    return _write(session, tag, context, b"REMOVEFROM", places)


def _runs(session: Connection, context: Context, came: set[int]) -> list[tuple[int, list[int]]]:
    """(place, UIDs) of what came, from the first place on; neighbours that follow each other in the folder too go together."""
    position = session.selected.position
    runs: list[tuple[int, list[int]]] = []
    for place, uid in enumerate(context.order, 1):
        if uid not in came:
            continue
        if runs and place == runs[-1][0] + len(runs[-1][1]) and position(uid) == position(runs[-1][1][-1]) + 1:
            runs[-1][1].append(uid)
        else:
            runs.append((place, [uid]))
    return runs


def _write(session: Connection, tag: bytes, context: Context, verb: bytes, pairs: Iterable[tuple[int, list[int]]]) -> bytes:
    position = session.selected.position
    told = []
    for place, uids in pairs:
        numbers = uids if context.by_uid else [position(uid) + 1 for uid in uids]
        told.append(b"%d %b" % (place, write_set(compact(numbers))))
    return b'* ESEARCH (TAG "%b")%b %b (%b)\r\n' % (tag, b" UID" if context.by_uid else b"", verb, b" ".join(told))
