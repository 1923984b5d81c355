"""SELECT and EXAMINE with their parameters (RFC 3501 §6.3.1; RFC 4466 §2.1; RFC 7162 §3.1.8)."""

from dataclasses import dataclass

from .cursor import BadCommand, Cursor
from .names import parse_name


@dataclass(frozen=True, slots=True)
class Select:
    name: str
    condstore: bool = False


def parse_select(cursor: Cursor) -> Select:
    cursor.space()
    name = parse_name(cursor)
    if not cursor.skip(b" "):
        return Select(name)
    words = cursor.words_in_list()
    if words != [b"CONDSTORE"]:
        raise BadCommand("SELECT takes no such parameter here")
    return Select(name, condstore=True)
