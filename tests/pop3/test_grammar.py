"""Lines in, byte-stuffed text out, whatever the chunks."""

from hypothesis import given, settings
from hypothesis import strategies as some

from mailcore.pop3 import grammar


def unstuff(body: bytes) -> bytes:
    assert body.endswith(b"\r\n.\r\n") or body == b".\r\n"
    lines = body[:-3].split(b"\r\n")
    return b"\r\n".join(line.removeprefix(b".") if line.startswith(b"..") else line for line in lines)


@settings(max_examples=80, deadline=None)
@given(some.lists(some.binary(max_size=30), max_size=8), some.lists(some.integers(1, 9), max_size=20))
def test_any_split_gives_the_same_lines(lines: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(line.replace(b"\n", b"").replace(b"\r", b"") + b"\r\n" for line in lines)
    whole = list(grammar.LineReader(20).feed(stream))
    reader, pieces, rest = grammar.LineReader(20), [], stream
    for cut in cuts:
        pieces += list(reader.feed(rest[:cut]))
        rest = rest[cut:]
    assert pieces + list(reader.feed(rest)) == whole
    assert len(whole) == len(lines)


@settings(max_examples=80, deadline=None)
@given(some.lists(some.sampled_from([b"", b".", b"..", b".x", b"text", b"a.b"]), min_size=1, max_size=30), some.integers(1, 9))
def test_stuffing_can_be_undone_at_any_chunk_size(lines: list[bytes], chunk: int) -> None:
    text = b"".join(line + b"\r\n" for line in lines)
    normal, grammar.CHUNK = grammar.CHUNK, chunk
    try:
        body = b"".join(grammar.stuffed(text))
    finally:
        grammar.CHUNK = normal
    assert unstuff(body) == text


def test_an_endless_line_does_not_grow_the_buffer() -> None:
    reader = grammar.LineReader(100)
    for _ in range(50):
        assert list(reader.feed(b"x" * 1_000)) == []
    assert len(reader._buffer) <= 102
    assert list(reader.feed(b"\r\nNOOP\r\n")) == [None, b"NOOP"]
