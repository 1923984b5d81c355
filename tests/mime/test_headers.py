"""Header blocks as found."""

import pytest

from mailcore.kernel.limits import MAX_HEADER_BYTES
from mailcore.mime.headers import Headers


@pytest.mark.parametrize(
    ("raw", "fields", "end"),
    [
        (b"", [], 0),
        (b"\r\nbody", [], 2),
        (b"\nbody", [], 1),
        (b"A: 1\r\n\r\nbody", [("A", b" 1")], 8),
        (b"A: 1\n\nbody", [("A", b" 1")], 6),
        (b"A: 1\r\nB: 2\r\n", [("A", b" 1"), ("B", b" 2")], 12),
        (b"A: 1", [("A", b" 1")], 4),
        (b"A: 1\r\n 2\r\n\t3\r\n\r\n", [("A", b" 1\r\n 2\r\n\t3")], 16),
        (b"A : 1\r\n\r\n", [("A", b" 1")], 9),
        (b"A:\r\n\r\n", [("A", b"")], 6),
        (b"no colon\r\nA: 1\r\n\r\n", [("", b"no colon"), ("A", b" 1")], 18),
        (b"From ann Mon Mar  2 10:00:00 2026\nA: 1\n\n", [("", b"From ann Mon Mar  2 10:00:00 2026"), ("A", b" 1")], 40),
        (b"A: 1\r\nplain text, no blank line", [("A", b" 1")], 6),
        (b": 1\r\n\r\n", [("", b": 1")], 7),
        (b"A\xe9: 1\r\n\r\n", [("", b"A\xe9: 1")], 9),
    ],
)
def test_blocks(raw: bytes, fields: list[tuple[str, bytes]], end: int) -> None:
    headers = Headers.parse(raw)
    assert [(field.name, field.value) for field in headers] == fields
    assert headers.end == end


def test_offsets_cover_each_field_with_its_line_end() -> None:
    raw = b"A: 1\r\n 2\r\nB: 3\r\n\r\nbody"
    assert [raw[field.start : field.end] for field in Headers.parse(raw)] == [b"A: 1\r\n 2\r\n", b"B: 3\r\n"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"a\r\n b", "a b"),
        (b"=?utf-8?q?=C3=A9?=\r\n =?utf-8?q?t=C3=A9?=", "été"),
        ("été".encode(), "été"),
        ("été".encode("latin-1"), "été"),
        (b"a\0b", "ab"),
        (b" \t ", ""),
    ],
)
def test_values_are_unfolded_and_decoded(value: bytes, expected: str) -> None:
    headers = Headers.parse(b"Subject: " + value + b"\r\n\r\n")
    assert headers.get("SUBJECT") == expected
    assert headers.get_all("subject") == [expected]


def test_access_by_name() -> None:
    headers = Headers.parse(b"To: a\r\nTO: b\r\n\r\n")
    assert headers.get_all("to") == ["a", "b"]
    assert headers.raw("to") == b" a"
    assert headers.raw("cc") is None
    assert headers.get("cc") is None
    assert "tO" in headers
    assert len(headers) == 2


def test_fields_beyond_the_cap_are_left_out_but_the_body_is_found() -> None:
    raw = b"A: 1\r\n" + b"B: " + b"x" * MAX_HEADER_BYTES + b"\r\nC: 1\r\n\r\nbody"
    headers = Headers.parse(raw)
    assert "C" not in headers
    assert raw[headers.end :] == b"body"
