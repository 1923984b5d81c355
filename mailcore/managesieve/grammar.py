"""ManageSieve lines: cut from the stream with their literals, read as commands, written as replies.

RFC 5804 §1.2, §4. A literal that is too large is let pass without being kept, and its command is answered as such;
where even that would take too long the connection ends.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from mailcore.kernel.errors import BadSyntax

MAX_LINE = 8_192
MAX_ARGUMENTS = 8
MAX_QUOTED = 1_024
MAX_SKIPPED = 16_777_216
_TOKEN = re.compile(
    rb'[ ]*(?:(?P<string>"[^"\\\r\n\0]*(?:\\["\\][^"\\\r\n\0]*)*")'
    rb"|(?P<literal>\{(?P<size>[0-9]{1,10})\+?\})\Z|(?P<number>[0-9]{1,10})(?=[ ]|\Z)"
    rb"|(?P<atom>[A-Za-z][A-Za-z0-9_]*)(?=[ ]|\Z))"
)
_ESCAPE = re.compile(rb"\\(.)")
_PLAIN = re.compile(rb"[^\r\n\0]*\Z")

Argument = bytes | int


@dataclass(frozen=True, slots=True)
class Command:
    verb: str
    """In capitals; "" for the client's part of a SASL exchange."""
    arguments: tuple[Argument, ...]

    def strings(self, least: int, most: int) -> list[str]:
        """The arguments as text; raises BadSyntax."""
        if not least <= len(self.arguments) <= most:
            raise BadSyntax("wrong number of arguments")
        return [_text(argument) for argument in self.arguments]

    def string_and_data(self) -> tuple[str, bytes]:
        if len(self.arguments) != 2 or not isinstance(self.arguments[1], bytes):
            raise BadSyntax("a name and a script are expected")
        return _text(self.arguments[0]), self.arguments[1]

    def string_and_number(self) -> tuple[str, int]:
        if len(self.arguments) != 2 or not isinstance(self.arguments[1], int):
            raise BadSyntax("a name and a number are expected")
        return _text(self.arguments[0]), self.arguments[1]


def _text(argument: Argument) -> str:
    if not isinstance(argument, bytes):
        raise BadSyntax("a string is expected")
    try:
        return argument.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadSyntax("that is not UTF-8") from error


@dataclass(frozen=True, slots=True)
class Fault:
    """A command that cannot be taken."""

    text: str
    is_too_large: bool = False
    is_fatal: bool = False
    """Where the next command begins is not known, or too far."""


@dataclass(slots=True)
class _Pending:
    verb: str | None = None
    arguments: list[Argument] = field(default_factory=list)
    fault: Fault | None = None
    """Found already; the rest of the command is read over."""


class CommandReader:
    """Cuts commands from chunks however they were split. Exhaust `feed` before feeding again."""

    def __init__(self, max_literal: int, max_line: int = MAX_LINE) -> None:
        self._max_literal = max_literal
        self._max_line = max_line
        self._buffer = bytearray()
        self._pending = _Pending()
        self._literal = 0
        """Octets of the literal that is waited for."""
        self._in_literal = False
        self._skip = 0
        self._is_skipping_line = False

    def discard(self) -> None:
        """Forget what was not read: clear text that came with STARTTLS must not be taken as sent under TLS."""
        self.__init__(self._max_literal, self._max_line)  # type: ignore[misc]

    def feed(self, data: bytes) -> Iterator[Command | Fault]:
        self._buffer += data
        while True:
            if self._skip:
                dropped = min(self._skip, len(self._buffer))
                del self._buffer[:dropped]
                self._skip -= dropped
                if self._skip:
                    return
            if self._in_literal:
                if len(self._buffer) < self._literal:
                    return
                self._pending.arguments.append(bytes(self._buffer[: self._literal]))
                del self._buffer[: self._literal]
                self._in_literal = False
            end = self._buffer.find(b"\n")
            if end < 0:
                if len(self._buffer) > self._max_line:
                    self._is_skipping_line = True
                    self._buffer.clear()
                return
            line = bytes(self._buffer[:end]).removesuffix(b"\r")
            del self._buffer[: end + 1]
            ready = self._take_line(line)
            if ready is not None:
                yield ready
                if isinstance(ready, Fault) and ready.is_fatal:
                    return

    def _take_line(self, line: bytes) -> Command | Fault | None:
        """The command or fault this line completes; None where a literal follows."""
        if self._is_skipping_line or len(line) > self._max_line:
            self._is_skipping_line = False
            self._pending = _Pending()
            return Fault("line too long")
        position = 0
        while position < len(line.rstrip(b" ")) and self._pending.fault is None:
            match = _TOKEN.match(line, position)
            if match is None or (len(self._pending.arguments) >= MAX_ARGUMENTS):
                self._pending.fault = Fault("that is not a command")
                break
            position = match.end()
            if match["literal"] is not None:
                return self._expect_literal(int(match["size"]))
            self._take_token(match)
        if self._pending.fault is not None and (literal := re.search(rb"\{([0-9]{1,10})\+\}\Z", line)) is not None:
            # The rest of a broken command would otherwise be taken for commands.
            return self._pass_over(int(literal[1]), self._pending.fault)
        done, self._pending = self._pending, _Pending()
        return done.fault or Command(done.verb or "", tuple(done.arguments))

    def _take_token(self, match: "re.Match[bytes]") -> None:
        pending = self._pending
        if match["atom"] is not None:
            if pending.verb is not None or pending.arguments:
                pending.fault = Fault("a string is expected")
            pending.verb = match["atom"].decode("ascii").upper()
        elif match["number"] is not None:
            pending.arguments.append(int(match["number"]))
        else:
            pending.arguments.append(_ESCAPE.sub(rb"\1", match["string"][1:-1]))

    def _expect_literal(self, size: int) -> Fault | None:
        if size > self._max_literal:
            return self._pass_over(size, Fault(f"a string may have {self._max_literal} octets", is_too_large=True))
        self._literal, self._in_literal = size, True
        return None

    def _pass_over(self, size: int, fault: Fault) -> Fault | None:
        if size > MAX_SKIPPED:
            return Fault(fault.text, fault.is_too_large, is_fatal=True)
        self._pending.fault = fault
        self._skip = size
        return None


def string(value: bytes) -> bytes:
    """As a quoted string where it can be one, else as a literal (RFC 5804 §1.2)."""
    if len(value) <= MAX_QUOTED and _PLAIN.match(value):
        return b'"' + value.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
    return b"{%d}\r\n%b" % (len(value), value)


def ok(text: str = "", code: str = "") -> bytes:
    return _response("OK", text, code)


def no(text: str, code: str = "") -> bytes:
    return _response("NO", text, code)


def bye(text: str, code: str = "") -> bytes:
    return _response("BYE", text, code)


def _response(word: str, text: str, code: str) -> bytes:
    parts = [word.encode()]
    if code:
        parts.append(f"({code})".encode())
    if text:
        parts.append(string(text.encode("utf-8", "replace")))
    return b" ".join(parts) + b"\r\n"
