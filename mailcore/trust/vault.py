"""Secrets that must be read back, encrypted with a key that is not in the database.

The key is a file of the data folder, one key a line: the first encrypts, all of them decrypt. A new
line put on top and `reseal` is a rotation.
"""

import os
import threading
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from mailcore.kernel.errors import Denied

FILE = "vault.key"
_lock = threading.Lock()
_opened: dict[Path, tuple[int, MultiFernet]] = {}


def seal(secret: bytes) -> bytes:
    return _open().encrypt(secret)


def unseal(sealed: bytes | memoryview) -> bytes:
    """Denied where the key it was sealed with is not in the file."""
    try:
        return _open().decrypt(bytes(sealed))
    except InvalidToken as error:
        raise Denied("A stored secret cannot be opened.", f"no key in {FILE} fits: was the file replaced?") from error


def reseal(sealed: bytes | memoryview) -> bytes:
    """The same secret under the first key of the file."""
    return seal(unseal(sealed))


def _open() -> MultiFernet:
    path = settings.FACTEUR.data / FILE
    with _lock:
        try:
            changed_at = path.stat().st_mtime_ns
        except FileNotFoundError:
            _make(path)
            changed_at = path.stat().st_mtime_ns
        known = _opened.get(path)
        if known is None or known[0] != changed_at:
            keys = [Fernet(line) for line in path.read_text("ascii").split()]
            known = _opened[path] = changed_at, MultiFernet(keys)
    return known[1]


def _make(path: Path) -> None:
    """Made whole under another name and linked into place: processes that start together agree on one key."""
    scratch = path.with_suffix(f".{os.getpid()}")
    with open(scratch, "wb", opener=lambda name, flags: os.open(name, flags | os.O_EXCL, 0o600)) as file:
        file.write(Fernet.generate_key() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(scratch, path)
    except FileExistsError:
        pass  # another process was quicker, and its key is the one that counts
    finally:
        scratch.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
