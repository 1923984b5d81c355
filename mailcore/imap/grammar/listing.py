"""LIST and LSUB (RFC 3501 §6.3.8; RFC 5258 LIST-EXTENDED; RFC 5819 LIST-STATUS; RFC 6154; RFC 8440)."""

from dataclasses import dataclass
from functools import lru_cache

from mailcore.kernel.errors import BadSyntax

from .cursor import BadCommand, Cursor
from .folders import parse_status_items
from .names import DELIMITER, decode_name, decode_utf8_name

MAX_PATTERNS = 50
_SELECT = frozenset((b"SUBSCRIBED", b"REMOTE", b"RECURSIVEMATCH", b"SPECIAL-USE"))
_RETURN = frozenset((b"SUBSCRIBED", b"CHILDREN", b"SPECIAL-USE", b"STATUS", b"MYRIGHTS"))


@dataclass(frozen=True, slots=True)
class Listing:
    patterns: tuple[str, ...]
    """The reference put before each."""
    selection: frozenset[bytes] = frozenset()
    returns: frozenset[bytes] = frozenset()
    status: tuple[bytes, ...] = ()
    extended: bool = False


def parse_list(cursor: Cursor) -> Listing:
    cursor.space()
    selection: frozenset[bytes] = frozenset()
    extended = cursor.peek(b"(")
    if extended:
        selection = frozenset(cursor.words_in_list())
        if not selection <= _SELECT:
            raise BadCommand("LIST knows no such selection")
        if b"RECURSIVEMATCH" in selection and not selection & {b"SUBSCRIBED", b"SPECIAL-USE"}:
            raise BadCommand("RECURSIVEMATCH stands with another selection only")
        cursor.space()
    reference = cursor.astring()
    cursor.space()
    if cursor.skip(b"("):
        extended = True
        patterns = [cursor.list_pattern()]
        while cursor.skip(b" "):
            patterns.append(cursor.list_pattern())
        cursor.expect(b")")
        if len(patterns) > MAX_PATTERNS:
            raise BadCommand("More than 50 patterns in LIST")
    else:
        patterns = [cursor.list_pattern()]
    returns, status = _parse_returns(cursor)
    joined = tuple(_join(cursor, reference, pattern) for pattern in patterns)
    return Listing(joined, selection, returns, status, extended or bool(returns))


def parse_lsub(cursor: Cursor) -> Listing:
    cursor.space()
    reference = cursor.astring()
    cursor.space()
    return Listing((_join(cursor, reference, cursor.list_pattern()),))


def _parse_returns(cursor: Cursor) -> tuple[frozenset[bytes], tuple[bytes, ...]]:
    if not cursor.skip(b" "):
        return frozenset(), ()
    if cursor.word() != b"RETURN":
        raise BadCommand("Expected RETURN")
    cursor.space()
    cursor.expect(b"(")
    returns: set[bytes] = set()
    status: tuple[bytes, ...] = ()
    while not cursor.skip(b")"):
        if returns:
            cursor.space()
        option = cursor.word()
        if option not in _RETURN:
            raise BadCommand("LIST can return no such thing")
        returns.add(option)
        if option == b"STATUS":
            cursor.space()
            status = parse_status_items(cursor)
    return frozenset(returns), status


def _join(cursor: Cursor, reference: bytes, pattern: bytes) -> str:
    """An absolute reference is the common prefix (RFC 3501 §6.3.8); "" asks for the delimiter only."""
    if not pattern:
        return ""
    try:
        return decode_utf8_name(reference + pattern) if cursor.utf8_names else decode_name(reference + pattern)
    except BadSyntax:
        # It names nothing that can exist; a pattern that matches nothing says so without an error.
        return "\0"


def matches(pattern: str, name: str) -> bool:
    """Whether `*` (anything) and `%` (anything but the delimiter) make the pattern into the name.

    Steps all the places in the pattern at once, as bits: a pattern of many stars would make a
    regex try for ever.
    """
    if pattern == "*":
        return True
    stars, steps, places = _compile(pattern)
    here = _close(1, stars)
    for char in name:
        stay = here & (stars["*"] if char == DELIMITER else places)
        here = _close(stay | (here & steps.get(char, 0)) << 1, stars)
        if not here:
            return False
    return bool(here >> len(pattern) & 1)


def _close(here: int, stars: dict[str, int]) -> int:
    """A wildcard may stand for nothing: whoever is before one is behind it too."""
    while (more := here | (here & stars["both"]) << 1) != here:
        here = more
    return here


@lru_cache(maxsize=256)
def _compile(pattern: str) -> tuple[dict[str, int], dict[str, int], int]:
    stars = {"*": 0, "both": 0}
    steps: dict[str, int] = {}
    for place, char in enumerate(pattern):
        if char in "*%":
            stars["both"] |= 1 << place
            stars["*"] |= (char == "*") << place
        else:
            steps[char] = steps.get(char, 0) | 1 << place
    return stars, steps, stars["both"]
