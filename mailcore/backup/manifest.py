"""What one snapshot holds, with digests. It is written last, so a snapshot without one does not exist.

Packs are only ever added to, so a recorded length is a snapshot of one. A pack is kept as the
pieces it was copied in; a later snapshot repeats the list and adds to it.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import BinaryIO

from mailcore.kernel.errors import Conflict, NotFound

VERSION = 1
STEP = 1 << 20


@dataclass(frozen=True, slots=True)
class Piece:
    offset: int
    length: int
    sha256: str


@dataclass(frozen=True, slots=True)
class File:
    bytes: int
    sha256: str


@dataclass(slots=True)
class Manifest:
    stamp: str
    """UTC, sorts by time: 20260302T093000Z."""
    database: str
    """`sqlite` or `postgresql`."""
    files: dict[str, File] = field(default_factory=dict)
    """By path inside the snapshot's folder: the database, keys and certificates."""
    packs: dict[str, list[Piece]] = field(default_factory=dict)
    version: int = VERSION

    def length(self, pack: str) -> int:
        return sum(piece.length for piece in self.packs.get(pack, ()))


def list_stamps(folder: Path) -> list[str]:
    """Oldest first."""
    return sorted(path.parent.name for path in folder.glob("snapshots/*/manifest.json"))


def load(folder: Path, stamp: str = "") -> Manifest:
    """The newest snapshot, or the one named; NotFound where there is none, Conflict where it cannot be read."""
    stamps = list_stamps(folder)
    if not stamps or (stamp and stamp not in stamps):
        raise NotFound(f"There is no snapshot {stamp} in {folder}." if stamp else f"There is no snapshot in {folder}.")
    path = home(folder, stamp or stamps[-1]) / "manifest.json"
    try:
        found = json.loads(path.read_text("utf-8"))
        if found["version"] != VERSION:
            raise Conflict(f"{path} was written by another version of Facteur.")
        return Manifest(
            stamp=found["stamp"],
            database=found["database"],
            files={name: File(**file) for name, file in found["files"].items()},
            packs={name: [Piece(**piece) for piece in pieces] for name, pieces in found["packs"].items()},
        )
    except (ValueError, KeyError, TypeError) as error:
        raise Conflict(f"{path} cannot be read: {error}") from error


def save(folder: Path, manifest: Manifest) -> None:
    path = home(folder, manifest.stamp) / "manifest.json"
    draft = path.with_suffix(".draft")
    with draft.open("w", encoding="utf-8") as file:
        json.dump(asdict(manifest), file, indent=1, sort_keys=True)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def home(folder: Path, stamp: str) -> Path:
    return folder / "snapshots" / stamp


def measure(path: Path) -> File:
    with path.open("rb") as file:
        digest, size = hashlib.sha256(), 0
        for part in read_range(file, 0, path.stat().st_size):
            digest.update(part)
            size += len(part)
    return File(size, digest.hexdigest())


def read_range(file: BinaryIO, offset: int, length: int) -> Iterator[bytes]:
    """The bytes of a range in bounded parts; fewer where the file ends before."""
    file.seek(offset)
    while length > 0 and (part := file.read(min(STEP, length))):
        yield part
        length -= len(part)
