"""New inputs from old ones: octets flipped, pieces dropped, doubled, moved between inputs, tokens of the grammar put in."""

import random
from collections.abc import Callable, Sequence

MAX_INPUT = 20_000
_NUMBERS = (b"0", b"1", b"-1", b"255", b"4294967295", b"4294967296", b"99999999999999999999")
_OCTETS = (
    b"\x00",
    b"\r",
    b"\n",
    b"\r\n",
    b'"',
    b"\\",
    b"{5}\r\n",
    b"{5+}\r\n",
    b"\xff",
    b"\xc3\xa9",
    b"\xed\xa0\x80",
    b"\xe2\x80\xa8",
    b" ",
)


def mutate(chance: random.Random, data: bytes, others: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    """One to six changes; never longer than MAX_INPUT."""
    for _ in range(chance.randint(1, 6)):
        data = chance.choice(_CHANGES)(chance, data, others, tokens)[:MAX_INPUT]
    return data


_Change = Callable[[random.Random, bytes, Sequence[bytes], Sequence[bytes]], bytes]


def _flip(chance: random.Random, data: bytes, others: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    if not data:
        return data
    at = chance.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]


def _insert(chance: random.Random, data: bytes, others: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    at = chance.randint(0, len(data))
    return data[:at] + chance.choice((*_OCTETS, *_NUMBERS, *tokens)) + data[at:]


def _repeat(chance: random.Random, data: bytes, others: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    """Depth and length: one token many times."""
    at = chance.randint(0, len(data))
    return data[:at] + chance.choice((*_OCTETS, *tokens)) * chance.choice((3, 30, 300, 1_500)) + data[at:]


def _drop(chance: random.Random, data: bytes, others: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    start, end = _pick_span(chance, data)
    return data[:start] + data[end:]


def _double(chance: random.Random, data: bytes, others: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    start, end = _pick_span(chance, data)
    at = chance.randint(0, len(data))
    return data[:at] + data[start:end] + data[at:]


def _splice(chance: random.Random, data: bytes, others: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    other = chance.choice(others)
    start, end = _pick_span(chance, other)
    at = chance.randint(0, len(data))
    return data[:at] + other[start:end] + data[at:]


def _cut_short(chance: random.Random, data: bytes, others: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    return data[: chance.randint(0, len(data))]


def _swap_lines(chance: random.Random, data: bytes, others: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    lines = data.splitlines(keepends=True)
    chance.shuffle(lines)
    return b"".join(lines)


def _pick_span(chance: random.Random, data: bytes) -> tuple[int, int]:
    start = chance.randint(0, len(data))
    return start, min(len(data), start + chance.choice((1, 2, 5, 20, 100)))


_CHANGES: tuple[_Change, ...] = (_flip, _insert, _insert, _repeat, _drop, _double, _splice, _splice, _cut_short, _swap_lines)


def shrink(data: bytes, fails: Callable[[bytes], bool], *, tries: int = 400) -> bytes:
    """A shorter input that still fails: pieces are left out, halves first, until nothing can be spared or `tries` are used up."""
    size = max(len(data) // 2, 1)
    while size and tries > 0:
        at = 0
        while at < len(data) and tries > 0:
            tries -= 1
            shorter = data[:at] + data[at + size :]
            if fails(shorter):
                data = shorter
            else:
                at += size
        size //= 2
    return data
