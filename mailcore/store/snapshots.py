"""A folder's messages as arrays, shared by all sessions of a process that look at it.

An idle session then costs its own few fields: of a folder of 100,000 messages the arrays
(13 bytes a message) exist once per process and state.
"""

import threading
from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from django.db import connection, transaction

from mailcore.kernel.errors import NotFound
from mailcore.kernel.ids import FolderId, MailboxId
from mailcore.kernel.mailstore import Delta, FolderInfo, MessageState, Snapshot, Vanished

from . import uidsets
from .folders import get_info
from .models import Change, Folder
from .statements import ask

MAX_CACHED = 256
MAX_TRIES = 5
FIRST_MODSEQ = 1
"""A new folder's; nothing has happened in it yet."""
T = TypeVar("T")

_cache: "OrderedDict[int, Snapshot]" = OrderedDict()
_cache_lock = threading.Lock()


def load(mailbox_id: MailboxId, folder_id: FolderId) -> Snapshot:
    """The folder as it is now; `recent_from` is left for the caller to set."""
    info = get_info(mailbox_id, folder_id)
    with _cache_lock:
        cached = _cache.get(folder_id)
    if cached is not None and _are_alike(cached.folder, info):
        # What is at one modseq never changes, so one look is enough.
        return replace(cached, folder=info)
    return _read_steadily(mailbox_id, folder_id, _load_arrays)


def load_delta(mailbox_id: MailboxId, folder_id: FolderId, modseq: int) -> Delta:
    info = get_info(mailbox_id, folder_id)
    if info.highestmodseq <= modseq:
        return Delta(info, (), ())
    return _read_steadily(mailbox_id, folder_id, lambda info: _load_delta(info, modseq))


def _are_alike(one: FolderInfo, other: FolderInfo) -> bool:
    return (one.highestmodseq, one.uidvalidity) == (other.highestmodseq, other.uidvalidity)


def _read_steadily(mailbox_id: MailboxId, folder_id: FolderId, read: Callable[[FolderInfo], T]) -> T:
    """Read several tables as they stood at one modseq, without stopping writers.

    Each writer raises the folder's modseq in its transaction, so an unchanged modseq after
    the reading proves that nothing moved meanwhile. Under steady change the lock is taken.
    """
    for _ in range(MAX_TRIES):
        info = get_info(mailbox_id, folder_id)
        result = read(info)
        if ask("SELECT highestmodseq FROM store_folder WHERE id = %s", (folder_id,)) == [(info.highestmodseq,)]:
            return result
    with transaction.atomic():
        locked = Folder.objects.select_for_update().filter(mailbox_id=mailbox_id, pk=folder_id).first()
        if locked is None:
            raise NotFound("The folder is gone.", f"folder {folder_id}")
        return read(get_info(mailbox_id, folder_id))


def _load_arrays(info: FolderInfo) -> Snapshot:
    with _cache_lock:
        cached = _cache.get(info.id)
    if cached is not None and _are_alike(cached.folder, info):
        return replace(cached, folder=info)
    if cached is not None and cached.folder.uidvalidity == info.uidvalidity and cached.folder.highestmodseq < info.highestmodseq:
        fresh = advance(cached, _load_delta(info, cached.folder.highestmodseq))
    else:
        fresh = _query_arrays(info)
    # What an open transaction sees may never be committed, so it is not shared.
    if not connection.in_atomic_block:
        with _cache_lock:
            _cache[info.id] = fresh
            _cache.move_to_end(info.id)
            while len(_cache) > MAX_CACHED:
                _cache.popitem(last=False)
    return fresh


def advance(snapshot: Snapshot, delta: Delta) -> Snapshot:
    """The snapshot after a delta, in new arrays: 1 ms for 100,000 messages, where reading them takes 400."""
    uids, modseqs, flags = snapshot.uids[:], snapshot.modseqs[:], snapshot.flags[:]
    keywords = dict(snapshot.keywords)
    for uid in reversed(delta.expunged):
        at = bisect_left(uids, uid)
        if at < len(uids) and uids[at] == uid:
            del uids[at], modseqs[at], flags[at]
        keywords.pop(uid, None)
    for state in delta.changed:
        at = bisect_left(uids, state.uid)
        if at == len(uids):
            uids.append(state.uid)
            modseqs.append(state.modseq)
            flags.append(state.flags)
        else:
            modseqs[at], flags[at] = state.modseq, state.flags
        keywords.pop(state.uid, None)
        if state.keywords:
            keywords[state.uid] = state.keywords
    return Snapshot(folder=delta.folder, uids=uids, modseqs=modseqs, flags=flags, keywords=keywords)


def _query_arrays(info: FolderInfo) -> Snapshot:
    # Raw: 100,000 rows in 0.1 s, against 1.2 s as model instances.
    rows = ask("SELECT uid, modseq, flags, keywords FROM store_message WHERE folder_id = %s ORDER BY uid", (info.id,))
    return Snapshot(
        folder=info,
        uids=array("I", [row[0] for row in rows]),
        modseqs=array("Q", [row[1] for row in rows]),
        flags=array("B", [row[2] for row in rows]),
        keywords={row[0]: row[3] for row in rows if row[3]},
    )


def _load_delta(info: FolderInfo, modseq: int) -> Delta:
    if info.highestmodseq <= modseq:
        return Delta(info, (), ())
    rows = ask(
        "SELECT uid, modseq, flags, keywords FROM store_message WHERE folder_id = %s AND modseq > %s ORDER BY uid", (info.id, modseq)
    )
    lines, _ = _read_expunged(info.id, modseq)
    expunged = sorted({uid for line in lines for uid in uidsets.split(line)})
    return Delta(info, expunged, [MessageState(*fields) for fields in rows])


def load_vanished(mailbox_id: MailboxId, folder_id: FolderId, modseq: int) -> Vanished:
    """See kernel.mailstore.MailStore.vanished_since."""
    return _read_steadily(mailbox_id, folder_id, lambda info: _load_vanished(info, modseq))


def _load_vanished(info: FolderInfo, modseq: int) -> Vanished:
    if info.highestmodseq <= modseq:
        return Vanished((), True)
    lines, is_whole = _read_expunged(info.id, modseq)
    if not is_whole:
        return Vanished(uidsets.find_gaps(_load_arrays(info).uids, info.uidnext), False)
    return Vanished(uidsets.merge(part for line in lines for part in uidsets.split_ranges(line)), True)


def _read_expunged(folder_id: int, modseq: int) -> tuple[list[str], bool]:
    """The journal's expunges after a modseq, and whether it still reaches back that far.

    Every modseq a folder was ever given has a line, so a journal that was cut shows at its first one.
    """
    rows = ask(
        "SELECT modseq, CASE WHEN kind = %s THEN uids ELSE '' END FROM store_change WHERE folder_id = %s AND modseq > %s ORDER BY modseq",
        (Change.Kind.EXPUNGED.value, folder_id, modseq),
    )
    is_whole = bool(rows) and rows[0][0] <= max(modseq, FIRST_MODSEQ) + 1
    return [uids for _, uids in rows if uids], is_whole
