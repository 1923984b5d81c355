"""Append-only files of message bytes, one per writing process.

A record is a 4-byte big-endian length, the 32-byte SHA-256, and the bytes. Rows elsewhere
say where the bytes of a message lie, and a row is written only after `sync`: a record torn
by a crash has no row. A name is never given twice. Measured: one file a message gives 0.7-2.2k writes/s, packs 23k/s.
"""

import fcntl
import hashlib
import os
import secrets
import struct
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from . import retiring

HEADER = struct.Struct(">I32s")
MAX_PACK_BYTES = 1 << 30
MAX_OPEN_PACKS = 64
MAX_JOINED_BYTES = 1 << 20
MAX_JOINED_GAP = 4096

Locator = tuple[str, int, int]
"""(pack name, offset of the bytes, length)."""


class _Handle:
    """An open file, closed with its last user: a read in another thread outlives eviction from the cache."""

    __slots__ = ("fd",)

    def __init__(self, path: Path, flags: int) -> None:
        self.fd = os.open(path, flags | os.O_CLOEXEC, 0o600)

    def __del__(self) -> None:
        if hasattr(self, "fd"):
            os.close(self.fd)


class Packs:
    """Implements kernel.ports.BlobStore on one folder. Safe for threads; a fork claims its own pack."""

    _writer: _Handle | None
    _name: str

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._sync_lock = threading.Lock()
        self._readers: OrderedDict[str, _Handle] = OrderedDict()
        self._written = self._synced = 0
        self._failed: set[str] = set()
        """Packs the disk failed to keep. They are left as they are; nothing is added to them or promised of them."""
        self._forget_writer()

    def append(self, data: bytes) -> tuple[str, int]:
        record = HEADER.pack(len(data), hashlib.sha256(data).digest()) + data
        with self._lock:
            writer = self._claim_writer()
            offset = self._end
            _write_all(writer.fd, record, offset)
            self._end += len(record)
            self._written += 1
            return self._name, offset + HEADER.size

    def sync(self, packs: Collection[str]) -> None:
        """Make durable what was appended to these packs. OSError where the disk failed: what was appended does not count.

        Group commit: whoever waits while a flush runs is served by the next one.
        """
        with self._lock:
            target = self._written
        with self._sync_lock:
            if not self._failed.isdisjoint(packs):
                raise OSError("the disk failed to keep message bytes")
            if self._synced >= target:
                return
            with self._lock:
                reached, writer, name = self._written, self._writer, self._name
            if writer is not None:
                try:
                    os.fdatasync(writer.fd)
                except OSError:
                    with self._lock:
                        self._abandon(name)
                    raise
            self._synced = reached

    def read(self, pack: str, offset: int, length: int) -> bytes:
        data = os.pread(self._open_reader(pack).fd, length, offset)
        if len(data) != length:
            raise OSError(f"pack {pack} ends before offset {offset + length}")
        return data

    def read_many(self, locators: Sequence[Locator]) -> Iterator[bytes]:
        """The bytes of each locator, in order. Neighbours in one pack share one read."""
        position = 0
        while position < len(locators):
            pack, start, length = locators[position]
            stop, after = start + length, position + 1
            while after < len(locators):
                next_pack, next_start, next_length = locators[after]
                gap = next_start - stop
                if next_pack != pack or not 0 <= gap <= MAX_JOINED_GAP or next_start + next_length - start > MAX_JOINED_BYTES:
                    break
                stop, after = next_start + next_length, after + 1
            joined = self.read(pack, start, stop - start)
            for _, offset, size in locators[position:after]:
                yield joined[offset - start : offset - start + size]
            position = after

    def read_digest(self, pack: str, offset: int) -> tuple[int, bytes]:
        """Length and digest that the record itself states."""
        length, digest = HEADER.unpack(self.read(pack, offset - HEADER.size, HEADER.size))
        return length, digest

    def close(self) -> None:
        """Give up the claimed pack and every open file."""
        with self._lock:
            self._forget_writer()
            self._readers.clear()

    def _abandon(self, name: str) -> None:
        """A failed flush may drop the pages and let the next one succeed: the pack is left for good, a new one begun."""
        self._failed.add(name)
        if self._name == name:
            self._writer = None

    def _forget_writer(self) -> None:
        self._writer = None
        self._name = ""
        self._end = 0
        self._pid = os.getpid()
        self._written = 0
        self._synced = 0

    def _claim_writer(self) -> _Handle:
        if self._pid != os.getpid():
            self._forget_writer()
        if self._writer is not None and (self._end >= MAX_PACK_BYTES or retiring.is_retired(self.folder / self._name)):
            # What is waiting for its sync lies in the pack that is being left.
            try:
                os.fdatasync(self._writer.fd)
            except OSError:
                self._abandon(self._name)
                raise
            self._writer = None
        if self._writer is None:
            self._writer, self._name, self._end = self._claim_existing() or self._create()
        return self._writer

    def _claim_existing(self) -> tuple[_Handle, str, int] | None:
        """A pack nobody writes to, with room and without a torn tail; a torn one is never added to again."""
        for path in sorted(self.folder.glob("*.pack")):
            # One may be removed, or held by somebody else, while it is looked at.
            with suppress(FileNotFoundError, BlockingIOError):
                if path.name in self._failed or path.stat().st_size >= MAX_PACK_BYTES:
                    continue
                handle = _Handle(path, os.O_RDWR)
                fcntl.flock(handle.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                held = os.fstat(handle.fd)
                # Asked with the lock in hand: who removes a pack holds it until the name is gone.
                if not held.st_nlink or retiring.is_retired(path):
                    continue
                if find_end(handle.fd, held.st_size) == held.st_size:
                    return handle, path.name, held.st_size
        return None

    def _create(self) -> tuple[_Handle, str, int]:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = f"{secrets.token_hex(8)}.pack"
        handle = _Handle(self.folder / name, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        fcntl.flock(handle.fd, fcntl.LOCK_EX)
        retiring.sync_folder(self.folder)
        return handle, name, 0

    def _open_reader(self, pack: str) -> _Handle:
        with self._lock:
            handle = self._readers.get(pack)
            if handle is None:
                handle = _Handle(self.folder / pack, os.O_RDONLY)
                # A removed pack gives its room back once nobody has it open; a new one is seen after each sweep.
                for name in [name for name, other in self._readers.items() if not os.fstat(other.fd).st_nlink]:
                    del self._readers[name]
                self._readers[pack] = handle
                if len(self._readers) > MAX_OPEN_PACKS:
                    self._readers.popitem(last=False)
            else:
                self._readers.move_to_end(pack)
            return handle


def find_end(fd: int, size: int) -> int:
    """The end of the last whole record; less than `size` where the tail is torn."""
    position = 0
    while position + HEADER.size <= size:
        length, digest = HEADER.unpack(os.pread(fd, HEADER.size, position))
        following = position + HEADER.size + length
        if following > size or not any(digest):
            break
        position = following
    return position


def _write_all(fd: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, offset)
        view, offset = view[written:], offset + written
