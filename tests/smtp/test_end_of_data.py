"""Only CRLF.CRLF ends a message, wherever the input is cut, and nothing smuggled is ever heard (RFC 5321 §4.1.1.4)."""

import pytest

from mailcore.smtp.grammar.transparency import DataReader, has_clean_lines

from .peers import World, make_config

OPENING = b"HELO c\r\nMAIL FROM:<ann@example.org>\r\nRCPT TO:<bo@example.net>\r\nDATA\r\n"
SMUGGLED = b"MAIL FROM:<evil@example.com>\r\nRCPT TO:<cy@example.net>\r\nDATA\r\nsmuggled\r\n"
LOOKALIKES = [
    b"\n.\n",
    b"\n.\r\n",
    b"\r\n.\n",
    b"\r.\r",
    b"\r.\r\n",
    b"\r\n.\r",
    b"\r\n.\r\r\n",
    b"\r\r\n.\n",
    b"\n.\r",
    b"\r.\n",
    b"\n\r.\n\r",
    b"\n\r.\r\n",
    b"\r\n\r.\r\n",
    b"\r\n.\n\r\n",
    b"\r\n\0.\r\n",
    b"\r\n.\0\r\n",
    b"\r\n.\n\n",
    b"\n\n.\n\n",
    b"\r\r.\r\r",
    b"\r\n\n.\r\n",
]
CLEAN_LOOKALIKES = [b"\r\n..\r\n", b"\r\n. \r\n", b"\r\n .\r\n", b"\r\n.\x0b\r\n", b"\r\n.x\r\n"]


def run(data: bytes, at: int) -> World:
    world = World(make_config())
    world.send(data[:at])
    world.send(data[at:])
    return world


def codes(world: World) -> list[bytes]:
    return [line[:3] for line in world.receive().splitlines()]


@pytest.mark.parametrize("lookalike", LOOKALIKES, ids=repr)
def test_lookalike_neither_ends_nor_enters(lookalike: bytes) -> None:
    data = OPENING + b"body" + lookalike + SMUGGLED + b".\r\n" + b"NOOP\r\n"
    for at in range(len(OPENING) - 2, len(data)):
        world = run(data, at)
        assert codes(world) == [b"220", b"250", b"250", b"250", b"354", b"554", b"250"], at
        assert not world.kept


@pytest.mark.parametrize("lookalike", CLEAN_LOOKALIKES, ids=repr)
def test_clean_lookalike_is_text(lookalike: bytes) -> None:
    data = OPENING + b"body" + lookalike + SMUGGLED + b".\r\n" + b"NOOP\r\n"
    expected = b"body" + (b"\r\n" + lookalike[3:] if lookalike.startswith(b"\r\n.") else lookalike) + SMUGGLED
    for at in range(len(OPENING) - 2, len(data)):
        world = run(data, at)
        assert [ask.raw for ask in world.kept] == [expected], at
        assert codes(world)[-2:] == [b"250", b"250"]


@pytest.mark.parametrize("body", [b"", b"\r\n", b"a\r\n", b"..\r\n", b"...\r\n..a\r\n", b"\r\n..\r\n\r\n"])
def test_end_is_found_at_every_cut(body: bytes) -> None:
    data = OPENING + body + b".\r\nNOOP\r\n"
    for at in range(len(data)):
        world = run(data, at)
        assert [ask.raw for ask in world.kept] == [(b"\r\n" + body).replace(b"\r\n.", b"\r\n")[2:]], at
        assert codes(world)[-2:] == [b"250", b"250"]


def test_too_large_is_swallowed_in_bounded_memory() -> None:
    world = World(make_config(limits={"max_message_bytes": 1_000}))
    world.send(OPENING)
    reader = world.receiver._context.transaction.data
    for _ in range(1_000):
        world.send(b"x" * 998 + b"\r\n")
        assert len(reader._wire) < 4_000
    world.send(b".\r\nNOOP\r\n")
    assert codes(world)[-2:] == [b"552", b"250"]
    assert not world.kept


@pytest.mark.parametrize(("size", "fits"), [(1_000, True), (1_001, False)])
def test_limit_is_exact(size: int, fits: bool) -> None:
    reader = DataReader(1_000)
    raw = b"." + b"x" * (size - 3) + b"\r\n"
    assert reader.feed(b"." + raw + b".\r\n", 0) == size + 4
    assert reader.finish() == (raw if fits else None)
    assert reader.too_big is not fits


@pytest.mark.parametrize("raw", [b"a\n", b"a\r", b"\r\r\n", b"\n\r\n", b"\0"])
def test_unclean_lines(raw: bytes) -> None:
    assert not has_clean_lines(raw)
    assert has_clean_lines(raw.replace(b"\r", b"").replace(b"\n", b"\r\n").replace(b"\0", b""))
