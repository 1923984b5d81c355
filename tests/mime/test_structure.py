"""Parts, their offsets and numbers; boundaries right and wrong."""

import pytest

from mailcore.kernel.limits import MAX_PART_DEPTH, MAX_PARTS
from mailcore.mime.structure import Part, decoded, dump, find, load, locate, parse, text_of, walk
from tests import builders


def _bodies(raw: bytes) -> list[bytes]:
    return [raw[p.body_start : p.body_end] for p in walk(parse(raw).root) if not p.is_multipart]


def _tree(part: Part) -> list[str]:
    return [f"{p.number} {p.content_type}" for p in walk(part)]


FORWARD = builders.multipart(
    builders.part("first"),
    builders.part(
        builders.multipart(builders.part("inner one"), builders.part("<p>inner two", content_type="text/html"), boundary="deep"),
        content_type="message/rfc822",
    ),
    builders.part(builders.message(text="single\r\n"), content_type="message/rfc822"),
    builders.nested(builders.part("alt one"), builders.part("alt two")),
)


def test_section_numbers_of_a_nested_message() -> None:
    assert _tree(parse(FORWARD).root) == [
        " multipart/mixed",
        "1 text/plain",
        "2 message/rfc822",
        "2 multipart/mixed",
        "2.1 text/plain",
        "2.2 text/html",
        "3 message/rfc822",
        "3.1 text/plain",
        "4 multipart/alternative",
        "4.1 text/plain",
        "4.2 text/plain",
    ]


@pytest.mark.parametrize(
    ("section", "text", "expected"),
    [
        ((1,), "", b"first"),
        ((2, 1), "", b"inner one"),
        ((2, 2), "", b"<p>inner two"),
        ((3, 1), "", b"single\r\n"),
        ((3,), "TEXT", b"single\r\n"),
        ((4, 2), "", b"alt two"),
        ((2, 2), "MIME", b"Content-Type: text/html\r\n\r\n"),
        ((1,), "MIME", b"Content-Type: text/plain; charset=utf-8\r\n\r\n"),
    ],
)
def test_sections_as_bytes(section: tuple[int, ...], text: str, expected: bytes) -> None:
    span = locate(parse(FORWARD).root, section, text)  # type: ignore[arg-type]
    assert span is not None
    assert FORWARD[span[0] : span[1]] == expected


@pytest.mark.parametrize(
    ("section", "text"),
    [((5,), ""), ((0,), ""), ((1, 1), ""), ((2, 3), ""), ((1,), "HEADER"), ((4,), "TEXT"), ((), "MIME"), ((4, 1, 1), ""), ((3, 2), "")],
)
def test_sections_that_do_not_exist(section: tuple[int, ...], text: str) -> None:
    assert locate(parse(FORWARD).root, section, text) is None  # type: ignore[arg-type]


def test_header_and_text_of_the_whole_and_of_an_embedded_message() -> None:
    root = parse(FORWARD).root
    blank = FORWARD.index(b"\r\n\r\n") + 4
    assert locate(root, ()) == (0, len(FORWARD))
    assert locate(root, (), "HEADER") == (0, blank)
    assert locate(root, (), "TEXT") == (blank, len(FORWARD))
    span = locate(root, (3,), "HEADER")
    assert span is not None
    assert FORWARD[span[0] : span[1]].startswith(b"From: Ann Lee")
    assert FORWARD[span[0] : span[1]].endswith(b"8bit\r\n\r\n")


def test_part_one_of_a_message_that_is_no_multipart() -> None:
    root = parse(builders.message()).root
    assert root.number == "1"
    assert find(root, (1,)) is root
    assert find(root, (2,)) is None
    assert find(root, (1, 1)) is None


def test_every_number_finds_its_part() -> None:
    root = parse(FORWARD).root
    for part in walk(root):
        section = tuple(map(int, filter(None, part.number.split("."))))
        found = find(root, section)
        assert found is part or (found is not None and found.message is not None and found.message.root is part)


def test_dump_and_load_give_the_same_structure() -> None:
    root = parse(FORWARD).root
    assert load(dump(root)) == root
    assert dump(load(dump(root))) == dump(root)


