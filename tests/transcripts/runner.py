r"""Play a transcript against anything that speaks a line protocol.

A transcript is text; each line is one step:

    # a remark
    C: EHLO client.example     sent, with CRLF
    C: half a line\            a backslash at the end: without CRLF
    C: \x00 \r \n \t \\        octets that cannot be written plainly
    S: 250 2.1.0 Sender ok     the next line that must come
    S: 250 2.0.0 Ok: kept as [...]   [...] stands for anything within the line
    ! tls                      what happens elsewhere; the peer knows the words

C: lines in a row are sent in one piece, as a pipelining client would. Nothing may be left
unread at the end. The same scripts run in memory and over TCP: only the Peer differs.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|[rnt\\])")
_NAMED = {"r": "\r", "n": "\n", "t": "\t", "\\": "\\"}


class Peer(Protocol):
    def send(self, data: bytes) -> None: ...

    def receive(self) -> bytes:
        """Octets that have come since; b"" where none will come. Over TCP it waits for some."""
        ...

    def leftover(self) -> bytes:
        """What came and was not asked for. Over TCP: within a moment."""
        ...

    def happen(self, words: str) -> None:
        """A "!" line."""
        ...


@dataclass(frozen=True, slots=True)
class Step:
    kind: Literal["C", "S", "!"]
    text: str
    line: int

    @property
    def octets(self) -> bytes:
        """For "C": what is sent. Characters beyond ASCII go out as UTF-8; \\xNN is one octet."""
        text, end = (self.text[:-1], b"") if re.search(r"(?<!\\)(\\\\)*\\\Z", self.text) else (self.text, b"\r\n")
        pieces = []
        position = 0
        for match in _ESCAPE.finditer(text):
            pieces.append(text[position : match.start()].encode())
            word = match[1]
            pieces.append(bytes([int(word[1:], 16)]) if word[0] == "x" else _NAMED[word].encode())
            position = match.end()
        return b"".join(pieces) + text[position:].encode() + end


def load(path: Path) -> list[Step]:
    return parse(path.read_text(encoding="utf-8"))


def parse(text: str) -> list[Step]:
    steps: list[Step] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("!"):
            steps.append(Step("!", line[1:].strip(), number))
        elif line[:3] in ("C: ", "S: ") or line in ("C:", "S:"):
            steps.append(Step("C" if line[0] == "C" else "S", line[3:], number))
        else:
            raise ValueError(f"line {number}: a step begins with C:, S:, ! or #")
    return steps


def cut(data: bytes, size: int) -> Iterator[bytes]:
    """Pieces of `size` octets; 0 is the whole."""
    for start in range(0, len(data), size or len(data) or 1):
        yield data[start : start + (size or len(data))]


def play(steps: Iterable[Step], peer: Peer, *, piece: int = 0) -> None:
    """Raises AssertionError naming the line of the script. `piece`: octets given to the peer at a time."""
    heard = b""
    waiting = b""
    for step in steps:
        if step.kind == "C":
            waiting += step.octets
            continue
        for part in cut(waiting, piece):
            peer.send(part)
        waiting = b""
        if step.kind == "!":
            peer.happen(step.text)
        else:
            heard = _expect(step, peer, heard)
    for part in cut(waiting, piece):
        peer.send(part)
    heard += peer.leftover()
    assert not heard, f"after the end of the script came {heard!r}"


def _expect(step: Step, peer: Peer, heard: bytes) -> bytes:
    while b"\r\n" not in heard:
        more = peer.receive()
        assert more, f"line {step.line}: expected {step.text!r}, and nothing came but {heard!r}"
        heard += more
    line, _, rest = heard.partition(b"\r\n")
    shown = line.decode("utf-8", "backslashreplace")
    assert _matches(step.text, shown), f"line {step.line}: expected {step.text!r}, came {shown!r}"
    return rest


def _matches(pattern: str, line: str) -> bool:
    return re.fullmatch(".*".join(re.escape(part) for part in pattern.split("[...]")), line) is not None
