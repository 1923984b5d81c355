"""Take a snapshot while mail moves, adding to what earlier snapshots copied.

Order matters: the database first, the packs after it. Every row of the copy then points at
bytes that were on disk before, and so are in the packs that are copied next.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings

from mailcore.kernel.errors import Conflict, NotFound

from . import databases, manifest
from .manifest import Manifest, Piece, home, measure, read_range

NOT_KEPT = frozenset({"run", "redis", "static", "packs"})
"""Made anew at each start, or copied in another way."""


@dataclass(frozen=True, slots=True)
class Taken:
    stamp: str
    copied: int
    """Bytes of packs that were not there before."""
    kept: int
    """Bytes of packs that earlier snapshots had copied."""


@dataclass(frozen=True, slots=True)
class Damage:
    path: str
    text: str


def take(folder: Path, *, keep: int = 7, now: datetime | None = None) -> Taken:
    """One more snapshot in `folder`; older ones than the last `keep` go. Conflict where it would not be whole."""
    stamp = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
    with _alone(folder):
        stamps = manifest.list_stamps(folder)
        before = manifest.load(folder) if stamps else Manifest("", databases.kind())
        if stamp in stamps:
            raise Conflict("A snapshot of this very second is there already.")
        made = Manifest(stamp, databases.kind())
        place = home(folder, stamp)
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True, mode=0o700)
        ends = databases.save(place / databases.file_name(made.database))
        _copy_files(settings.FACTEUR.data, place)
        made.files = {str(path.relative_to(place)): measure(path) for path in sorted(place.rglob("*")) if path.is_file()}
        copied = _copy_packs(settings.FACTEUR.data / "packs", folder / "packs", before, made)
        missing = [pack for pack, end in ends.items() if made.length(pack) < end]
        if missing:
            raise Conflict(f"The rows point beyond the end of {missing[0]}: this data folder has lost bytes. Run check_mail.")
        manifest.save(folder, made)
        _forget(folder, keep)
    total = sum(made.length(pack) for pack in made.packs)
    return Taken(stamp, copied, total - copied)


def verify(folder: Path, stamp: str = "") -> list[Damage]:
    """Read a whole snapshot against its digests; an empty list means that it can be restored."""
    found = manifest.load(folder, stamp)
    place = home(folder, found.stamp)
    damage = [Damage(name, "missing or changed") for name, file in found.files.items() if not _is_same(place / name, file)]
    for pack, pieces in found.packs.items():
        path = folder / "packs" / pack
        damage += [
            Damage(pack, f"{piece.length} bytes at {piece.offset} missing or changed") for piece in pieces if not _holds(path, piece)
        ]
    return damage


def _is_same(path: Path, file: manifest.File) -> bool:
    return path.is_file() and measure(path) == file


def _holds(path: Path, piece: Piece) -> bool:
    if not path.is_file():
        return False
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for part in read_range(file, piece.offset, piece.length):
            digest.update(part)
    return digest.hexdigest() == piece.sha256


def _copy_files(data: Path, place: Path) -> None:
    """Keys, certificates, settings: everything small that stands beside the database."""
    for path in sorted(data.rglob("*")):
        name = path.relative_to(data)
        if name.parts[0] in NOT_KEPT or ".sqlite3" in path.name or not path.is_file() or path.is_symlink():
            continue
        target = place / name
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.copyfile(path, target)
        target.chmod(0o600)


def _copy_packs(source: Path, target: Path, before: Manifest, made: Manifest) -> int:
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    copied = 0
    for path in sorted(source.glob("*.pack")):
        done = before.length(path.name)
        try:
            length = path.stat().st_size
        except FileNotFoundError:
            # Swept this very moment: no row has pointed into it for a day.
            continue
        if length < done:
            raise Conflict(f"{path.name} is shorter than it was: these snapshots are of another data folder.")
        pieces = list(before.packs.get(path.name, ()))
        if length > done:
            pieces.append(_append(path, target / path.name, done, length - done))
            copied += length - done
        made.packs[path.name] = pieces
    return copied


def _append(source: Path, target: Path, offset: int, length: int) -> Piece:
    digest, written = hashlib.sha256(), 0
    descriptor = os.open(target, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with source.open("rb") as bytes_in, os.fdopen(descriptor, "r+b") as out:
        if target.stat().st_size < offset:
            raise Conflict(f"The backup of {target.name} has lost bytes. Start a new backup folder.")
        # What an interrupted run left behind no manifest vouches for.
        out.truncate(offset)
        out.seek(offset)
        for part in read_range(bytes_in, offset, length):
            out.write(part)
            digest.update(part)
            written += len(part)
        out.flush()
        os.fsync(out.fileno())
    return Piece(offset, written, digest.hexdigest())


def _forget(folder: Path, keep: int) -> None:
    for stamp in manifest.list_stamps(folder)[: -max(1, keep)]:
        # The manifest first: half a snapshot must not look like one.
        (home(folder, stamp) / "manifest.json").unlink()
        shutil.rmtree(home(folder, stamp))
    named = {pack for stamp in manifest.list_stamps(folder) for pack in manifest.load(folder, stamp).packs}
    for path in (folder / "packs").glob("*.pack"):
        if path.name not in named:
            path.unlink()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise NotFound(f"{folder} cannot be used: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Conflict("Another backup is being written to this folder.") from None
    finally:
        os.close(lock)
