"""Strings of a script as they stand at run time: constants, or templates with variables in them.

RFC 5229 §3 (`${name}`), RFC 5228 §2.4.2.4 (`${hex:…}` and `${unicode:…}`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .faults import Place, ScriptFault
from .tree import Text

if TYPE_CHECKING:
    from .run import Run

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_REFERENCE = re.compile(r"\$\{((?:[A-Za-z_][A-Za-z0-9_]*\.)*[A-Za-z_][A-Za-z0-9_]*|[0-9]+)\}")
_ENCODED = re.compile(r"\$\{(hex|unicode):([0-9a-fA-F \t\r\n]*)\}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class String:
    pieces: tuple[str | int, ...]
    """Plain text, then a name (str) or number (int) of a variable, in turn."""
    constant: str | None
    place: Place

    def get(self, run: "Run") -> str:
        if self.constant is not None:
            return self.constant
        limit = run.limits.max_variable
        out: list[str] = []
        for index, piece in enumerate(self.pieces):
            if index % 2 == 0:
                out.append(str(piece))
            else:
                out.append(run.scope.match_value(piece) if isinstance(piece, int) else run.get_variable(piece))
        run.spend(len(out))
        text = "".join(out)
        return text if len(text) <= 4 * limit else text[: 4 * limit]


@dataclass(frozen=True, slots=True)
class StringList:
    items: tuple[String, ...]
    constant: tuple[str, ...] | None
    place: Place

    def get(self, run: "Run") -> Sequence[str]:
        return self.constant if self.constant is not None else tuple(item.get(run) for item in self.items)


def make_string(text: Text, *, variables: bool, encoded: bool) -> String:
    value = _decode(text) if encoded and "${" in text.value else text.value
    if not variables or "${" not in value:
        return String((value,), value, text.place)
    found = _REFERENCE.split(value)
    if len(found) == 1:
        return String((value,), value, text.place)
    for name in found[1::2]:
        if "." in name and not name.lower().startswith("global."):
            raise ScriptFault(text.place, f"the namespace of ${{{name}}} is not known")
    pieces = tuple(int(piece[:9]) if index % 2 and piece.isdigit() else piece for index, piece in enumerate(found))
    return String(pieces, None, text.place)


def make_list(strings: Sequence[String], place: Place) -> StringList:
    constants = tuple(item.constant for item in strings if item.constant is not None)
    return StringList(tuple(strings), constants if len(constants) == len(strings) else None, place)


def _decode(text: Text) -> str:
    def replace(match: re.Match[str]) -> str:
        digits = match[2].split()
        if not digits:
            return match[0]
        if match[1].lower() == "hex":
            if any(len(pair) > 2 for pair in digits):
                return match[0]
            try:
                return bytes(int(pair, 16) for pair in digits).decode("utf-8")
            except UnicodeDecodeError as error:
                raise ScriptFault(text.place, f"{match[0]} is not UTF-8") from error
        codes = [int(digit, 16) if len(digit) <= 8 else 0x110000 for digit in digits]
        if any(code > 0x10FFFF or 0xD800 <= code <= 0xDFFF for code in codes):
            raise ScriptFault(text.place, f"{match[0][:40]} names no Unicode character")
        return "".join(map(chr, codes))

    return _ENCODED.sub(replace, text.value)
