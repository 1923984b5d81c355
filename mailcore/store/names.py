"""Folder names: Unicode, levels parted by "/", INBOX in capitals (RFC 9051 §5.1)."""

from mailcore.kernel.errors import BadSyntax

SEPARATOR = "/"
MAX_NAME = 1_000
MAX_LEVELS = 40
INBOX = "INBOX"


def normalise(name: str) -> str:
    """The one spelling of a name; raises BadSyntax where no folder can be called so."""
    levels = name.split(SEPARATOR)
    if levels[0].upper() == INBOX:
        levels[0] = INBOX
    if not all(level.strip() for level in levels) or any(ord(char) < 32 or ord(char) == 127 for char in name):
        raise BadSyntax("A folder cannot have this name.", repr(name))
    if len(name) > MAX_NAME or len(levels) > MAX_LEVELS:
        raise BadSyntax("The folder name is too long.", repr(name[:80]))
    return SEPARATOR.join(levels)


def list_parents(name: str) -> list[str]:
    """The folders around one, outermost first."""
    levels = name.split(SEPARATOR)
    return [SEPARATOR.join(levels[:count]) for count in range(1, len(levels))]


def is_below(name: str, parent: str) -> bool:
    return name.startswith(parent + SEPARATOR)
