"""Fields picked from a header block are those that a look at every line finds."""

import re

from hypothesis import given
from hypothesis import strategies as st

from mailcore.imap.session.sections import field_selector

lines = st.sampled_from(
    [b"Subject: x\r\n", b"SUBJECT : y\r\n", b"subject\t:z\n", b" folded\r\n", b"\tmore: subject: \r\n", b"Subject-Of: n\r\n", b"To: a\r\n",
     b"to\r\n", b"X: \r\n subject: no\r\n", b"From: b\n", b"\r\n", b"Subject", b"Subject \t x: y\r\n", b":\r\n", b"\n"]
)  # fmt: skip
names = st.lists(st.sampled_from([b"Subject", b"to", b"FROM", b"x", b"none", b"Subject-Of"]), min_size=1, max_size=4)


@given(st.lists(lines, max_size=10).map(b"".join), names)
def test_as_line_by_line(header: bytes, fields: list[bytes]) -> None:
    start = rb"^(?:%b)[ \t]*:" % b"|".join(map(re.escape, fields))
    pattern = re.compile(start + rb"[^\n]*(?:\n|\Z)(?:[ \t][^\n]*(?:\n|\Z))*", re.MULTILINE | re.IGNORECASE)
    assert field_selector(tuple(fields), False)(header) == b"".join(pattern.findall(header)) + b"\r\n"


def test_a_header_that_is_cut_short() -> None:
    select = field_selector((b"To",), False)
    assert select(b"To: a\r\nSubj") == b"To: a\r\n\r\n"
    assert select(b"X: y\r\nTo: a") == b"To: a\r\n"
    assert select(b"To: a\r\nTo: a") == b"To: a\r\nTo: a\r\n"
