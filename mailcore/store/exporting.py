"""Write a mailbox out as a Maildir, as mbox files, or as .eml files, with flags, dates and folders."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from mailcore.kernel.errors import Conflict
from mailcore.kernel.flags import split_keywords
from mailcore.kernel.ids import MailboxId
from mailcore.kernel.mailstore import FolderInfo

from . import eml, fetching, folders, maildir, mbox, snapshots
from .found import FoundMessage


class Form(StrEnum):
    MAILDIR = "maildir"
    MBOX = "mbox"
    EML = "eml"


def export_mailbox(mailbox_id: MailboxId, path: Path, *, form: Form = Form.MAILDIR) -> int:
    """The number of messages written. Conflict where something is at the path already."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise Conflict("There is something at this path already.", str(path))
    path.mkdir(parents=True, exist_ok=True)
    write = {Form.MAILDIR: _write_maildir, Form.MBOX: _write_mbox, Form.EML: _write_eml}[form]
    return sum(write(path, info, read(mailbox_id, info)) for info in folders.list_folders(mailbox_id))


def read(mailbox_id: MailboxId, info: FolderInfo) -> Iterator[tuple[int, FoundMessage]]:
    """(UID, message) of one folder, bodies read as the caller proceeds."""
    snapshot = snapshots.load(mailbox_id, info.id)
    flags = dict(zip(snapshot.uids, snapshot.flags, strict=True))
    for uid, raw, internaldate in fetching.fetch(info.id, list(snapshot.uids), ["raw", "internaldate"]):
        keywords = split_keywords(snapshot.keywords.get(uid, ""))
        yield (
            uid,
            FoundMessage(
                source=f"{info.name} {uid}", folder=info.name, raw=raw, flags=flags[uid], keywords=keywords, internaldate=internaldate
            ),
        )


def _write_maildir(path: Path, info: FolderInfo, messages: Iterator[tuple[int, FoundMessage]]) -> int:
    writer = maildir.Writer(path)
    writer.open_folder(info.name)
    count = 0
    for uid, message in messages:
        writer.write(message, uid=uid)
        count += 1
    writer.close()
    return count


def _write_mbox(path: Path, info: FolderInfo, messages: Iterator[tuple[int, FoundMessage]]) -> int:
    levels = [level if level.strip(".") else "_" for level in info.name.split("/")]
    file_path = path.joinpath(*levels[:-1], f"{levels[-1]}.mbox")
    file_path.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with file_path.open("wb") as file:
        for _, message in messages:
            mbox.write(file, message)
            count += 1
    return count


def _write_eml(path: Path, _: FolderInfo, messages: Iterator[tuple[int, FoundMessage]]) -> int:
    count = 0
    for uid, message in messages:
        eml.write(path, message, uid=uid)
        count += 1
    return count
