"""Folders of .eml files: one message a file, folders of the disk as folders of the mailbox."""

from collections.abc import Iterator
from pathlib import Path

from mailcore.mime.dates import parse_date
from mailcore.mime.headers import Headers

from .found import Failure, Found, FoundMessage, find_fault, to_wire

SUFFIXES = (".eml", ".msg", ".txt")


def read(path: Path, folder: str) -> Iterator[Found]:
    """One file. The date received is that of its Date header, else the file's."""
    try:
        raw, modified = to_wire(path.read_bytes()), int(path.stat().st_mtime)
    except OSError as error:
        yield Failure(str(path), f"it cannot be read: {error.strerror}")
        return
    fault = find_fault(raw)
    if fault:
        yield Failure(str(path), fault)
        return
    sent = parse_date(Headers.parse(raw).get("date"))
    yield FoundMessage(source=str(path), folder=folder, raw=raw, internaldate=modified if sent is None else sent)


def write(root: Path, message: FoundMessage, *, uid: int) -> None:
    # A level named ".." must not lead out of the folder that was asked for.
    levels = [level if level.strip(".") else "_" for level in message.folder.split("/")]
    path = root.joinpath(*levels)
    path.mkdir(parents=True, exist_ok=True)
    (path / f"{uid:08d}.eml").write_bytes(message.raw)
