"""The lines of a table as its text has them. Pure.

`#` begins a comment where it is the first character; a line that begins with a space goes on with the one before; in aliases the key
ends at a colon, elsewhere at the first space.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_LINES = 100_000
_ALIAS = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^\s:"]+))\s*:\s*(.*)', re.DOTALL)
_PAIR = re.compile(r"(\S+)\s+(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    text: str
    key: str
    """"" where the line could not be read."""
    value: str


def read(text: str, *, is_aliases: bool) -> Iterator[Line]:
    for number, joined in _join(text):
        found = (_ALIAS if is_aliases else _PAIR).fullmatch(joined)
        if found is None:
            yield Line(number, joined, "", "")
        elif is_aliases:
            yield Line(number, joined, re.sub(r"\\(.)", r"\1", found[1]) if found[1] is not None else found[2], found[3].strip())
        else:
            yield Line(number, joined, found[1], found[2].strip())


def _join(text: str) -> Iterator[tuple[int, str]]:
    started, gathered = 0, ""
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n")[:MAX_LINES], 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if line[0] in " \t" and gathered:
            gathered += " " + line.strip()
            continue
        if gathered:
            yield started, gathered
        started, gathered = number, line.strip()
    if gathered:
        yield started, gathered


def split_targets(text: str) -> list[str]:
    """Targets parted by commas, commas in quotes left alone; quotes around a whole one are taken away."""
    parts = re.findall(r'(?:"(?:[^"\\]|\\.)*"|[^,"])+', text)
    cleaned = [part.strip() for part in parts if part.strip()]
    return [part[1:-1] if len(part) > 1 and part[0] == part[-1] == '"' else part for part in cleaned]
