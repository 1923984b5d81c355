"""Put a snapshot back: the whole system into an empty folder, or what is missing of one mailbox.

Every byte is compared with its digest on the way. The database comes last, so that a folder
whose restore was cut short has none and is never taken for a whole one.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from config.sqlite import library  # noqa: F401  isort: skip  (puts the newer SQLite in place)

import sqlite3

from mailcore.kernel.addresses import MailAddress
from mailcore.kernel.errors import Conflict, NotFound
from mailcore.kernel.ids import MailboxId
from mailcore.store import blobs, writer
from mailcore.store.importing import Report
from mailcore.store.models import Message

from . import databases, manifest
from .manifest import Manifest, Piece, home, measure, read_range

FRESH = frozenset({"secret.key", "run", "static"})
"""What a folder may hold that was only looked at by `manage.py`."""
BATCH = 100

_MAILBOX = """
SELECT m.id FROM directory_mailbox m JOIN directory_address a ON a.id = m.address_id JOIN directory_domain d ON d.id = a.domain_id
WHERE a.local = ? AND d.name = ?
"""
_MESSAGES = """
SELECT f.name, b.pack, b."offset", b.length, b.digest, m.prefix, m.flags, m.keywords, m.internaldate
FROM store_message m JOIN store_folder f ON f.id = m.folder_id JOIN store_blob b ON b.id = m.blob_id
WHERE m.mailbox_id = ? ORDER BY f.name, m.uid
"""
Row = tuple[str, str, int, int, bytes, bytes, int, str, int]


def restore(folder: Path, target: Path, *, stamp: str = "") -> Manifest:
    """The whole system. Conflict where `target` holds anything, or where the snapshot is damaged."""
    found = manifest.load(folder, stamp)
    _require_empty(target)
    place = home(folder, found.stamp)
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


def restore_mailbox(folder: Path, *, address: str, into: MailboxId, stamp: str = "") -> Report:
    """Add to a mailbox what a snapshot holds of `address` and it lacks, with folders, flags and dates.

    Repeating it adds nothing. Conflict for a PostgreSQL snapshot: restore that one whole, elsewhere, and export.
    """
    found = manifest.load(folder, stamp)
    if found.database != "sqlite":
        raise Conflict("A mailbox alone can be restored from SQLite snapshots only. Restore all of it elsewhere and export the mailbox.")
    writer.ensure_defaults(mailbox_id=into)
    report = Report()
    with closing(sqlite3.connect(f"file:{home(folder, found.stamp) / 'facteur.sqlite3'}?mode=ro&immutable=1", uri=True)) as database:
        batch: list[Row] = []
        for row in _read_mailbox(database, address):
            batch.append(row)
            if len(batch) >= BATCH:
                _add(folder, into, batch, report)
                batch = []
        _add(folder, into, batch, report)
    return report


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


def _read_mailbox(database: sqlite3.Connection, address: str) -> Iterator[Row]:
    parsed = MailAddress.parse(address)
    found = database.execute(_MAILBOX, [parsed.folded_local, parsed.domain]).fetchone()
    if found is None:
        raise NotFound(f"This snapshot knows no mailbox {parsed}.")
    yield from database.execute(_MESSAGES, found)


def _add(folder: Path, into: MailboxId, rows: list[Row], report: Report) -> None:
    if not rows:
        return
    present = _find_present(into, [bytes(row[4]) for row in rows])
    wanted = [row for row in rows if (row[0], bytes(row[4])) not in present]
    report.already_there += len(rows) - len(wanted)
    raws = [_read(folder / "packs" / row[1], row) for row in wanted]
    deliveries = [
        writer.Delivery(
            mailbox_id=into, folder=row[0], blob_id=blob_id, key="", prefix=bytes(row[5]), flags=row[6],
            keywords=frozenset(row[7].split()), internaldate=row[8],
        )
        for row, blob_id in zip(wanted, blobs.put_many(raws), strict=True)
    ]  # fmt: skip
    for result in writer.deliver(deliveries):
        if result.outcome is writer.Outcome.STORED:
            report.stored += 1
        else:
            report.over_quota += 1


def _read(pack: Path, row: Row) -> bytes:
    with pack.open("rb") as file:
        raw = b"".join(read_range(file, row[2], row[3]))
    if hashlib.sha256(raw).digest() != bytes(row[4]):
        raise Conflict(f"{pack.name} is damaged at {row[2]} in this backup.")
    return raw


def _find_present(mailbox_id: MailboxId, digests: list[bytes]) -> set[tuple[str, bytes]]:
    rows = Message.objects.filter(mailbox_id=mailbox_id, blob__digest__in=digests).values_list("folder__name", "blob__digest")
    return {(name, bytes(digest)) for name, digest in rows}
