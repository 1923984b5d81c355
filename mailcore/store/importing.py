"""Bring a Maildir, an mbox or a folder of .eml files into a mailbox, with flags, dates and folders.

A file that is no message is named in the report and holds up nothing. Importing again adds
only what is missing, so an interrupted import is simply repeated.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mailcore.kernel.errors import BadSyntax, NotFound
from mailcore.kernel.ids import BlobId, MailboxId

from . import blobs, eml, maildir, mbox, names, writer
from .found import Failure, Found, FoundMessage
from .models import Message
from .uidsets import chunk

BATCH_MESSAGES = 200
BATCH_BYTES = 32 << 20


@dataclass(slots=True)
class Report:
    stored: int = 0
    already_there: int = 0
    over_quota: int = 0
    failures: list[Failure] = field(default_factory=list)
    folders: set[str] = field(default_factory=set)


def import_path(mailbox_id: MailboxId, path: Path, *, folder: str = names.INBOX) -> Report:
    """Import what is at `path`; single files go to `folder`. NotFound where nothing is there."""
    if not path.exists():
        raise NotFound("There is nothing to import at this path.", str(path))
    writer.ensure_defaults(mailbox_id=mailbox_id)
    report = Report()
    for batch in _gather(find(path, folder), report):
        _store(mailbox_id, batch, report)
    return report


def find(path: Path, folder: str) -> Iterator[Found]:
    """Every message at a path, whatever the kind of store."""
    if path.is_dir():
        yield from maildir.read(path, folder) if maildir.is_maildir(path) else _walk(path, path, folder)
    else:
        yield from _read_file(path, folder)


def _walk(root: Path, path: Path, folder: str) -> Iterator[Found]:
    """A folder of files: mboxes and .eml files, subfolders as folders."""
    try:
        children = sorted(path.iterdir())
    except OSError as error:
        yield Failure(str(path), f"it cannot be read: {error.strerror}")
        return
    levels = path.relative_to(root).parts
    here = "/".join(levels) or folder
    for child in children:
        if child.is_symlink() or child.name.startswith("."):
            continue
        if child.is_dir():
            below = "/".join((*levels, child.name))
            yield from maildir.read(child, below) if maildir.is_maildir(child) else _walk(root, child, folder)
        elif child.suffix.lower() in eml.SUFFIXES:
            yield from eml.read(child, here)
        else:
            # A file without such a suffix is a folder in one file, as mail programs keep them.
            yield from _read_file(child, "/".join((*levels, child.stem)))


def _read_file(path: Path, folder: str) -> Iterator[Found]:
    try:
        is_mbox = mbox.is_mbox(path)
    except OSError as error:
        yield Failure(str(path), f"it cannot be read: {error.strerror}")
        return
    yield from mbox.read(path, folder) if is_mbox else eml.read(path, folder)


def _gather(found: Iterator[Found], report: Report) -> Iterator[list[FoundMessage]]:
    """Batches that bound memory; failures and names no folder can have go to the report."""
    batch: list[FoundMessage] = []
    size = 0
    for item in found:
        if isinstance(item, Failure):
            report.failures.append(item)
            continue
        try:
            names.normalise(item.folder)
        except BadSyntax as error:
            report.failures.append(Failure(item.source, error.public))
            continue
        batch.append(item)
        size += len(item.raw)
        if len(batch) >= BATCH_MESSAGES or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _store(mailbox_id: MailboxId, batch: list[FoundMessage], report: Report) -> None:
    blob_ids = blobs.put_many([item.raw for item in batch])
    present = _find_present(mailbox_id, blob_ids)
    deliveries = []
    for item, blob_id in zip(batch, blob_ids, strict=True):
        folder = names.normalise(item.folder)
        report.folders.add(folder)
        if (folder, blob_id) in present:
            report.already_there += 1
            continue
        present.add((folder, blob_id))
        deliveries.append(
            writer.Delivery(
                mailbox_id=mailbox_id,
                folder=folder,
                blob_id=blob_id,
                key="",
                flags=item.flags,
                keywords=item.keywords,
                internaldate=item.internaldate,
            )
        )
    for result in writer.deliver(deliveries):
        if result.outcome is writer.Outcome.STORED:
            report.stored += 1
        else:
            report.over_quota += 1


def _find_present(mailbox_id: MailboxId, blob_ids: list[BlobId]) -> set[tuple[str, BlobId]]:
    found: set[tuple[str, BlobId]] = set()
    for part in chunk(list(dict.fromkeys(blob_ids)), blobs.IN_CHUNK):
        rows = Message.objects.filter(mailbox_id=mailbox_id, blob_id__in=part).values_list("folder__name", "blob_id")
        found |= {(name, BlobId(blob_id)) for name, blob_id in rows}
    return found
