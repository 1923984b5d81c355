"""GETACL, SETACL, DELETEACL, LISTRIGHTS, MYRIGHTS (RFC 4314 §3, §7)."""

from dataclasses import dataclass

from mailcore.kernel.errors import BadSyntax
from mailcore.kernel.mailstore import FlagMode
from mailcore.kernel.rights import parse_rights

from .cursor import BadCommand, Cursor
from .folders import parse_folder


@dataclass(frozen=True, slots=True)
class Named:
    folder: str
    identifier: str


@dataclass(frozen=True, slots=True)
class SetAcl:
    folder: str
    identifier: str
    mode: FlagMode
    rights: str


def parse_named(cursor: Cursor) -> Named:
    folder = parse_folder(cursor)
    cursor.space()
    return Named(folder, _parse_identifier(cursor))


def parse_set(cursor: Cursor) -> SetAcl:
    """A + or - before the rights adds or takes; without, they are all there are (RFC 4314 §3.1)."""
    named = parse_named(cursor)
    cursor.space()
    text = _decode(cursor.astring())
    mode = {"+": FlagMode.ADD, "-": FlagMode.REMOVE}.get(text[:1], FlagMode.REPLACE)
    try:
        rights = parse_rights(text.removeprefix("+") if mode is FlagMode.ADD else text.removeprefix("-"))
    except BadSyntax as error:
        # RFC 4314 §3.1: a right there is not is an error of the command.
        raise BadCommand(error.public) from error
    return SetAcl(named.folder, named.identifier, mode, rights)


def _parse_identifier(cursor: Cursor) -> str:
    return _decode(cursor.astring())


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadCommand("That is not UTF-8") from error
