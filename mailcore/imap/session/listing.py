"""LIST and LSUB (RFC 3501 §6.3.8, §6.3.9; RFC 5258; RFC 5819; RFC 6154; RFC 3348 CHILDREN)."""

from collections.abc import Generator
from dataclasses import dataclass, field

from mailcore.kernel.mailstore import FolderInfo

from ..grammar.listing import Listing, matches
from ..grammar.names import DELIMITER
from .acl import rights_line
from .core import Connection
from .folders import status_line, write_line

_CRITERIA = frozenset((b"SUBSCRIBED", b"SPECIAL-USE"))
"""Selections that say which folders are meant."""


@dataclass(slots=True)
class _Place:
    """A name in the tree: a folder, or only a subscription, or only the parent of one."""

    name: str
    folder: FolderInfo | None = None
    subscribed: bool = False
    has_children: bool = False
    selected_below: set[frozenset[bytes]] = field(default_factory=set)
    """What each folder below it meets of the selections."""


def list_folders(session: Connection, asked: Listing) -> Generator[bytes, None, bytes]:
    if asked.patterns == ("",) and not asked.extended:
        yield b'* LIST (\\Noselect) "/" ""\r\n'
        return b"The delimiter is /"
    places = _gather(session, with_lost=b"SUBSCRIBED" in asked.selection or b"SUBSCRIBED" in asked.returns)
    chosen = [place for place in places.values() if _is_chosen(place, asked)]
    pieces = []
    for place in chosen:
        pieces.append(_list_line(session, place, asked))
        if b"MYRIGHTS" in asked.returns and place.folder is not None:
            pieces.append(rights_line(session, place.folder.name, place.folder.rights))
        if asked.status and place.folder is not None and _meets(place, asked.selection):
            pieces.append(status_line(session, place.folder, asked.status))
    yield b"".join(pieces)
    return b"Folders listed"


def list_subscribed(session: Connection, asked: Listing) -> Generator[bytes, None, bytes]:
    """A `%` that hides a subscribed child names the parent with \\Noselect (RFC 3501 §6.3.9)."""
    pattern = asked.patterns[0]
    names = sorted(session.mail.list_subscribed(), key=_sort_key)
    lines: dict[str, bytes] = {}
    for name in names:
        if matches(pattern, name):
            lines[name] = b""
        elif pattern.endswith("%"):
            for parent in _parents(name):
                if matches(pattern, parent):
                    lines.setdefault(parent, b"\\Noselect")
    yield b"".join(write_line(session, b"LSUB", flags, name) for name, flags in lines.items())
    return b"Subscriptions listed"


def _gather(session: Connection, *, with_lost: bool) -> dict[str, _Place]:
    places = {folder.name: _Place(folder.name, folder, folder.subscribed) for folder in session.mail.list_folders()}
    if with_lost:
        for name in session.mail.list_subscribed():
            places.setdefault(name, _Place(name)).subscribed = True
    for name in list(places):
        place = places[name]
        for parent in _parents(name):
            above = places.setdefault(parent, _Place(parent))
            above.has_children = above.has_children or place.folder is not None
            above.selected_below.add(frozenset(word for word in _CRITERIA if _meets(place, frozenset((word,)))))
    return dict(sorted(places.items(), key=lambda item: _sort_key(item[0])))


def _parents(name: str) -> list[str]:
    levels = name.split(DELIMITER)
    return [DELIMITER.join(levels[:count]) for count in range(1, len(levels))]


def _sort_key(name: str) -> tuple[bool, str]:
    return (name != "INBOX", name)


def _meets(place: _Place, selection: frozenset[bytes]) -> bool:
    if b"SUBSCRIBED" in selection and not place.subscribed:
        return False
    return not (b"SPECIAL-USE" in selection and (place.folder is None or not place.folder.special_use))


def _meets_below(place: _Place, asked: Listing) -> bool:
    wanted = asked.selection & _CRITERIA
    return b"RECURSIVEMATCH" in asked.selection and any(wanted <= met for met in place.selected_below)


def _is_chosen(place: _Place, asked: Listing) -> bool:
    if not any(pattern and matches(pattern, place.name) for pattern in asked.patterns):
        return False
    if place.folder is None and not place.has_children and b"SUBSCRIBED" not in asked.selection:
        return False
    return _meets(place, asked.selection) or _meets_below(place, asked)


def _list_line(session: Connection, place: _Place, asked: Listing) -> bytes:
    flags = []
    if place.folder is None:
        flags.append(b"\\NonExistent" if asked.extended else b"\\Noselect")
    if not asked.extended or asked.returns & {b"CHILDREN"} or asked.selection:
        flags.append(b"\\HasChildren" if place.has_children else b"\\HasNoChildren")
    if place.subscribed and (b"SUBSCRIBED" in asked.returns or b"SUBSCRIBED" in asked.selection):
        flags.append(b"\\Subscribed")
    if place.folder is not None and place.folder.special_use:
        flags.append(place.folder.special_use.encode("ascii"))
    line = write_line(session, b"LIST", b" ".join(flags), place.name)
    if _meets_below(place, asked):
        info = b" ".join(b'"%b"' % name for name in sorted(asked.selection & _CRITERIA))
        return line[:-2] + b' ("CHILDINFO" (%b))\r\n' % info
    return line
