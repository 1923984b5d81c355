"""The transcript runner itself: it must fail where the dialogue differs."""

import pytest

from tests.transcripts.runner import Step, parse, play


class Parrot:
    """Answers each whole line with `said <line>`."""

    def __init__(self) -> None:
        self.heard = b""
        self.out = b""
        self.happened: list[str] = []
        self.pieces = 0

    def send(self, data: bytes) -> None:
        self.pieces += 1
        self.heard += data
        while b"\r\n" in self.heard:
            line, _, self.heard = self.heard.partition(b"\r\n")
            self.out += b"said " + line + b"\r\n"

    def receive(self) -> bytes:
        out, self.out = self.out, b""
        return out

    leftover = receive

    def happen(self, words: str) -> None:
        self.happened.append(words)


@pytest.mark.parametrize(
    "script",
    [
        "C: a\nS: said a",
        "# remark\n\nC: a\nC: b\n! bell\nS: said a\nS: said b",
        "C: a\\\nC: b\nS: said ab",
        "C: abc\nS: said [...]c",
        "C: é\nS: said é",
        "C:\nS: said ",
        r"C: a\tb\\" + "\nS: said a\tb\\",
    ],
)
def test_agreement(script: str) -> None:
    for piece in (0, 1, 3):
        play(parse(script), Parrot(), piece=piece)


@pytest.mark.parametrize(
    "script", ["C: a\nS: said b", "C: a", "S: said a", "C: a\nS: said a\nS: more", "C: abc\nS: said [...]d", "C: a\nS: sai"]
)
def test_difference(script: str) -> None:
    with pytest.raises(AssertionError):
        play(parse(script), Parrot())


def test_steps() -> None:
    assert parse("! tls  now\nC: x") == [Step("!", "tls  now", 1), Step("C", "x", 2)]
    assert Step("C", r"\x00\r\n\\ é", 1).octets == b"\0\r\n\\ \xc3\xa9\r\n"
    with pytest.raises(ValueError, match="line 1"):
        parse("X: y")


def test_happenings_come_in_their_place() -> None:
    parrot = Parrot()
    play(parse("! first\nC: a\nS: said a\n! second"), parrot)
    assert parrot.happened == ["first", "second"]
