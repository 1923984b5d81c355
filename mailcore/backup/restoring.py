"""Put a whole snapshot back into an empty folder.

Every byte is compared with its digest on the way. The database comes last, so that a folder
whose restore was cut short has none and is never taken for a whole one.
"""

import hashlib
import os
import shutil
from pathlib import Path

from mailcore.kernel.errors import Conflict

from . import databases, manifest
from .manifest import Manifest, Piece, home, measure, read_range

FRESH = frozenset({"secret.key", "run", "static"})
"""What a folder may hold that was only looked at by `manage.py`."""


def restore(folder: Path, target: Path, *, stamp: str = "") -> Manifest:
    """The whole system. Conflict where `target` holds anything, or where the snapshot is damaged."""
    found = manifest.load(folder, stamp)
    _require_empty(target)
    if found.database != databases.kind():
        wanted = "is set" if found.database == "sqlite" else "is not set"
        raise Conflict(f"This snapshot is of {found.database}, and FACTEUR_DATABASE_URL {wanted}. Nothing was restored.")
    place = home(folder, found.stamp)
    if found.database == "postgresql":
        databases.require_empty()
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    (target / "packs").mkdir(mode=0o700, exist_ok=True)
    for pack, pieces in found.packs.items():
        _copy_pack(folder / "packs" / pack, target / "packs" / pack, pieces)
    database = databases.file_name(found.database)
    for name, file in sorted(found.files.items(), key=lambda item: item[0] == database):
        if not (place / name).is_file() or measure(place / name) != file:
            raise Conflict(f"{name} is damaged in this snapshot. Restore an older one into another folder.")
        if name == "database.dump":
            databases.restore_postgresql(place / name)
        else:
            _copy_file(place / name, target / name)
    return found


def _require_empty(target: Path) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise Conflict(f"{target} is no folder. Nothing was restored.")
    held = sorted(path.name for path in target.iterdir() if path.name not in FRESH)
    if held:
        raise Conflict(f"{target} is not empty: it holds {held[0]}. Nothing was restored.")


def _copy_pack(source: Path, target: Path, pieces: list[Piece]) -> None:
    if not source.is_file():
        raise Conflict(f"{source.name} is missing in this backup.")
    with source.open("rb") as bytes_in, os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        for piece in pieces:
            digest = hashlib.sha256()
            for part in read_range(bytes_in, piece.offset, piece.length):
                digest.update(part)
                out.write(part)
            if digest.hexdigest() != piece.sha256:
                raise Conflict(f"{source.name} is damaged at {piece.offset} in this backup.")
        out.flush()
        os.fsync(out.fileno())


def _copy_file(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = target.with_name(f".{target.name}.restoring")
    shutil.copyfile(source, draft)
    draft.chmod(0o600)
    draft.replace(target)
