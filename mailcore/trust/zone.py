"""A name service out of a text, for tests and the demo; it never fails but where the text says so.

One record a line, as in a zone file: `NAME [TTL] [IN] TYPE DATA`. `;` starts a comment, quotes hold
strings together, several strings of a TXT are one. `TYPE` may be `FAIL` (no answer to anything about
the name) and a line may end with `;secure` (vouched for by DNSSEC).
"""

import re
from pathlib import Path

from .names import Answer, Kind, NamesFailed

_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|([^\s";]+)|;')
MAX_ALIASES = 8


class BadZone(ValueError):
    """The text cannot be read; the message names the line."""


class ZoneNames:
    def __init__(self, text: str) -> None:
        self._records: dict[tuple[str, str], list[str]] = {}
        self._known: set[str] = set()
        self._secure: set[str] = set()
        for number, line in enumerate(text.splitlines(), 1):
            try:
                self._read(line)
            except ValueError as error:
                raise BadZone(f"line {number}: {error}") from error

    @classmethod
    def load(cls, path: Path) -> "ZoneNames":
        return cls(path.read_text("utf-8"))

    def look_up(self, name: str, kind: Kind, *, timeout: float = 5.0) -> Answer:
        asked = name.lower().rstrip(".")
        for _ in range(MAX_ALIASES):
            if (asked, "FAIL") in self._records:
                raise NamesFailed(f"no answer about {asked}")
            alias = self._records.get((asked, "CNAME"))
            if alias is None or kind is Kind.CNAME:
                break
            asked = alias[0]
        found = tuple(self._records.get((asked, kind.value), ()))
        return Answer(found, exists=asked in self._known, secure=asked in self._secure)

    def _read(self, line: str) -> None:
        words: list[tuple[str, bool]] = []
        for match in _TOKEN.finditer(line):
            if match[0] == ";":
                break
            words.append((match[2], False) if match[2] is not None else (re.sub(r"\\(.)", r"\1", match[1]), True))
        if not words:
            return
        name = words.pop(0)[0].lower().rstrip(".")
        while words and not words[0][1] and (words[0][0].isdigit() or words[0][0].upper() == "IN"):
            words.pop(0)
        if not words:
            raise ValueError("NAME TYPE DATA")
        kind = words.pop(0)[0].upper()
        if kind != "FAIL" and kind not in Kind.__members__:
            raise ValueError(f"{kind} is no record type known here")
        if kind != "FAIL" and not words:
            raise ValueError("a record without data")
        text = "".join(word for word, _ in words) if kind == "TXT" else " ".join(word.lower().rstrip(".") or "." for word, _ in words)
        self._records.setdefault((name, kind), []).append(text)
        # The names above exist too, if only as empty ones (RFC 8020).
        parts = name.split(".")
        self._known.update(".".join(parts[start:]) for start in range(len(parts)))
        if line.rstrip().endswith(";secure"):
            self._secure.add(name)
