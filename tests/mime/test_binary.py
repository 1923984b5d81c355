"""NULs end up in base64, nothing else changes."""

from hypothesis import given
from hypothesis import strategies as st

from mailcore.mime.binary import without_nuls
from mailcore.mime.structure import decoded, parse, walk

MIXED = (
    b'From: ann@example.org\r\nContent-Type: multipart/mixed; boundary="b"\r\nContent-Transfer-Encoding: binary\r\n\r\n'
    b"--b\r\nContent-Type: text/plain\r\n\r\nHello\r\n"
    b"--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding:\r\n binary\r\nX-Last: yes\r\n\r\n\x89PNG\0\0\r\nend\r\n"
    b"--b--\r\n"
)


def test_only_the_part_with_nuls_is_encoded() -> None:
    after = without_nuls(MIXED)
    before, root = parse(MIXED), parse(after).root
    assert b"\0" not in after
    assert [decoded(after, part) for part in root.children] == [decoded(MIXED, part) for part in before.root.children]
    assert [part.encoding for part in root.children] == ["7bit", "base64"]
    assert b"X-Last: yes\r\nContent-Transfer-Encoding: base64\r\n\r\n" in after
    assert after.startswith(MIXED[: MIXED.index(b"Content-Type: image/png")])


def test_a_message_of_one_part() -> None:
    after = without_nuls(b"Subject: x\0y\r\n\r\na\0b")
    assert after == b"Subject: xy\r\nContent-Transfer-Encoding: base64\r\n\r\nYQBi"


@given(st.binary(max_size=300))
def test_whatever_comes_holds_no_nul_afterwards(raw: bytes) -> None:
    after = without_nuls(raw)
    assert b"\0" not in after
    assert list(walk(parse(after).root))


@given(st.binary(max_size=300))
def test_the_body_is_the_same(body: bytes) -> None:
    raw = b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n" + body
    after = without_nuls(raw) if b"\0" in raw else raw
    assert decoded(after, parse(after).root) == body
