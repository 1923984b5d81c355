"""Packs that are to go: nothing is added to them any more, what lives in them is moved, then they are removed.

A pack `x.pack` is retired by a file `x.retired` beside it, which outlives a crash. Once no row points
into the pack that file says since when, in seconds since the epoch. The pack itself stays where it is
until long after, for readers and backups that hold an older place of a message.
"""

import fcntl
import os
from contextlib import suppress
from pathlib import Path

SUFFIX = ".retired"


def is_retired(pack: Path) -> bool:
    return os.path.exists(pack.with_suffix(SUFFIX))


def retire(pack: Path) -> None:
    """Who writes to it leaves it with the next message."""
    os.close(os.open(pack.with_suffix(SUFFIX), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
    sync_folder(pack.parent)


def list_retired(folder: Path) -> list[Path]:
    """Their packs, by name; one that is gone already may be among them."""
    return sorted(path.with_suffix(".pack") for path in folder.glob(f"*{SUFFIX}"))


def get_emptied(pack: Path) -> int:
    """Since when no row points into it; 0 where some may, or where a crash left no whole date."""
    text = pack.with_suffix(SUFFIX).read_text("ascii", "replace")
    return int(text) if text.endswith("\n") and text.strip().isdigit() else 0


def set_emptied(pack: Path, at: int) -> None:
    """0: rows point into it again."""
    with pack.with_suffix(SUFFIX).open("w", encoding="ascii") as file:
        file.write(f"{at}\n" if at else "")
        file.flush()
        os.fsync(file.fileno())


def remove(pack: Path) -> bool:
    """Give its room back; False where a writer still holds it."""
    with suppress(FileNotFoundError):
        handle = os.open(pack, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            pack.unlink()
        except BlockingIOError:
            return False
        finally:
            os.close(handle)
        sync_folder(pack.parent)
    # Last: should it be lost first, the pack would be taken for one that may be added to.
    pack.with_suffix(SUFFIX).unlink(missing_ok=True)
    return True


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
