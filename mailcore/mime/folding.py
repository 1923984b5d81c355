"""Header fields as they go out: encoded where they must be, folded, each word whole.

RFC 5322 §2.1.1, §2.2.3; RFC 2047 §5. Callers have refused line breaks already.
"""

import re
from collections.abc import Sequence

from . import words
from .addresses import Mailbox

MAX_LINE = 78
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*\Z")
_DOT_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+)*\Z")
_LONGEST_WORD = 200


def fold(name: str, pieces: Sequence[str]) -> bytes:
    """One field with its line end; a line is broken between pieces only."""
    lines: list[str] = []
    line = f"{name}:"
    for piece in pieces:
        if len(line) + 1 + len(piece) > MAX_LINE and line.strip(" ") and not line.endswith(":"):
            lines.append(line)
            line = ""
        line += f" {piece}"
    lines.append(line)
    return "".join(f"{part}\r\n" for part in lines).encode("utf-8", "replace")


def write_text(text: str) -> list[str]:
    """Unstructured text in pieces: as it is where it is plain ASCII that folds, else as encoded words."""
    if not text:
        return [""]
    pieces = text.split(" ")
    plain = text.isascii() and "=?" not in text and "\t" not in text and "" not in pieces
    return pieces if plain and max(map(len, pieces)) <= _LONGEST_WORD else words.encode(text)


def write_addresses(mailboxes: Sequence[Mailbox]) -> list[str]:
    """An address list in pieces, commas included."""
    pieces: list[str] = []
    for mailbox in mailboxes:
        spec = f"{_write_local(mailbox.local)}@{mailbox.domain}"
        pieces += [*_write_name(mailbox.name), f"<{spec}>"] if mailbox.name else [spec]
        pieces[-1] += ","
    if pieces:
        pieces[-1] = pieces[-1][:-1]
    return pieces


def _write_name(name: str) -> list[str]:
    if not name.isascii() or "=?" in name or len(name) > _LONGEST_WORD:
        return words.encode(name)
    if _ATOMS.match(name):
        return name.split()
    return [_quoted(name)]


def _write_local(local: str) -> str:
    return local if _DOT_ATOM.match(local) else _quoted(local)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
