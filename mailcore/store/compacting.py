"""Give dead space in packs back: what lives in a pack that is mostly dead is copied to another, and the pack removed.

Each step may be the last one before a crash, and is repeated or gone on from by the next run:
retire the pack, copy and flush, point the rows at the copies, date the emptied pack, and a day
later remove it. Bytes are compared with their digest before they are copied and never changed;
a pack in which something is damaged stays. Readers, writers and backups go on meanwhile.
"""

import fcntl
import hashlib
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from django.db import connection, transaction

from mailcore.kernel.errors import Conflict

from . import blobs, condemning, retiring
from .packs import HEADER, Packs

KEPT_EMPTY = 86_400
"""Seconds; longer than any read or backup that began before the pack was empty."""
MOVE = 64 << 20
"""Bytes that one run copies, more only by the last message."""
AT_ONCE = 4 << 20
ROWS_AT_ONCE = 200
MIN_DEAD = 1 << 20
"""A pack with less to gain is left alone."""

log = logging.getLogger(__name__)

_LIVES = "NOT EXISTS (SELECT 1 FROM store_condemned c WHERE c.blob_id = b.id)"
_LIVE = f"SELECT b.pack, COUNT(*), SUM(b.length) FROM store_blob b WHERE {_LIVES} GROUP BY b.pack"
_NEXT = f"""SELECT b.id, b."offset", b.length, b.digest FROM store_blob b
WHERE b.pack = %s AND b."offset" > %s AND {_LIVES} ORDER BY b."offset" LIMIT %s"""
_MOVE = 'UPDATE store_blob SET pack = %s, "offset" = %s WHERE id = %s AND pack = %s AND "offset" = %s'
Row = tuple[int, int, int, bytes]
"""(blob id, offset, length, digest)"""


@dataclass(frozen=True, slots=True)
class Share:
    """How much of a pack is needed."""

    pack: str
    size: int
    live: int
    is_retired: bool

    @property
    def dead(self) -> int:
        return max(0, self.size - self.live)


@dataclass(slots=True)
class Swept:
    condemned: int = 0
    """Blobs nothing points at, found by this run."""
    removed: int = 0
    """Blobs whose day was over."""
    moved: int = 0
    """Bytes copied to another pack."""
    freed: int = 0
    """Bytes of packs that were removed."""


def sweep_everything(*, percent: int, now: int) -> Swept:
    """As `sweep`, without bounds."""
    return sweep(percent=percent, now=now, limit=condemning.EVERYTHING, look_at=condemning.EVERYTHING)


def sweep(*, percent: int, now: int, limit: int = MOVE, look_at: int = condemning.LOOK_AT) -> Swept:
    """One bounded run over packs of which at least `percent` is dead. Conflict where another run is at it.

    It looks at `look_at` blobs, removes no more of them, and copies `limit` bytes.
    """
    packs, done = blobs.open_packs(), Swept()
    with _alone(packs.folder):
        done.condemned = condemning.condemn(now=now, limit=look_at)
        done.removed = condemning.remove_condemned(now=now, limit=look_at)
        for pack in retiring.list_retired(packs.folder):
            _go_on(packs, pack, done, now, limit)
        for share in survey():
            if done.moved >= limit:
                break
            if not share.is_retired and share.dead >= MIN_DEAD and share.dead * 100 >= percent * share.size:
                pack = packs.folder / share.pack
                retiring.retire(pack)
                _go_on(packs, pack, done, now, limit)
    return done


def survey() -> list[Share]:
    """Every pack of this data folder, the one with most dead space first."""
    folder = blobs.open_packs().folder
    # The sizes first: what is added later is not taken for dead.
    sizes = {path: path.stat().st_size for path in folder.glob("*.pack")}
    with connection.cursor() as cursor:
        cursor.execute(_LIVE)
        live = {pack: int(total) + count * HEADER.size for pack, count, total in cursor.fetchall()}
    shares = [Share(path.name, size, live.get(path.name, 0), retiring.is_retired(path)) for path, size in sizes.items()]
    return sorted(shares, key=lambda share: (-share.dead, share.pack))


def _go_on(packs: Packs, pack: Path, done: Swept, now: int, limit: int) -> None:
    """The next steps for a pack that is to go."""
    if not pack.exists():
        retiring.remove(pack)
    elif _is_pointed_at(pack.name):
        retiring.set_emptied(pack, 0)
        _empty(packs, pack.name, done, limit)
        if not _is_pointed_at(pack.name):
            retiring.set_emptied(pack, now)
    elif not (emptied := retiring.get_emptied(pack)):
        retiring.set_emptied(pack, now)
    elif emptied + KEPT_EMPTY <= now:
        size = pack.stat().st_size
        if retiring.remove(pack):
            done.freed += size


def _is_pointed_at(pack: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM store_blob WHERE pack = %s LIMIT 1", [pack])
        return cursor.fetchone() is not None


def _empty(packs: Packs, pack: str, done: Swept, limit: int) -> None:
    after = -1
    while done.moved < limit and (rows := _read_next(pack, after)):
        after = rows[-1][1]
        done.moved += _move(packs, pack, rows)


def _read_next(pack: str, after: int) -> list[Row]:
    """The next rows of a pack, as many as are held in memory at once, and one at least."""
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, [pack, after, ROWS_AT_ONCE])
        rows: list[Row] = [(row[0], row[1], row[2], bytes(row[3])) for row in cursor.fetchall()]
    first = rows[0][1] if rows else 0
    return rows[:1] + list(takewhile(lambda row: row[1] + row[2] - first <= AT_ONCE, rows[1:]))


def _move(packs: Packs, pack: str, rows: list[Row]) -> int:
    """Copy, flush, then point the rows at the copies; the number of bytes."""
    places: list[tuple[str, int, int, str, int]] = []
    moved = 0
    for blob_id, offset, length, digest in rows:
        data = _read_whole(packs, pack, offset, length, digest)
        if data is None:
            log.error("blob %d in pack %s at %d is damaged and stays where it is; run check_mail", blob_id, pack, offset)
            continue
        places.append((*packs.append(data), blob_id, pack, offset))
        moved += length
    packs.sync({place[0] for place in places})
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(_MOVE, places)
    return moved


def _read_whole(packs: Packs, pack: str, offset: int, length: int, digest: bytes) -> bytes | None:
    try:
        data = packs.read(pack, offset, length)
    except OSError as error:
        log.error("pack %s cannot be read at %d: %s", pack, offset, error)
        return None
    return data if hashlib.sha256(data).digest() == digest else None


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = os.open(folder / ".sweeping", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict("Another sweep is running.") from None
        yield
    finally:
        os.close(lock)
