"""Cut the client's stream into commands: lines and the literals inside them.

RFC 3501 §4.3, RFC 7888 (LITERAL+). Each byte is looked at once and copied at most twice,
however the stream is split. Memory is bounded by the limits; a command beyond them is
refused before its literal is sent, or swallowed where the client sends unasked.
"""

import re
from dataclasses import dataclass

from mailcore.kernel.limits import ImapLimits

_LITERAL = re.compile(rb"\{(\d{1,19})(\+?)\}\Z")
_TAG = re.compile(rb"[!#$&',-.\w/:;<=>?@\[\]^`|}~]{1,100}\Z", re.ASCII)
_APPENDS = re.compile(rb"\S{1,100} (?:APPEND|(?:UID )?REPLACE) ", re.IGNORECASE)
_SWALLOW_FACTOR = 2
_TAIL = 32


@dataclass(frozen=True, slots=True)
class Command:
    """One command. `text` is its lines; where a line ends in `{n}` CRLF the next of `literals` stands."""

    text: bytes
    literals: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Continuation:
    """The client waits for "+ OK" before it sends a literal of `size` octets."""

    size: int


@dataclass(frozen=True, slots=True)
class TooLong:
    """A limit bit: send `reply`; end the connection where `close` is set."""

    reply: bytes
    close: bool = False


def read_tag(command: Command) -> bytes:
    """A command's tag, b"*" where it has none that could be repeated."""
    words = command.text.split(None, 1)
    return words[0] if words and _TAG.match(words[0]) else b"*"


class CommandReader:
    """`feed` what arrived, then call `next` until it gives None.

    `allow_append` False holds even APPEND to `max_command_bytes`: set it so until the client
    has logged in, or strangers could fill the memory.
    """

    __slots__ = (
        "_buffer",
        "_chunks",
        "_doom",
        "_held",
        "_limits",
        "_lines",
        "_literals",
        "_mail",
        "_missing",
        "_scanned",
        "_skip",
        "_swallow",
        "allow_append",
    )  # fmt: skip

    def __init__(self, limits: ImapLimits, *, allow_append: bool = True) -> None:
        self.allow_append = allow_append
        self._limits = limits
        self.clear()

    def clear(self) -> None:
        """Forget everything received and not yet taken (RFC 3501 §6.2.1: at STARTTLS)."""
        self._buffer = bytearray()
        self._start_over()

    def _start_over(self) -> None:
        self._scanned = 0
        self._lines: list[bytes] = []
        self._literals: list[bytes] = []
        self._held = 0
        self._mail = 0
        """Octets of the messages in this command."""
        self._chunks: list[bytes] | None = None
        self._missing = 0
        self._skip = False
        """Inside a line that is too long: drop it up to its end."""
        self._swallow = 0
        """Octets of a refused literal still to come."""
        self._doom: bytes | None = None
        """The answer to a command that is refused but that the client sends nevertheless."""

    def feed(self, data: bytes) -> None:
        if self._chunks is not None and not self._buffer and len(data) <= self._missing:
            self._chunks.append(data)
            self._missing -= len(data)
        else:
            self._buffer += data

    def next(self) -> Command | Continuation | TooLong | None:
        """The next thing to do, or None while more bytes are needed."""
        while self._drop_swallowed() and self._fill_literal():
            end = self._buffer.find(b"\n", self._scanned)
            if end < 0:
                self._await_line_end()
                return None
            too_long = self._skip or end > self._limits.max_line
            line = self._take(end + 1)[:-1].removesuffix(b"\r")
            if too_long:
                # What follows an over-long line's literal would be read as commands.
                self._lines = self._lines or [line[:128]]
                return self._refuse(b"BAD That line is too long", close=_LITERAL.search(line) is not None)
            found = self._accept_line(line)
            if found is not None:
                return found
        return None

    def _take(self, count: int) -> bytes:
        taken = bytes(memoryview(self._buffer)[:count])
        del self._buffer[:count]
        self._scanned = 0
        return taken

    def _await_line_end(self) -> None:
        length = len(self._buffer)
        if length > self._limits.max_line:
            self._lines = self._lines or [bytes(self._buffer[:128])]
            self._take(length - _TAIL)
            self._skip = True
        self._scanned = len(self._buffer)

    def _drop_swallowed(self) -> bool:
        if self._swallow:
            self._swallow -= len(self._take(min(self._swallow, len(self._buffer))))
        return not self._swallow

    def _fill_literal(self) -> bool:
        if self._chunks is None:
            return True
        if self._missing:
            part = self._take(min(self._missing, len(self._buffer)))
            self._missing -= len(part)
            self._chunks.append(part)
            if self._missing:
                return False
        self._literals.append(b"".join(self._chunks))
        self._chunks = None
        return True

    def _accept_line(self, line: bytes) -> Command | Continuation | TooLong | None:
        if self._doom is None or not self._lines:
            self._lines.append(line)
        self._held += len(line)
        literal = _LITERAL.search(line)
        if literal is not None:
            return self._accept_literal(int(literal[1]), waits=not literal[2])
        if self._doom is not None:
            return self._refuse(self._doom)
        if self._held > self._limits.max_command_bytes:
            return self._refuse(b"BAD That command is too long")
        command = Command(b"\r\n".join(self._lines), tuple(self._literals))
        self._start_over()
        return command

    def _accept_literal(self, size: int, *, waits: bool) -> Continuation | TooLong | None:
        if self.allow_append and self._is_append():
            # All messages of one command wait in memory together, so they share the room of one.
            limit, code = self._limits.max_literal_bytes - self._mail, b"TOOBIG"
            self._mail += size
        else:
            self._held += size
            limit, code = self._limits.max_command_bytes - self._held + size, b"LIMIT"
        if self._doom is None and size > limit:
            self._doom = b"NO [%b] That is more than this server takes" % code
        if self._doom is None:
            self._chunks, self._missing = [], size
            return Continuation(size) if waits else None
        if waits or size > _SWALLOW_FACTOR * self._limits.max_literal_bytes:
            return self._refuse(self._doom, close=not waits)
        self._swallow = size
        return None

    def _is_append(self) -> bool:
        return _APPENDS.match(self._lines[0]) is not None

    def _refuse(self, answer: bytes, *, close: bool = False) -> TooLong:
        tag = read_tag(Command(self._lines[0])) if self._lines else b"*"
        self._start_over()
        return TooLong(b"%b %b\r\n" % (tag, answer), close)
