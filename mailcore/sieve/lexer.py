"""A script cut into tokens with their places (RFC 5228 §8.1).

Line ends may be CRLF or LF. Strings come out unescaped and undotted, comments not at all.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from .faults import Place, ScriptFault
from .limits import DEFAULT, Limits

_SKIP = re.compile(r"(?:[ \t\r\n]+|#[^\n]*(?:\n|\Z)|/\*[^*]*\*+(?:[^/*][^*]*\*+)*/)+")
_TOKEN = re.compile(
    r"(?P<multiline>text:[ \t]*(?:#[^\n]*)?\r?\n)"
    r"|(?P<number>[0-9]+[KMGkmg]?(?![A-Za-z0-9_]))"
    r"|(?P<tag>:[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_]*)"
    r'|(?P<string>"[^"\\]*(?:\\.[^"\\]*)*")'
    r"|(?P<mark>[\[\](){},;])",
    re.DOTALL | re.IGNORECASE,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_MULTILINE_END = re.compile(r"^\.\r?(?:\n|\Z)", re.MULTILINE)
_UNITS = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
MAX_NUMBER = (1 << 63) - 1


class Kind(Enum):
    WORD = "a command or test"
    TAG = "a tag"
    NUMBER = "a number"
    STRING = "a string"
    MARK = "punctuation"
    END = "the end of the script"


@dataclass(frozen=True, slots=True)
class Token:
    kind: Kind
    text: str
    """Words, tags and marks in lower case, tags without colon; strings as they mean."""
    value: int
    place: Place

    def __str__(self) -> str:
        if self.kind is Kind.END:
            return "the script ends"
        if self.kind is Kind.STRING:
            return "a string"
        return f"“:{self.text}”" if self.kind is Kind.TAG else f"“{self.text}”"


def decode(script: bytes, limits: Limits = DEFAULT) -> str:
    """The script as text; ScriptFault for what is too long, not UTF-8 (RFC 5228 §2.1), or holds a NUL."""
    if len(script) > limits.max_script_bytes:
        raise ScriptFault(Place(1, 1), f"the script is longer than {limits.max_script_bytes} bytes")
    try:
        text = script.decode("utf-8")
    except UnicodeDecodeError as error:
        before = script[: error.start].decode("utf-8")
        raise ScriptFault(_Lines(before).place(len(before)), "this is not UTF-8") from error
    if "\0" in text:
        raise ScriptFault(_Lines(text).place(text.index("\0")), "a NUL character is not allowed")
    return text.removeprefix("\ufeff")


class _Lines:
    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def place(self, offset: int) -> Place:
        line = bisect_right(self._starts, offset)
        return Place(line, offset - self._starts[line - 1] + 1)


def tokens(text: str) -> Iterator[Token]:
    """Every token, then one of kind END; raises ScriptFault."""
    lines = _Lines(text)
    position = 0
    while True:
        skipped = _SKIP.match(text, position)
        if skipped is not None:
            position = skipped.end()
        place = lines.place(position)
        if position >= len(text):
            yield Token(Kind.END, "", 0, place)
            return
        match = _TOKEN.match(text, position)
        if match is None:
            raise ScriptFault(place, _complaint(text, position))
        position = match.end()
        group, found = match.lastgroup, match.group()
        if group == "multiline":
            value, position = _read_multiline(text, position, place)
            yield Token(Kind.STRING, value, 0, place)
        elif group == "string":
            yield Token(Kind.STRING, _ESCAPE.sub(r"\1", found[1:-1]), 0, place)
        elif group == "number":
            yield Token(Kind.NUMBER, found, _number(found, place), place)
        elif group == "tag":
            yield Token(Kind.TAG, found[1:].lower(), 0, place)
        else:
            yield Token(Kind.WORD if group == "word" else Kind.MARK, found.lower(), 0, place)


def _number(text: str, place: Place) -> int:
    unit = _UNITS.get(text[-1].lower(), 1)
    digits = text if unit == 1 else text[:-1]
    value = int(digits) * unit if len(digits) < 20 else MAX_NUMBER + 1
    if value > MAX_NUMBER:
        raise ScriptFault(place, "the number is too large")
    return value


def _read_multiline(text: str, start: int, place: Place) -> tuple[str, int]:
    """(content, offset after the closing dot); a doubled dot at the start of a line is one."""
    end = _MULTILINE_END.search(text, start)
    if end is None:
        raise ScriptFault(place, "this text is never closed: a line with a single dot is expected")
    content = text[start : end.start()]
    return re.sub(r"^\.\.", ".", content, flags=re.MULTILINE), end.end()


def _complaint(text: str, position: int) -> str:
    char = text[position]
    if char == '"':
        return "this string is never closed"
    if text.startswith("/*", position):
        return "this comment is never closed"
    if char == ":":
        return "a tag name is expected after “:”"
    if char.isdigit():
        return "a number is written with digits and at most one of K, M or G"
    return f"the character {char!r} means nothing here"