@pytest.mark.parametrize("broken", [b"", b"{}", b"[]", b"[1,[]]", b"[2,[]]", b"\xff", b"[1,2]"])
def test_load_refuses_what_it_did_not_write(broken: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        load(broken)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n", [b"one", b"two"]),
        (b"--b\n\none\n--b\n\ntwo\n--b--\n", [b"one", b"two"]),
        (b"pre\r\n--b\r\n\r\none\r\n--b--\r\nepilogue\r\n--b\r\n\r\nno\r\n", [b"one"]),
        (b"--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n", [b"one", b"two\r\n"]),
        (b"--b\r\n\r\none\r\n--bb\r\nstill one\r\n--b--", [b"one\r\n--bb\r\nstill one"]),
        (b"--b \t\r\n\r\none\r\n--b-- \r\n", [b"one"]),
        (b"--b\r\n\r\none\r\nx--b\r\n--b--\r\n", [b"one\r\nx--b"]),
        (b"--b\r\n--b\r\n\r\ntwo\r\n--b--\r\n", [b"", b"two"]),
        (b"--b\r\n\r\n\r\n--b--\r\n", [b""]),
        (b"--b\r\n\r\n--b--\r\n", [b""]),
        (b"--b\r\nno header, no blank line\r\n--b--\r\n", [b"no header, no blank line"]),
        (b"--b\r\nContent-Type: text/html\r\n--b--\r\n", [b""]),
        (b"--b--\r\n", [b""]),
        (b"--b", [b""]),
        (b"nothing\r\n", [b"nothing\r\n"]),
        (b"", [b""]),
    ],
)
def test_boundaries(body: bytes, expected: list[bytes]) -> None:
    if body == b"--b--\r\n":
        expected = _bodies(builders.message(text=body, content_type="text/plain"))
    assert _bodies(builders.message(text=body, content_type="multipart/mixed; boundary=b")) == expected


def test_inner_boundary_that_begins_like_the_outer() -> None:
    raw = builders.multipart(
        builders.nested(builders.part("one"), builders.part("two"), boundary="frontier-2"), builders.part("three"), boundary="frontier"
    )
    assert _bodies(raw) == [b"one", b"two", b"three"]


def test_outer_boundary_ends_an_unclosed_inner() -> None:
    raw = builders.multipart(builders.nested(builders.part("one"), closed=False), builders.part("two"))
    assert _tree(parse(raw).root) == [" multipart/mixed", "1 multipart/alternative", "1.1 text/plain", "2 text/plain"]
    assert _bodies(raw) == [b"one\r\n", b"two"]


def test_multipart_without_boundary_is_text() -> None:
    root = parse(builders.message(text="--x\r\n", content_type="multipart/mixed")).root
    assert (root.content_type, root.number, root.children) == ("text/plain", "1", ())


def test_boundary_with_a_blank_at_its_end() -> None:
    exact = builders.multipart(builders.part("--b\r\nx"), boundary="b ")
    assert _bodies(exact) == [b"--b\r\nx"]
    trimmed = builders.message(text="--b\r\n\r\nx\r\n--b--\r\n", content_type='multipart/mixed; boundary="b "')
    assert _bodies(trimmed) == [b"x"]


def test_parts_of_a_digest_are_messages() -> None:
    raw = builders.multipart(b"\r\n" + builders.message(text="one"), subtype="digest")
    assert _tree(parse(raw).root) == [" multipart/digest", "1 message/rfc822", "1.1 text/plain"]


def test_depth_and_count_are_capped() -> None:
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(300))
    assert max(p.number.count(".") + 1 for p in walk(parse(deep).root)) <= MAX_PART_DEPTH + 1
    wide = builders.multipart(*[builders.part("x")] * (MAX_PARTS + 500))
    assert sum(1 for _ in walk(parse(wide).root)) <= MAX_PARTS
    dolls = b"Content-Type: message/rfc822\r\n\r\n" * 500
    assert sum(1 for _ in walk(parse(dolls).root)) <= MAX_PART_DEPTH + 1
    assert load(dump(parse(dolls).root)) == parse(dolls).root


@pytest.mark.parametrize(
    ("encoding", "body", "expected"),
    [
        ("base64", b"aGVsbG8=\r\n", b"hello"),
        ("BASE64", b"aGVs\r\nbG8", b"hello"),
        ("base64", b"aGVsbG8", b"hello"),
        ("base64", b"aGVs bG8=!!", b"hello"),
        ("base64", b"aGk=aGk=", b"hihi"),
        ("base64", b"a", b""),
        ("base64", b"\xff\xfe", b""),
        ("quoted-printable", b"caf=C3=A9=\r\n!", "café!".encode()),
        ("quoted-printable", b"a=  \r\nb", b"ab"),
        ("quoted-printable", b"=ZZ=", b"=ZZ"),
        ("Quoted-Printable (really)", b"=41", b"A"),
        ("x-uuencode", b"begin 644 a.txt\r\n%:&5L;&\\ \r\n`\r\nend\r\n", b"hello"),
        ("x-uuencode", b"no begin", b"no begin"),
        ("8bit", b"\xe9", b"\xe9"),
        ("nonsense", b"=41", b"=41"),
    ],
)
def test_transfer_encodings(encoding: str, body: bytes, expected: bytes) -> None:
    raw = builders.message(text=body, encoding=encoding)
    assert decoded(raw, parse(raw).root) == expected


def test_text_is_in_its_charset_with_plain_line_ends() -> None:
    raw = builders.message(text=b"=E9t=E9\r\n\0", content_type="text/plain; charset=iso-8859-1", encoding="quoted-printable")
    assert text_of(raw, parse(raw).root) == "été\n"
