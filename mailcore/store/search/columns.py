"""A folder's messages column by column, in memory: what SEARCH, SORT and THREAD go through.

All of it is fixed when a message is stored, so columns only grow; an expunged message stays in them
until they are made again, and whoever asks names the UIDs that count. Settled stretches lie packed
in the index file (`blocks`), from where a folder of 100,000 is there in milliseconds.
"""

import logging
import sqlite3
import threading
from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TypeVar

from django.db import connection

from mailcore.kernel.ids import FolderId

from ..models import Folder
from . import blocks
from .blocks import Part, Stale
from .index import Index, open_index

T = TypeVar("T")
log = logging.getLogger(__name__)

MAX_CACHED = 400_000
"""Messages, of all folders a process remembers; up to some 200 octets each."""
_cache: "OrderedDict[int, Columns]" = OrderedDict()
_cache_lock = threading.Lock()


class Columns:
    """Never changed but for what it remembers. `uids` may name messages that are gone."""

    def __init__(self, uidvalidity: int, birth: int, last_uid: int, parts: Sequence[Part], packed: dict[str, bytes]) -> None:
        self.uidvalidity = uidvalidity
        self.birth = birth
        self.last_uid = last_uid
        """Messages up to this UID are here, if they exist."""
        self.parts = parts
        self._packed = packed
        self._arrays: dict[str, array[int]] = {}
        self.remembered: dict[object, object] = {}
        """What sorting and threading worked out for the whole of it."""
        self.unindexed: frozenset[int] = frozenset().union(*(part.unindexed for part in parts))
        """Blobs whose text was not in the index when it was last looked at."""
        self.uids = self.numbers("uid")

    def packed(self, name: str) -> bytes:
        """A column as one piece: numbers in machine form, texts each with a line end."""
        if name not in self._packed:
            self._packed[name] = b"".join(part.read(name) for part in self.parts)
        return self._packed[name]

    def numbers(self, name: str) -> "array[int]":
        if name not in self._arrays:
            self._arrays[name] = array(blocks.NUMBERS[name], self.packed(name))
        return self._arrays[name]

    def lines(self, name: str) -> list[str]:
        return self.packed(name).decode("utf-8").split("\n")[:-1]

    def mask(self, uids: Sequence[int]) -> bytearray:
        """One byte a row, 1 where its UID is asked for; `uids` ascending."""
        if len(uids) == len(self.uids) and array("I", uids) == self.uids:
            return bytearray(b"\1") * len(self.uids)
        if len(uids) < len(self.uids) // 8:
            mask = bytearray(len(self.uids))
            for uid in uids:
                place = bisect_left(self.uids, uid)
                if place < len(mask) and self.uids[place] == uid:
                    mask[place] = 1
            return mask
        return bytearray(map(set(uids).__contains__, self.uids))

    def with_part(self, part: Part) -> "Columns":
        grown = {name: data + part.read(name) for name, data in self._packed.items()}
        return Columns(self.uidvalidity, self.birth, part.last_uid, [*self.parts, part], grown)

    def with_parts(self, parts: Sequence[Part]) -> "Columns":
        """The same, kept elsewhere."""
        return Columns(self.uidvalidity, self.birth, self.last_uid, parts, self._packed)


def use(folder: Folder, last_uid: int, work: Callable[[Index, Columns], T]) -> T:
    """What `work` makes of the index and of columns that hold every message of a folder up to `last_uid`.

    An index that cannot be used costs time only: an empty one in memory stands in, and every message is read.
    """
    try:
        index = open_index()
        for _ in range(3):
            try:
                return work(index, _load(index, folder, last_uid))
            except Stale:
                forget(FolderId(folder.pk))
    except sqlite3.DatabaseError as error:
        log.warning("the search index cannot be used, every message is read: %s", error)
    index = Index(None)
    return work(index, _add_fresh(index, folder, Columns(folder.uidvalidity, index.birth, 0, (), {})))


def forget(folder_id: FolderId) -> None:
    with _cache_lock:
        _cache.pop(folder_id, None)


def _load(index: Index, folder: Folder, last_uid: int) -> Columns:
    # What an open transaction sees may never be committed, so it is not shared.
    is_shared = not connection.in_atomic_block
    with _cache_lock:
        found = _cache.get(folder.pk) if is_shared else None
    birth = index.birth
    if found is None or (found.uidvalidity, found.birth) != (folder.uidvalidity, birth) or _is_unfit(found, folder):
        found = _load_saved(index, folder, birth)
    if found.last_uid < last_uid:
        found = _add_fresh(index, folder, found)
    if not is_shared:
        return found
    with _cache_lock:
        _cache[folder.pk] = found
        _cache.move_to_end(folder.pk)
        while len(_cache) > 1 and sum(len(one.uids) for one in _cache.values()) > MAX_CACHED:
            _cache.popitem(last=False)
    return found


def _is_unfit(columns: Columns, folder: Folder) -> bool:
    """Most of what is here is gone from the folder, or was never in it."""
    return len(columns.uids) > 2 * folder.messages + blocks.FULL or columns.last_uid >= folder.uidnext


def _load_saved(index: Index, folder: Folder, birth: int) -> Columns:
    saved = blocks.list_saved(index, folder)
    columns = Columns(folder.uidvalidity, birth, saved[-1].last_uid if saved else 0, saved, {})
    if _is_unfit(columns, folder) or not blocks.agrees(folder, columns.uids, columns.numbers("mark")):
        blocks.drop(index, folder.pk)
        return Columns(folder.uidvalidity, birth, 0, (), {})
    return columns


def _add_fresh(index: Index, folder: Folder, columns: Columns) -> Columns:
    fresh = blocks.read_fresh(index, folder, columns.last_uid)
    if fresh is None:
        return columns
    columns = columns.with_part(fresh)
    if connection.in_atomic_block:
        return columns
    parts = blocks.save_settled(index, folder, columns.parts)
    return columns if parts is None else columns.with_parts(parts)
