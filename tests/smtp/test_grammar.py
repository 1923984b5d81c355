import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailcore.smtp.grammar import xtext
from mailcore.smtp.grammar.commands import Auth, Mail, parse_mail, parse_rcpt, split
from mailcore.smtp.grammar.faults import CommandFault
from mailcore.smtp.grammar.replies import MAX_LINES, BrokenReply, ReplyReader, format_lines, format_reply
from mailcore.smtp.grammar.transparency import DataReader, has_clean_lines, stuff


@given(st.binary(max_size=60))
def test_xtext_round_trip(data: bytes) -> None:
    encoded = xtext.encode(data)
    assert encoded.isascii() and encoded.isprintable() and " " not in encoded and "=" not in encoded
    assert xtext.decode(encoded) == data


@pytest.mark.parametrize("text", ["a+", "a+2", "a+2b", "a=b", "a b", "é"])
def test_not_xtext(text: str) -> None:
    with pytest.raises(ValueError, match="xtext"):
        xtext.decode(text)


@settings(max_examples=100)
@given(st.lists(st.sampled_from([b".", b"..", b"\r\n", b"\n", b"\r", b"a", b"x.y"]), max_size=20), st.integers(1, 9))
def test_stuffed_text_reads_back(pieces: list[bytes], size: int) -> None:
    raw = b"".join(pieces)
    wire = stuff(raw)
    assert has_clean_lines(wire) and wire.endswith(b".\r\n") and (b"\r\n" + wire).count(b"\r\n.\r\n") == 1
    reader = DataReader(10_000)
    ends = [reader.feed(wire[start : start + size], 0) for start in range(0, len(wire), size)]
    assert all(end is None for end in ends[:-1]) and ends[-1] is not None
    plain = reader.finish()
    assert plain == b"".join(line + b"\r\n" for line in raw_lines(raw))


def raw_lines(raw: bytes) -> list[bytes]:
    lines = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    return lines[:-1] if lines[-1] == b"" else lines


@settings(max_examples=100)
@given(st.text(max_size=80))
def test_parsers_raise_nothing_but_faults(text: str) -> None:
    for parse, prefix in ((parse_mail, "FROM:<"), (parse_rcpt, "TO:<")):
        for argument in (text, prefix + text, f"{prefix}a@b.example> {text}"):
            try:
                parse(argument)
            except CommandFault as fault:
                assert 500 <= fault.code <= 555


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("<>", ""),
        ("<a@b.example>", "a@b.example"),
        ("<@x.example:a@b.example>", "a@b.example"),
        ('<"a>b@c \\" d"@b.example>', '"a>b@c \\" d"@b.example'),
        ("<a@[192.0.2.1]>", "a@[192.0.2.1]"),
        ("<a+b=c/d@B.Example>", "a+b=c/d@B.Example"),
    ],
)
def test_paths(path: str, address: str) -> None:
    assert parse_mail("FROM:" + path) == Mail(address)


@pytest.mark.parametrize(
    "path",
    ["a@b.example", "<a b@b.example>", "<a@b@c.example>", '<""@b.example>', "<a@>", "<@b.example>", "<a@[ipv6:zz]>", "<a..b@c.example>"],
)
def test_bad_paths(path: str) -> None:
    with pytest.raises(CommandFault):
        parse_mail("FROM:" + path)


def test_split_folds_the_verb_only() -> None:
    assert split(b"rcpt TO:<Bo@example.net> ") == ("RCPT", "TO:<Bo@example.net>")


def test_credentials_are_not_shown() -> None:
    assert "c2VjcmV0" not in repr(Auth("PLAIN", "c2VjcmV0"))


@given(st.integers(200, 599), st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40), min_size=1, max_size=5))
def test_replies_read_back(code: int, lines: list[str]) -> None:
    reader = ReplyReader()
    for octet in format_lines(code, [f"x{line}" for line in lines]):
        assert reader.is_empty or reader.read() is None
        reader.feed(bytes([octet]))
    reply = reader.read()
    assert reply is not None and (reply.code, reply.lines) == (code, tuple(f"x{line}" for line in lines))
    assert reader.is_empty


def test_reply_text_cannot_break_out() -> None:
    assert format_reply(550, "5.7.1", "a\r\n250 ok\nb\x00é") == b"550-5.7.1 a\r\n550-5.7.1 250 ok\r\n550 5.7.1 b ?\r\n"
    assert max(map(len, format_reply(550, "5.7.1", "x" * 2_000).split(b"\r\n"))) <= 510


@pytest.mark.parametrize(
    "data", [b"hello\r\n", b"999 x\r\n", b"250-a\r\n251 b\r\n", b"2" * 5_000, b"250-x\r\n" * (MAX_LINES + 1), b"250x\r\n"]
)
def test_broken_replies(data: bytes) -> None:
    reader = ReplyReader()
    reader.feed(data)
    with pytest.raises(BrokenReply):
        reader.read()
