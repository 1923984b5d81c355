"""What can be wrong with a script: where it is written wrong, and where it fails on a message."""

from typing import NamedTuple

from mailcore.kernel.errors import BadSyntax


class Place(NamedTuple):
    """A position in a script; both count from 1."""

    line: int
    column: int


class ScriptFault(BadSyntax):
    """The script cannot be used; `place` is the first character that does not fit."""

    def __init__(self, place: Place, text: str) -> None:
        super().__init__(f"line {place.line}, column {place.column}: {text}")
        self.place = place
        self.text = text


class RunFault(Exception):
    """The script failed on this message (RFC 5228 §2.10.6); the caller keeps the message."""

    def __init__(self, text: str, place: Place | None = None, script: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.place = place
        self.script = script

    def __str__(self) -> str:
        where = f"line {self.place.line}: " if self.place else ""
        return f"{self.script + ', ' if self.script else ''}{where}{self.text}"
