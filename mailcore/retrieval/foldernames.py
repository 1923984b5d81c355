"""Names of folders there, and what they are called here.

Modified UTF-7 is read (RFC 3501 §5.1.3), the prefix of the person's own namespace taken away (RFC
2342), the delimiter becomes ours; special uses (RFC 6154) lead to the folder that has the use here,
and where a server tells none, the usual names do.
"""

import fnmatch
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from imapclient.imap_utf7 import decode

from mailcore.kernel.errors import BadSyntax
from mailcore.store import names

from .imapside import RemoteFolder

SPECIAL = {
    "\\sent": "\\Sent",
    "\\drafts": "\\Drafts",
    "\\trash": "\\Trash",
    "\\junk": "\\Junk",
    "\\archive": "\\Archive",
    "\\spam": "\\Junk",
}
USUAL = {
    "sent": "\\Sent", "sent items": "\\Sent", "sent messages": "\\Sent", "sent-mail": "\\Sent", "sent mail": "\\Sent",
    "drafts": "\\Drafts", "trash": "\\Trash", "deleted items": "\\Trash", "deleted messages": "\\Trash", "bin": "\\Trash",
    "junk": "\\Junk", "spam": "\\Junk", "junk e-mail": "\\Junk", "junk email": "\\Junk", "bulk mail": "\\Junk",
    "archive": "\\Archive", "archives": "\\Archive",
}  # fmt: skip
_VIRTUAL = frozenset({"\\all", "\\flagged", "\\important"})
_UNUSABLE = str.maketrans(dict.fromkeys([*map(chr, range(32)), "\x7f", names.SEPARATOR], "_"))


@dataclass(frozen=True, slots=True)
class Place:
    remote: RemoteFolder
    shown: str
    """For people, with the delimiter of the other server."""
    target: str
    """Here; "" where it is left out."""
    note: str = ""
    """Why it is left out."""


def plan(
    found: Iterable[RemoteFolder], *, prefix: str, foreign: Iterable[str], excluded: Iterable[str], uses: Mapping[str, str]
) -> list[Place]:
    """Where each folder goes. `uses` are the folders here by special use. INBOX comes first; no two get one name."""
    places: list[Place] = []
    taken: set[str] = set()
    free = dict(uses)
    for remote in sorted({one.raw: one for one in found}.values(), key=lambda one: (one.raw.upper() != b"INBOX", one.raw)):
        shown = read_name(remote.raw)
        note = _leave_out(remote, shown, foreign, excluded)
        target = ""
        if not note:
            target, note = _find_target(remote, shown, prefix, free)
        if target:
            target = make_unique(target, taken)
        places.append(Place(remote, shown[:2000], target, note))
    return places


def read_name(raw: bytes) -> str:
    """What cannot be decoded is shown as it came."""
    try:
        return str(decode(raw))
    except (ValueError, UnicodeError):
        return raw.decode("latin-1")


def is_excluded(shown: str, patterns: Iterable[str]) -> bool:
    """`*` and `?` as in a shell, whatever the case; a pattern without them also names what is below."""
    folded = shown.casefold()
    return any(fnmatch.fnmatchcase(folded, pattern.casefold()) for pattern in patterns)


def make_unique(target: str, taken: set[str]) -> str:
    """The name, with a number where it is taken; it is taken then. Names that differ in case only are one to some programs."""
    name, number = target, 2
    while name.casefold() in taken:
        name = f"{target} ({number})"
        number += 1
    taken.add(name.casefold())
    return name


def _leave_out(remote: RemoteFolder, shown: str, foreign: Iterable[str], excluded: Iterable[str]) -> str:
    if remote.attributes & {"\\noselect", "\\nonexistent"}:
        return "It holds folders only."
    if remote.attributes & _VIRTUAL:
        return "It shows what lies in other folders."
    if any(shown.startswith(prefix) for prefix in foreign):
        return "It belongs to somebody else."
    if is_excluded(shown, excluded):
        return "It was excluded."
    if any(byte < 32 or byte == 127 for byte in remote.raw) or not remote.raw.isascii():
        return "Its name cannot be written in a command."
    return ""


def _find_target(remote: RemoteFolder, shown: str, prefix: str, free: dict[str, str]) -> tuple[str, str]:
    levels = _split(shown, prefix, remote.delimiter)
    if len(levels) == 1:
        special = next((SPECIAL[flag] for flag in remote.attributes if flag in SPECIAL), "") or USUAL.get(levels[0].casefold(), "")
        if special in free:
            return free.pop(special), ""
    target = names.SEPARATOR.join(level.translate(_UNUSABLE).strip() or "_" for level in levels)
    try:
        return names.normalise(target), ""
    except BadSyntax as error:
        return "", error.public


def _split(shown: str, prefix: str, delimiter: str) -> list[str]:
    if shown.upper() == names.INBOX:
        return [names.INBOX]
    if prefix and shown.startswith(prefix) and shown != prefix:
        shown = shown[len(prefix) :]
    elif delimiter and prefix == "" and shown.upper().startswith(names.INBOX + delimiter):
        shown = names.INBOX + shown[len(names.INBOX) :]
    return shown.split(delimiter) if delimiter else [shown]
