"""Find the end of a message, and take off or put on the dots that guard it.

RFC 5321 §4.5.2, §2.3.8; RFC 3030 §2. Only CRLF.CRLF ends DATA. There is no lenient
mode: guessing at line ends is how one message becomes two at the next hop.
"""

import re

TERMINATOR = b"\r\n.\r\n"
_DOT = b"\r\n."
_LINE_END = re.compile(rb"\r\n|\r|\n")


class DataReader:
    """Takes DATA in chunks of any size; memory is bounded by `limit` and an eighth for dots."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._cap = limit + limit // 8 + len(TERMINATOR)
        # The line end of the DATA command itself: a message may start with its end.
        self._wire = bytearray(b"\r\n")
        self._has_dots = False
        self.too_big = False

    def feed(self, data: bytes, start: int) -> int | None:
        """Take `data` from `start` on. Where the message ended within it: the position after its end."""
        wire = self._wire
        before = len(wire)
        wire += data if start == 0 else memoryview(data)[start:]
        # Most messages have no line that begins with a dot: then one scan finds the end and says so.
        found = wire.find(_DOT, max(0, before - len(TERMINATOR) + 1))
        if found >= 0 and not wire.startswith(TERMINATOR, found):
            self._has_dots = True
            found = wire.find(TERMINATOR, found)
        if found >= 0:
            end = found + len(TERMINATOR)
            del wire[end:]
            return start + end - before
        if len(wire) > self._cap:
            self.too_big = True
            del wire[: -len(TERMINATOR) + 1]
        return None

    def finish(self) -> bytes | None:
        """The message, or None where it is larger than the limit (then `too_big` is true)."""
        if self.too_big:
            return None
        wire, self._wire = self._wire, bytearray()
        if self._has_dots:
            del wire[-len(TERMINATOR) + 2 :]
            raw = bytes(memoryview(wire.replace(_DOT, b"\r\n"))[2:])
        else:
            raw = bytes(memoryview(wire)[2 : -len(TERMINATOR) + 2])
        self.too_big = len(raw) > self._limit
        return None if self.too_big else raw


class ChunkReader:
    """Gathers BDAT chunks by count; over the limit it only counts."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._wire = bytearray()
        self._missing = 0
        self.too_big = False

    def expect(self, size: int, *, keep: bool) -> None:
        self._missing = size
        if not keep or len(self._wire) + size > self._limit:
            self.too_big = True
            self._wire = bytearray()

    def feed(self, data: bytes, start: int) -> int | None:
        """The position after the chunk, or None where all of `data` belongs to it."""
        taken = min(self._missing, len(data) - start)
        if not self.too_big:
            self._wire += memoryview(data)[start : start + taken]
        self._missing -= taken
        return None if self._missing else start + taken

    def finish(self) -> bytes:
        raw = bytes(self._wire)
        self._wire = bytearray()
        return raw


def has_clean_lines(raw: bytes) -> bool:
    """True where every CR and LF is part of a CRLF and there is no NUL."""
    pairs = raw.count(b"\r\n")
    return raw.count(b"\n") == pairs and raw.count(b"\r") == pairs and b"\0" not in raw


def stuff(raw: bytes) -> bytes:
    """A message as it goes out after 354, its end included: CRLF only, dots doubled."""
    pairs = raw.count(b"\r\n")
    if raw.count(b"\n") != pairs or raw.count(b"\r") != pairs:
        raw = _LINE_END.sub(b"\r\n", raw)
    if _DOT in raw:
        raw = raw.replace(_DOT, b"\r\n..")
    if raw.startswith(b"."):
        raw = b"." + raw
    return raw + (b".\r\n" if not raw or raw.endswith(b"\r\n") else b"\r\n.\r\n")
