"""STORE and UID STORE (RFC 3501 §6.4.6; RFC 7162 §3.1.3)."""

from ..grammar.sequences import SequenceSet, compact, resolve_numbers, resolve_uids, write_set
from ..grammar.store import Store
from .basics import Reply
from .core import Connection
from .fetch import describe
from .replies import Rejected


def store(session: Connection, asked: Store) -> Reply:
    return (yield from _store(session, asked, resolve_numbers(asked.messages, session.selected.count), by_uid=False))


def store_by_uid(session: Connection, asked: Store) -> Reply:
    return (yield from _store(session, asked, resolve_uids(asked.messages, session.selected.uids), by_uid=True))


def _store(session: Connection, asked: Store, ranges: list[range], *, by_uid: bool) -> Reply:
    view = session.selected
    if view.read_only:
        raise Rejected(b"READ-ONLY", "The folder was opened for reading")
    if asked.unchanged_since is not None:
        session.condstore = True
    if not ranges:
        return b"Nothing to do"
    uids = view.uids_at(ranges)
    states = session.mail.store_flags(
        view.folder_id, uids, mode=asked.mode, flags=asked.flags.bits, keywords=asked.flags.keywords, unchanged_since=asked.unchanged_since
    )
    view.set_states(states)
    view.skip_own(states)
    pieces = [session.flags_line()] if view.learn_keywords() else []
    changed = {state.uid for state in states}
    if not asked.silent and not view.gone:
        pieces += [describe(session, one, (b"FLAGS",)) for one in ranges]
    elif not asked.silent:
        pieces += [session.flags_response(place) for one in ranges for place in one if view.uids[place] not in view.gone]
    elif session.condstore:
        pieces += [_modseq_line(session, place) for one in ranges for place in one if view.uids[place] in changed]
    yield b"".join(pieces)
    if asked.unchanged_since is None:
        return b"Stored"
    yield session.refresh()
    failed = _failed(session, ranges, changed, asked.unchanged_since, by_uid=by_uid)
    return b"[MODIFIED %b] Some had changed meanwhile" % write_set(failed) if failed else b"Stored"


def _modseq_line(session: Connection, place: int) -> bytes:
    return session.fetch_line(place, b"MODSEQ (%d)" % session.selected.modseqs[place])


def _failed(session: Connection, ranges: list[range], changed: set[int], unchanged_since: int, *, by_uid: bool) -> SequenceSet:
    """What UNCHANGEDSINCE held back: not changed by us, and newer than the client knew."""
    view = session.selected
    places = [
        place for one in ranges for place in one if view.uids[place] not in changed and view.modseqs[place] > unchanged_since
    ]  # fmt: skip
    return compact(view.uids[place] if by_uid else place + 1 for place in places)
