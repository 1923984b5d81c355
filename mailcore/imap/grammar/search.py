"""SEARCH: a tree of keys (RFC 3501 §6.4.4; RFC 4731 ESEARCH; RFC 7162 §3.1.5; RFC 8514;
RFC 5032 WITHIN; RFC 5182 `$`; RFC 9394 PARTIAL; RFC 6203 FUZZY; RFC 5267 UPDATE).

Strings are decoded by the CHARSET here, so nothing below knows of charsets.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from mailcore.kernel import flags as kernel_flags
from mailcore.kernel.limits import ImapLimits
from mailcore.kernel.mailstore import DateLeaf, SearchLeaf, SizeLeaf, TextLeaf

from .cursor import BadCommand, Cursor, UidRequired
from .dates import parse_date
from .sequences import SequenceSet, parse_partial, parse_set

CHARSETS = {
    b"US-ASCII": "utf-8",
    b"UTF-8": "utf-8",
    b"ISO-8859-1": "latin-1",
    b"ISO-8859-15": "iso8859-15",
}
RETURNS = frozenset((b"MIN", b"MAX", b"ALL", b"COUNT", b"SAVE", b"RELEVANCY", b"UPDATE", b"CONTEXT"))
_SAYS_NOTHING = frozenset((b"UPDATE", b"CONTEXT"))
MAX_DEPTH = ImapLimits().max_depth
MAX_KEYS = 2_000


class BadCharset(Exception):
    """Answered with NO [BADCHARSET]."""


@dataclass(frozen=True, slots=True)
class And:
    keys: "tuple[Key, ...]"


@dataclass(frozen=True, slots=True)
class Or:
    left: "Key"
    right: "Key"


@dataclass(frozen=True, slots=True)
class Not:
    key: "Key"


@dataclass(frozen=True, slots=True)
class Fuzzy:
    """A key that need not be met to the letter (RFC 6203 §3)."""

    key: "Key"


@dataclass(frozen=True, slots=True)
class FlagKey:
    bit: int
    wanted: bool


@dataclass(frozen=True, slots=True)
class KeywordKey:
    keyword: str
    """Folded."""
    wanted: bool


@dataclass(frozen=True, slots=True)
class RecentKey:
    wanted: bool


@dataclass(frozen=True, slots=True)
class SetKey:
    messages: SequenceSet
    uid: bool


@dataclass(frozen=True, slots=True)
class ObjectKey:
    """RFC 8474 §6: the messages of one content, or of one conversation."""

    column: Literal["email_id", "thread_id"]
    value: str


@dataclass(frozen=True, slots=True)
class ModseqKey:
    modseq: int


@dataclass(frozen=True, slots=True)
class WithinKey:
    """RFC 5032: by the seconds since a message came."""

    op: Literal["older", "younger"]
    seconds: int


Key = WithinKey | And | Or | Not | Fuzzy | FlagKey | KeywordKey | RecentKey | SetKey | ModseqKey | ObjectKey | SearchLeaf
ALL = And(())


@dataclass(frozen=True, slots=True)
class Returns:
    """What RETURN asks for (RFC 4731, RFC 5182, RFC 5267, RFC 9394)."""

    words: frozenset[bytes]
    partial: tuple[int, int] | None = None
    """Ranks, both negative where they count from the end."""


@dataclass(frozen=True, slots=True)
class Search:
    key: Key
    returns: Returns | None = None
    """None: the old SEARCH response is wanted."""
    modseq: bool = False
    fuzzy: bool = False
    """Some key of it is."""


_FLAGS: dict[bytes, Key] = {
    (b"UN" if not wanted else b"") + name.encode("ascii").lstrip(b"\\").upper(): FlagKey(bit, wanted)
    for name, bit in kernel_flags.BY_NAME.items()
    for wanted in (True, False)
}
_PLAIN: dict[bytes, Key] = {
    **_FLAGS,
    b"ALL": ALL,
    b"NEW": And((RecentKey(True), FlagKey(kernel_flags.SEEN, False))),
    b"OLD": RecentKey(False),
    b"RECENT": RecentKey(True),
    b"SAVEDATESUPPORTED": ALL,
}
_TEXTS = {word.upper().encode("ascii"): word for word in ("subject", "from", "to", "cc", "bcc", "body", "text")}


def parse_interval(cursor: Cursor) -> int:
    seconds = cursor.number()
    if not seconds:
        raise BadCommand("An interval is a second at least")
    return seconds


_DATES: dict[bytes, Callable[[Cursor], Key]] = {
    b"BEFORE": lambda cursor: DateLeaf("internal", "before", parse_date(cursor)),
    b"ON": lambda cursor: DateLeaf("internal", "on", parse_date(cursor)),
    b"SINCE": lambda cursor: DateLeaf("internal", "since", parse_date(cursor)),
    b"SENTBEFORE": lambda cursor: DateLeaf("sent", "before", parse_date(cursor)),
    b"SENTON": lambda cursor: DateLeaf("sent", "on", parse_date(cursor)),
    b"SENTSINCE": lambda cursor: DateLeaf("sent", "since", parse_date(cursor)),
    b"SAVEDBEFORE": lambda cursor: DateLeaf("saved", "before", parse_date(cursor)),
    b"SAVEDON": lambda cursor: DateLeaf("saved", "on", parse_date(cursor)),
    b"SAVEDSINCE": lambda cursor: DateLeaf("saved", "since", parse_date(cursor)),
    b"OLDER": lambda cursor: WithinKey("older", parse_interval(cursor)),
    b"YOUNGER": lambda cursor: WithinKey("younger", parse_interval(cursor)),
    b"LARGER": lambda cursor: SizeLeaf("larger", cursor.number(limit=2**63 - 1)),
    b"SMALLER": lambda cursor: SizeLeaf("smaller", cursor.number(limit=2**63 - 1)),
}


class _Parser:
    def __init__(self, cursor: Cursor, codec: str) -> None:
        self.cursor = cursor
        self.codec = codec
        self.count = 0
        self.modseq = False
        self.fuzzy = False

    def keys(self, depth: int) -> Key:
        """Keys parted by spaces, all of which must hold."""
        keys = [self.key(depth)]
        while self.cursor.skip(b" "):
            keys.append(self.key(depth))
        return keys[0] if len(keys) == 1 else And(tuple(keys))

    def key(self, depth: int) -> Key:
        self.count += 1
        if depth > MAX_DEPTH or self.count > MAX_KEYS:
            raise BadCommand("That search is nested too deep or too long")
        cursor = self.cursor
        if cursor.skip(b"("):
            inner = self.keys(depth + 1)
            cursor.expect(b")")
            return inner
        if cursor.text[cursor.position : cursor.position + 1] in b"0123456789*$" and not cursor.at_end:
            if cursor.uid_only and not cursor.peek(b"$"):
                raise UidRequired("Sequence numbers were given up")
            return SetKey(parse_set(cursor), uid=False)
        name = cursor.word()
        plain = _PLAIN.get(name)
        if plain is not None:
            return plain
        if name not in _ARGUED and name not in _DATES and name not in _TEXTS:
            raise BadCommand("SEARCH knows no such key")
        cursor.space()
        if name in _TEXTS:
            return TextLeaf(_TEXTS[name], self.text())
        if name in _DATES:
            return _DATES[name](cursor)
        return self.argued(name, depth)

    def argued(self, name: bytes, depth: int) -> Key:
        cursor = self.cursor
        if name == b"NOT":
            return Not(self.key(depth + 1))
        if name == b"FUZZY":
            self.fuzzy = True
            return Fuzzy(self.key(depth + 1))
        if name == b"OR":
            left = self.key(depth + 1)
            cursor.space()
            return Or(left, self.key(depth + 1))
        if name == b"UID":
            return SetKey(parse_set(cursor), uid=True)
        if name == b"HEADER":
            header = cursor.astring().decode("ascii", "replace")
            cursor.space()
            return TextLeaf("header", self.text(), header)
        if name in _OBJECTS:
            return ObjectKey(_OBJECTS[name], cursor.atom().decode("ascii"))
        if name == b"MODSEQ":
            return self.since_modseq()
        return KeywordKey(cursor.atom().decode("ascii").lower(), wanted=name == b"KEYWORD")

    def since_modseq(self) -> Key:
        """[entry-name SP entry-type SP] mod-sequence; flags share one modseq here, so the entry is passed over."""
        if self.cursor.peek(b'"'):
            self.cursor.string()
            self.cursor.space()
            self.cursor.word()
            self.cursor.space()
        self.modseq = True
        return ModseqKey(self.cursor.number(limit=2**63 - 1))

    def text(self) -> str:
        data = self.cursor.astring()
        try:
            return data.decode(self.codec)
        except UnicodeDecodeError as error:
            raise BadCharset from error


_OBJECTS: dict[bytes, Literal["email_id", "thread_id"]] = {b"EMAILID": "email_id", b"THREADID": "thread_id"}
_ARGUED = frozenset((b"NOT", b"OR", b"FUZZY", b"UID", b"HEADER", b"MODSEQ", b"KEYWORD", b"UNKEYWORD", *_OBJECTS))


def parse_search(cursor: Cursor) -> Search:
    cursor.space()
    return parse_searched(cursor, parse_returns(cursor))


def parse_searched(cursor: Cursor, returns: Returns | None) -> Search:
    """A charset, if one is named, and the keys."""
    return parse_keys(cursor, _parse_charset(cursor), returns)


def parse_keys(cursor: Cursor, codec: str, returns: Returns | None) -> Search:
    parser = _Parser(cursor, codec)
    key = parser.keys(0)
    if returns is not None and b"RELEVANCY" in returns.words and not parser.fuzzy:
        raise BadCommand("RELEVANCY needs a FUZZY key")
    return Search(key, returns, parser.modseq, parser.fuzzy)


def parse_returns(cursor: Cursor) -> Returns | None:
    """`RETURN (…)` and the space after it, None where it does not stand here."""
    if cursor.text[cursor.position : cursor.position + 8].upper() != b"RETURN (":
        return None
    cursor.position += 8
    words: set[bytes] = set()
    partial = None
    while not cursor.skip(b")"):
        if words or partial:
            cursor.space()
        word = cursor.word()
        if word == b"PARTIAL" and partial is None:
            cursor.space()
            partial = parse_partial(cursor)
        elif word in RETURNS:
            words.add(word)
        else:
            raise BadCommand("SEARCH can return no such thing")
    if partial and b"ALL" in words:
        raise BadCommand("PARTIAL and ALL do not go together")
    cursor.space()
    # Where nothing says what of the result is wanted, all of it is (RFC 4731 §3.1).
    return Returns(frozenset(words) if words - _SAYS_NOTHING or partial else frozenset((*words, b"ALL")), partial)


def parse_cancel_update(cursor: Cursor) -> list[bytes]:
    """The tags of searches, each in quotes (RFC 5267 §4.3.3)."""
    cursor.space()
    tags = [cursor.string()]
    while cursor.skip(b" "):
        tags.append(cursor.string())
    return tags


def _parse_charset(cursor: Cursor) -> str:
    if cursor.text[cursor.position : cursor.position + 8].upper() != b"CHARSET ":
        return "utf-8"
    if cursor.utf8_only:
        raise BadCommand("A charset cannot be named after ENABLE UTF8=ACCEPT")
    cursor.position += 8
    codec = read_charset(cursor.astring())
    cursor.space()
    return codec


def read_charset(name: bytes) -> str:
    """The codec of a charset's name; raises BadCharset."""
    codec = CHARSETS.get(name.upper())
    if codec is None:
        raise BadCharset
    return codec
