import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcore.imap.grammar.listing import matches
from mailcore.imap.grammar.names import decode_name, encode_name
from mailcore.kernel.errors import BadSyntax

NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)


@given(NAMES)
def test_a_name_survives_the_wire(name: str) -> None:
    if name.partition("/")[0].upper() != "INBOX":
        assert decode_name(encode_name(name)) == name


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("~peter/mail/台北/日本語", b"~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
        ("Tom & Ann", b"Tom &- Ann"),
        ("Gesendet é", b"Gesendet &AOk-"),
        ("😀", b"&2D3eAA-"),
    ],
)
def test_known_names(name: str, wire: bytes) -> None:
    assert encode_name(name) == wire
    assert decode_name(wire) == name


@pytest.mark.parametrize("wire", [b"Tom & Ann", b"&AGE-", b"&AA", b"a&====-", b"&2D0-", b"a\tb", b"\xff", b"&U,BTFw-&ZeVnLIqe-"])
def test_what_no_encoder_writes_is_refused(wire: bytes) -> None:
    with pytest.raises(BadSyntax):
        decode_name(wire)


def test_inbox_is_one_name_and_raw_utf8_is_taken() -> None:
    assert decode_name(b"inBox") == "INBOX"
    assert decode_name(b"inbox/Sub") == "INBOX/Sub"
    assert decode_name(b"inboxes") == "inboxes"
    assert decode_name("é".encode()) == "é"


@pytest.mark.parametrize(
    ("pattern", "name", "holds"),
    [
        ("*", "a/b", True), ("%", "a", True), ("%", "a/b", False), ("a/%", "a/b", True), ("a/%", "a/b/c", False), ("a*c", "a/b/c", True),
        ("%/%", "a/b", True), ("*b", "ab", True), ("*b", "ba", False), ("a%", "a", True), ("", "", True), ("INBOX", "INBOX", True),
        ("*%*", "a/b", True), ("a.c", "abc", False),
    ],
)  # fmt: skip
def test_patterns(pattern: str, name: str, holds: bool) -> None:
    assert matches(pattern, name) is holds


def test_a_pattern_of_stars_is_linear() -> None:
    assert matches("*a" * 500 + "b", "a" * 2_000) is False
