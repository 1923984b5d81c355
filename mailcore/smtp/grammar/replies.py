"""Replies: write them, and read the other side's within bounds (RFC 5321 §4.2, RFC 2034)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

MAX_TEXT = 480
MAX_LINE = 4_096
MAX_LINES = 256
_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?\Z", re.DOTALL)
_ENHANCED = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?:\s+|\Z)")


class BrokenReply(Exception):
    """The other side sent something that is not a reply, or too much of it."""


@dataclass(frozen=True, slots=True)
class PeerReply:
    code: int
    enhanced: str
    """"" where the peer gave none, or one whose class is not the code's."""
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(line for line in self.lines if line)


def format_reply(code: int, enhanced: str, text: str) -> bytes:
    """One reply; the text may hold line feeds and is made ASCII and short enough for a line."""
    prefix = f"{enhanced} " if enhanced else ""
    if len(text) <= MAX_TEXT and text.isprintable():
        return f"{code} {prefix}{text}\r\n".encode("ascii", "replace")
    lines = [prefix + line for part in text.splitlines() or [""] for line in _cut(part)]
    return format_lines(code, lines)


def format_lines(code: int, lines: Iterable[str]) -> bytes:
    *first, last = lines
    text = "".join(f"{code}-{line}\r\n" for line in first) + f"{code} {last}\r\n"
    return text.encode("ascii", "replace")


def _cut(text: str) -> list[str]:
    clean = text if text.isprintable() else "".join(char if char.isprintable() else " " for char in text)
    return [clean[start : start + MAX_TEXT] for start in range(0, len(clean), MAX_TEXT)] or [""]


class ReplyReader:
    """Collects reply lines; memory stays bounded whatever the peer sends."""

    def __init__(self) -> None:
        self._buffer = b""
        self._lines: list[tuple[int, str]] = []

    @property
    def is_empty(self) -> bool:
        return not self._buffer and not self._lines

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def read(self) -> PeerReply | None:
        """The next whole reply; raises BrokenReply."""
        while (end := self._buffer.find(b"\n")) >= 0:
            line, self._buffer = self._buffer[:end].rstrip(b"\r"), self._buffer[end + 1 :]
            if self._take(line):
                return self._finish()
        if len(self._buffer) > MAX_LINE:
            raise BrokenReply("a reply line without end")
        return None

    def _take(self, line: bytes) -> bool:
        match = _LINE.match(line)
        if match is None or len(line) > MAX_LINE:
            raise BrokenReply(f"not a reply: {line[:80]!r}")
        code = int(match[1])
        if self._lines and (self._lines[0][0] != code or len(self._lines) >= MAX_LINES):
            raise BrokenReply("a reply that changes its code or never ends")
        text = (match[3] or b"").decode("utf-8", "replace")
        self._lines.append((code, text if text.isprintable() else "".join(char if char.isprintable() else "?" for char in text)))
        return match[2] != b"-"

    def _finish(self) -> PeerReply:
        code = self._lines[0][0]
        enhanced, lines = "", []
        for _, text in self._lines:
            match = _ENHANCED.match(text)
            if match and match[1][0] == str(code)[0]:
                enhanced, text = match[1], text[match.end() :]
            lines.append(text)
        self._lines = []
        return PeerReply(code, enhanced, tuple(lines))
