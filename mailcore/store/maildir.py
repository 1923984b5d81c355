"""Maildir and Maildir++, read and written.

Flags are the letters after ":2,"; folders are subfolders ".Name.Sub" with names in modified
UTF-7; keywords are the letters a-z, named in a file `dovecot-keywords`. The date received is
the file's modification time.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from mailcore.imap.grammar.names import decode_name, encode_name
from mailcore.kernel.errors import BadSyntax
from mailcore.kernel.flags import ANSWERED, DELETED, DRAFT, FLAGGED, SEEN

from .found import Failure, Found, FoundMessage, find_fault, to_wire
from .names import INBOX

LETTERS = {"D": DRAFT, "F": FLAGGED, "R": ANSWERED, "S": SEEN, "T": DELETED}
KEYWORDS_FILE = "dovecot-keywords"
MAX_KEYWORDS = 26


def is_maildir(path: Path) -> bool:
    return (path / "cur").is_dir() and (path / "new").is_dir()


def read(path: Path, folder: str = INBOX) -> Iterator[Found]:
    """Every message of a Maildir and of the folders in it."""
    yield from _read_folder(path, folder)
    for child in sorted(path.iterdir()):
        if child.name.startswith(".") and child.name not in (".", "..") and is_maildir(child):
            yield from _read_folder(child, "/".join(_read_level(level) for level in child.name[1:].split(".")))


def _read_folder(path: Path, folder: str) -> Iterator[Found]:
    keywords = _read_keywords(path / KEYWORDS_FILE)
    files = [file for kind in ("cur", "new") for file in sorted((path / kind).iterdir())]
    for file in files:
        if file.name.startswith("."):
            continue
        try:
            raw, received = to_wire(file.read_bytes()), int(file.stat().st_mtime)
        except OSError as error:
            yield Failure(str(file), f"it cannot be read: {error.strerror}")
            continue
        fault = find_fault(raw)
        letters = file.name.rpartition(":2,")[2] if ":2," in file.name else ""
        yield (
            Failure(str(file), fault)
            if fault
            else FoundMessage(
                source=str(file),
                folder=folder,
                raw=raw,
                flags=sum(LETTERS.get(letter, 0) for letter in set(letters)),
                keywords=frozenset(keywords[letter] for letter in letters if letter in keywords),
                internaldate=max(received, 0),
            )
        )


def _read_level(level: str) -> str:
    """A name that is not modified UTF-7 is taken as it stands."""
    try:
        name = decode_name(os.fsencode(level))
    except BadSyntax:
        name = level.encode("utf-8", "replace").decode("utf-8")
    return name.replace("/", "_")


def _read_keywords(path: Path) -> dict[str, str]:
    """Lines "0 name"; number 0 is the letter a."""
    if not path.is_file():
        return {}
    pairs = (line.partition(" ") for line in path.read_text("utf-8", "replace").splitlines())
    return {chr(ord("a") + int(number)): name for number, _, name in pairs if number.isdigit() and int(number) < MAX_KEYWORDS and name}


class Writer:
    """Writes one Maildir++; folders are made as messages come."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._keywords: dict[Path, list[str]] = {}

    def open_folder(self, name: str) -> Path:
        path = self.root if name == INBOX else self.root / _name_folder(name)
        for kind in ("cur", "new", "tmp"):
            (path / kind).mkdir(parents=True, exist_ok=True)
        return path

    def write(self, message: FoundMessage, *, uid: int) -> None:
        path = self.open_folder(message.folder)
        letters = sorted(letter for letter, bit in LETTERS.items() if message.flags & bit)
        letters += sorted(self._letter_of(path, sorted(message.keywords)))
        received = message.internaldate or 0
        file = path / "cur" / f"{received}.U{uid}.facteur,S={len(message.raw)}:2,{''.join(letters)}"
        file.write_bytes(message.raw)
        os.utime(file, (received, received))

    def _letter_of(self, path: Path, keywords: Sequence[str]) -> Iterator[str]:
        known = self._keywords.setdefault(path, [])
        for keyword in keywords:
            if keyword not in known and len(known) < MAX_KEYWORDS:
                known.append(keyword)
            if keyword in known:
                yield chr(ord("a") + known.index(keyword))

    def close(self) -> None:
        written: Mapping[Path, list[str]] = self._keywords
        for path, known in written.items():
            if known:
                lines = [f"{number} {keyword}\n" for number, keyword in enumerate(known)]
                (path / KEYWORDS_FILE).write_text("".join(lines), "utf-8")


def _name_folder(name: str) -> str:
    """A dot would part levels, so it becomes an underscore."""
    return "." + ".".join(encode_name(level.replace(".", "_")).decode("ascii") for level in name.split("/"))
