"""FETCH and UID FETCH (RFC 3501 §6.4.5, §7.4.2; RFC 7162 §3.1.4).

Three ways, from quick to slow: flags straight from the view; stored items as one format
over columns; bodies row by row. All of them yield chunks, never the whole answer.
"""

from bisect import bisect_left
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from typing import Any

from mailcore.kernel import flags as kernel_flags
from mailcore.kernel.mailstore import Column, FlagMode

from ..grammar.cursor import BadCommand
from ..grammar.dates import write_date_time
from ..grammar.fetch import Binary, Body, Fetch, Item
from ..grammar.responses import FLAG_TEXTS, RECENT, write_flags, write_string
from ..grammar.sequences import cut_ranges, resolve_numbers, resolve_uids
from .basics import Reply
from .core import CHUNK, Connection
from .replies import Rejected
from .resync import vanished_line
from .sections import compile_body, needed_columns
from .view import View

Chunks = Generator[bytes, None, int]
"""Yields output and returns how many messages it held."""
FLAG_BATCH = 4_096
ROW_BATCH = 512
HEADER_BATCH = 64
_STORED: dict[bytes, tuple[Column, bytes, Callable[[Any], Any] | None]] = {
    b"INTERNALDATE": ("internaldate", b"INTERNALDATE %b", write_date_time),
    b"SAVEDATE": ("savedate", b"SAVEDATE %b", write_date_time),
    b"RFC822.SIZE": ("size", b"RFC822.SIZE %d", None),
    b"ENVELOPE": ("envelope", b"ENVELOPE %b", None),
    b"BODY": ("body", b"BODY %b", None),
    b"BODYSTRUCTURE": ("bodystructure", b"BODYSTRUCTURE %b", None),
    b"EMAILID": ("email_id", b"EMAILID (%b)", lambda value: value.encode("ascii")),
    b"THREADID": ("thread_id", b"THREADID %b", lambda value: b"(%b)" % value.encode("ascii") if value else b"NIL"),
    b"PREVIEW": ("snippet", b"PREVIEW %b", lambda value: write_string(value.encode("utf-8"))),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What a list of items asks for, worked out once."""

    seen: bool
    """Reading sets \\Seen."""
    flags: bool
    modseq: bool
    columns: tuple[Column, ...]
    template: bytes
    """After `UID %d`, without flags and modseq: the stored items."""
    converters: tuple[Callable[[Any], Any] | None, ...]
    bodies: tuple[Body | Binary, ...]
    show_uid: bool = False
    uid_only: bool = False
    """Messages are named by UID, in UIDFETCH (RFC 9586 §3.3)."""
    is_light: bool = False
    """No bodies but header blocks and fields of them: small enough to be written many at once."""
    seen_modseq: bool = False
    """A \\Seen set by reading is told with its modseq (RFC 7162 §3.2.4)."""


@lru_cache(maxsize=512)
def plan_items(items: tuple[Item, ...], modseq: bool, show_uid: bool, uid_only: bool) -> Plan:
    simple = [item for item in items if isinstance(item, bytes)]
    bodies = tuple(item for item in items if isinstance(item, Body | Binary))
    stored = [_STORED[item] for item in simple if item in _STORED]
    columns: list[Column] = [column for column, _, _ in stored]
    for body in bodies:
        columns += [column for column in needed_columns(body) if column not in columns]
    return Plan(
        seen=any(not body.peek for body in bodies),
        flags=b"FLAGS" in simple,
        modseq=modseq or b"MODSEQ" in simple,
        columns=tuple(columns),
        template=b"".join(b" " + text for _, text, _ in stored),
        converters=tuple(converter for _, _, converter in stored),
        bodies=bodies,
        show_uid=show_uid and not (uid_only and (len(items) > 1 or modseq or b"UID" not in items)),
        uid_only=uid_only,
        is_light=all(isinstance(body, Body) and not body.section.path and body.section.kind.startswith(b"HEADER") for body in bodies),
    )


def fetch(session: Connection, asked: Fetch) -> Reply:
    if asked.vanished:
        raise BadCommand("VANISHED stands with UID FETCH only")
    if asked.partial is not None:
        raise BadCommand("PARTIAL stands in UID FETCH only")
    ranges = resolve_numbers(asked.messages, session.selected.count)
    missing = yield from _fetch(session, asked, ranges, show_uid=b"UID" in asked.items)
    if missing:
        # RFC 2180 §4.1.3, RFC 5530: the client still counts them, so it must hear why they are not there.
        raise Rejected(b"EXPUNGEISSUED", "Some of those messages are gone")
    return b"Fetched"


def fetch_by_uid(session: Connection, asked: Fetch) -> Reply:
    view = session.selected
    if asked.vanished:
        if asked.changed_since is None or not session.qresync:
            raise BadCommand("VANISHED needs CHANGEDSINCE, and ENABLE QRESYNC before")
        yield vanished_line(session.mail.vanished_since(view.folder_id, asked.changed_since), asked.messages, view)
    ranges = resolve_uids(asked.messages, view.uids)
    if asked.partial is not None:
        ranges = cut_ranges(ranges, asked.partial)
    yield from _fetch(session, asked, ranges, show_uid=True)
    return b"Fetched"


def _fetch(session: Connection, asked: Fetch, ranges: list[range], *, show_uid: bool) -> Generator[bytes, None, bool]:
    view = session.selected
    if b"MODSEQ" in asked.items or asked.changed_since is not None:
        session.condstore = True
    if asked.changed_since is not None:
        ranges = _only_changed(view, ranges, asked.changed_since)
    plan = plan_items(asked.items, asked.changed_since is not None, show_uid, session.uid_only)
    if not ranges:
        return False
    if not plan.columns:
        for one in ranges:
            for start in range(one.start, one.stop, FLAG_BATCH):
                yield flag_lines(view, range(start, min(start + FLAG_BATCH, one.stop)), plan)
        return False
    uids = view.uids_at(ranges)
    newly_seen = _mark_seen(session, ranges) if plan.seen and not view.read_only and "s" in view.rights else frozenset()
    rows = session.mail.fetch(view.folder_id, uids, plan.columns)
    writer = _stored_chunks if plan.is_light and not newly_seen else _body_chunks
    if newly_seen and session.condstore and not plan.modseq:
        plan = replace(plan, seen_modseq=True)
    count = yield from writer(view, rows, plan, newly_seen)
    return count < len(uids)


def describe(session: Connection, places: range, items: tuple[Item, ...]) -> bytes:
    """FETCH lines of a run of messages that nobody asked for in a command; never sets \\Seen."""
    view = session.selected
    plan = plan_items(items, session.condstore, True, session.uid_only)
    if not plan.columns:
        return flag_lines(view, places, plan)
    rows = session.mail.fetch(view.folder_id, view.uids_at([places]), plan.columns)
    writer = _body_chunks if plan.bodies else _stored_chunks
    return b"".join(writer(view, rows, plan, frozenset()))


def _only_changed(view: View, ranges: list[range], modseq: int) -> list[range]:
    return [range(place, place + 1) for one in ranges for place in one if view.modseqs[place] > modseq]


def _mark_seen(session: Connection, ranges: list[range]) -> frozenset[int]:
    """Set \\Seen on all that are to be read and lack it, in one step; the UIDs that got it."""
    view = session.selected
    unseen = [view.uids[place] for one in ranges for place in one if not view.flags[place] & kernel_flags.SEEN]
    if not unseen:
        return frozenset()
    states = session.mail.store_flags(view.folder_id, unseen, mode=FlagMode.ADD, flags=kernel_flags.SEEN, keywords=frozenset())
    return frozenset(view.uids[place] for place in view.set_states(states))


def flag_texts(view: View, places: range) -> list[bytes]:
    """The inside of FLAGS for a run of positions: a table look-up each, keywords and \\Recent patched in."""
    bits = view.flags[places.start : places.stop]
    texts = [FLAG_TEXTS[bit] for bit in bits]
    uids = view.uids
    if uids[places.stop - 1] >= view.recent_from:
        first = max(bisect_left(uids, view.recent_from) - places.start, 0)
        texts[first:] = [FLAG_TEXTS[bit | RECENT] for bit in bits[first:]]
    if view.keywords:
        for uid in view.keywords.keys() & set(uids[places.start : places.stop]):
            offset = view.position(uid) - places.start
            texts[offset] = write_flags(bits[offset] | (RECENT if uid >= view.recent_from else 0), view.keywords[uid])
    return texts


def flag_lines(view: View, places: range, plan: Plan) -> bytes:
    """Lines that need nothing but the view. `1:* (UID FLAGS)` runs here: one format a line, at C speed."""
    columns: list[Iterable[Any]] = [
        view.uids[places.start : places.stop] if plan.uid_only else range(places.start + 1, places.stop + 1)
    ]  # fmt: skip
    pieces = []
    if plan.show_uid:
        pieces.append(b"UID %d")
        columns.append(view.uids[places.start : places.stop])
    if plan.flags:
        pieces.append(b"FLAGS (%b)")
        columns.append(flag_texts(view, places))
    if plan.modseq:
        pieces.append(b"MODSEQ (%d)")
        columns.append(view.modseqs[places.start : places.stop])
    line = _opening(plan) + b" ".join(pieces) + b")\r\n"
    return b"".join(map(line.__mod__, zip(*columns, strict=True)))


def _opening(plan: Plan) -> bytes:
    return b"* %d UIDFETCH (" if plan.uid_only else b"* %d FETCH ("


def _places_of(view: View, rows: Sequence[Sequence[Any]]) -> Sequence[int]:
    """Positions of rows in UID order; a run of neighbours is found by its two ends."""
    first, last = view.position(rows[0][0]), view.position(rows[-1][0])
    if last - first + 1 == len(rows):
        return range(first, last + 1)
    return [view.position(row[0]) for row in rows]


def _texts_at(view: View, places: Sequence[int]) -> list[bytes]:
    return flag_texts(view, places) if isinstance(places, range) else [view.flag_text(place) for place in places]


def _stored_chunks(view: View, rows: Iterator[tuple[Any, ...]], plan: Plan, _: frozenset[int]) -> Chunks:
    """Stored items and header fields: whole columns are converted, then one format is mapped over them, ~0.7 µs a message."""
    count = 0
    at: dict[str, int] = {column: index for index, column in enumerate(plan.columns, 1)}
    readers = [compile_body(body, at) for body in plan.bodies]
    head = _opening(plan) + b" ".join(
        text for text, wanted in ((b"UID %d", plan.show_uid), (b"FLAGS (%b)", plan.flags), (b"MODSEQ (%d)", plan.modseq)) if wanted
    )
    line = (head + plan.template + b" %b" * len(readers) + b")\r\n").replace(b"( ", b"(", 1)
    while batch := list(islice(rows, HEADER_BATCH if readers else ROW_BATCH)):
        count += len(batch)
        places = _places_of(view, batch)
        uids, *stored = zip(*batch, strict=True)
        columns: list[Iterable[Any]] = [uids if plan.uid_only else [place + 1 for place in places]]
        if plan.show_uid:
            columns.append(uids)
        if plan.flags:
            columns.append(_texts_at(view, places))
        if plan.modseq:
            columns.append([view.modseqs[place] for place in places])
        # Behind the stored items come the columns that readers take.
        for values, convert in zip(stored, plan.converters, strict=False):
            columns.append(values if convert is None else map(convert, values))
        columns += [map(reader, batch) for reader in readers]
        yield b"".join(map(line.__mod__, zip(*columns, strict=True)))
    return count


def _body_chunks(view: View, rows: Iterator[tuple[Any, ...]], plan: Plan, newly_seen: frozenset[int]) -> Chunks:
    """Bodies, a row at a time, joined up to CHUNK; a body beyond that leaves in slices."""
    places: dict[str, int] = {column: index for index, column in enumerate(plan.columns, 1)}
    readers = [compile_body(body, places) for body in plan.bodies]
    stored = len(plan.converters)
    opening = _opening(plan)
    held: list[bytes] = []
    size = count = 0
    for row in rows:
        count += 1
        place = view.position(row[0])
        parts = [b"UID %d" % row[0]] if plan.show_uid else []
        if plan.flags or row[0] in newly_seen:
            parts.append(b"FLAGS (%b)" % view.flag_text(place))
        if plan.modseq or (plan.seen_modseq and row[0] in newly_seen):
            parts.append(b"MODSEQ (%d)" % view.modseqs[place])
        if stored:
            values = zip(row[1:], plan.converters, strict=False)
            parts.append(plan.template[1:] % tuple(value if convert is None else convert(value) for value, convert in values))
        parts += [reader(row) or b"" for reader in readers]
        line = b"%b%b)\r\n" % (opening % (row[0] if plan.uid_only else place + 1), b" ".join(parts))
        held.append(line)
        size += len(line)
        if size >= CHUNK:
            yield from _sliced(held, size)
            held, size = [], 0
    if held:
        yield from _sliced(held, size)
    return count


def _sliced(pieces: list[bytes], size: int) -> Iterator[bytes]:
    data = b"".join(pieces)
    if size < 2 * CHUNK:
        yield data
        return
    for start in range(0, size, CHUNK):
        yield data[start : start + CHUNK]
