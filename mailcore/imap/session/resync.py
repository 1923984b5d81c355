"""What a client that comes back has missed: VANISHED (EARLIER) and changed flags (RFC 7162 §3.2.5, §3.2.6, §3.2.10)."""

from collections.abc import Iterator
from itertools import pairwise

from mailcore.kernel.mailstore import Vanished

from ..grammar.select import Resync
from ..grammar.sequences import SequenceSet, intersect, list_numbers, resolve_uids, write_set
from .core import Connection
from .view import View

BATCH = 4_096


def resync(session: Connection, asked: Resync) -> Iterator[bytes]:
    """What changed in the folder just opened; nothing where the client remembers another one of that name."""
    view = session.selected
    if asked.uidvalidity != view.uidvalidity or asked.modseq >= view.modseq:
        return
    vanished = session.mail.vanished_since(view.folder_id, asked.modseq)
    agreed = _find_agreed(view, asked) if not vanished.exact else 0
    yield vanished_line(vanished, asked.known, view, above=agreed)
    known = resolve_uids(asked.known, view.uids) if asked.known is not None else [range(view.count)]
    changed = [place for one in known for place in one if view.modseqs[place] > asked.modseq]
    for start in range(0, len(changed), BATCH):
        yield b"".join([session.flags_response(place) for place in changed[start : start + BATCH]])


def vanished_line(vanished: Vanished, among: SequenceSet | None, view: View, *, above: int = 0) -> bytes:
    """VANISHED (EARLIER) for what a client asks about; what it is to hear of as expunged from this view is left out."""
    ranges: SequenceSet = tuple(vanished.ranges)
    if among is not None:
        ranges = intersect(ranges, among, top=max(view.uidnext - 1, 1))
    if above:
        ranges = intersect(ranges, ((above + 1, view.uidnext),), top=view.uidnext)
    if view.gone and ranges:
        edges = [0, *sorted(view.gone), view.uidnext + 1]
        others = tuple((low + 1, high - 1) for low, high in pairwise(edges) if high - low > 1)
        ranges = intersect(ranges, others, top=view.uidnext)
    return b"* VANISHED (EARLIER) %b\r\n" % write_set(ranges) if ranges else b""


def _find_agreed(view: View, asked: Resync) -> int:
    """The highest UID that still has the number the client knows it by: nothing at or below it vanished. 0 for none.

    Only of use where the journal was cut: it keeps the answer from naming all that ever was (RFC 7162 §3.2.5.2).
    """
    if asked.matches is None:
        return 0
    pairs = zip(list_numbers(asked.matches[0]), list_numbers(asked.matches[1]), strict=True)
    return max((uid for number, uid in pairs if number <= view.count and view.uids[number - 1] == uid), default=0)
