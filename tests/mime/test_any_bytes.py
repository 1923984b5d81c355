"""Whatever the bytes: nothing raises, offsets stay inside, clients can read what goes out."""

from hypothesis import given, settings
from hypothesis import strategies as st

from mailcore.kernel.limits import MAX_PART_DEPTH, MAX_PARTS
from mailcore.mime import addresses, charsets, words
from mailcore.mime.headers import Headers
from mailcore.mime.parameters import parse_content_type, parse_disposition
from mailcore.mime.structure import Part, decoded, load, parse, text_of, walk
from mailcore.mime.summary import summarise
from mailcore.mime.text import html_to_text, search_text
from tests import builders

from .imap_reader import read_items

PIECES = [
    *(b"--frontier\r\n", b"--frontier--\r\n", b"--inner\n", b"--inner--", b"\r\n\r\n", b"\n", b"\r", b"\0", b"\xff\xfe", b" ", b"=", b"\t"),
    *(b"Content-Type: multipart/mixed; boundary=inner\r\n\r\n", b"Content-Type: message/rfc822\r\n\r\n"),
    *(b"Content-Type: text/html; charset=utf-7\r\n", b"Content-Disposition: attachment; filename*0*=x'y'%zz"),
    *(b"Content-Transfer-Encoding: base64\r\n\r\n", b"Content-Transfer-Encoding: quoted-printable\n\n"),
    *(b"Content-Transfer-Encoding: x-uuencode\n\nbegin 644 x\n", b"From: a <b@c>, (", b"To: x: y;", b"Date: 31 Feb 20"),
    *(b"Subject: =?utf-8?b?w6k?= =?x?q?=\r\n", b"<style>", b"<!--", b"&#99999999999;", b"=?", b"References: <a@b> <"),
]
SEED = builders.multipart(
    builders.part("caf=C3=A9", encoding="quoted-printable"),
    builders.part(builders.message(subject="=?utf-8?q?=C3=A9?="), content_type="message/rfc822"),
    builders.nested(builders.part("a"), builders.part("<p>b", content_type="text/html")),
)
mixtures = st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=20)), max_size=40).map(b"".join)


@st.composite
def mutations(draw: st.DrawFn) -> bytes:
    raw = SEED
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(raw)))
        end = min(len(raw), start + draw(st.integers(0, 60)))
        raw = raw[:start] + draw(st.sampled_from(PIECES) | st.binary(max_size=5)) + raw[end:]
    return raw


def _check_part(raw: bytes, part: Part, start: int, end: int) -> None:
    assert start <= part.header_start <= part.body_start <= part.body_end <= end
    previous = part.body_start
    for child in part.children:
        assert previous <= child.header_start
        previous = child.body_end
        _check_part(raw, child, part.body_start, part.body_end)
    if part.message is not None:
        _check_part(raw, part.message.root, part.body_start, part.body_end)
    decoded(raw, part)
    text_of(raw, part).encode("utf-8")


def _check(raw: bytes) -> None:
    message = parse(raw)
    _check_part(raw, message.root, 0, len(raw))
    parts = list(walk(message.root))
    assert len(parts) <= MAX_PARTS
    assert max(p.number.count(".") for p in parts) <= MAX_PART_DEPTH
    summary = summarise(raw)
    assert load(summary.structure) == message.root
    assert len(summary.snippet) <= 200
    for text in (search_text(message), summary.subject, summary.from_name, summary.from_address, summary.to_text, summary.snippet):
        assert "\0" not in text
        text.encode("utf-8")
    for field in message.headers:
        assert raw[field.start : field.end].rstrip(b"\r\n").endswith(field.value)
    items = read_items(envelope=summary.envelope, bodystructure=summary.bodystructure, body=summary.body)
    assert set(items) >= {b"ENVELOPE", b"BODYSTRUCTURE", b"BODY"}


@settings(max_examples=60, deadline=None)
@given(raw=mixtures | st.binary(max_size=300))
def test_any_bytes(raw: bytes) -> None:
    _check(raw)


@settings(max_examples=60, deadline=None)
@given(raw=mutations())
def test_mutated_messages(raw: bytes) -> None:
    _check(raw)


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=200) | st.text("\"(),:;<>@[]\\=?*' a", max_size=60), data=st.binary(max_size=50))
def test_any_header_value(text: str, data: bytes) -> None:
    assert all(isinstance(entry, addresses.Entry) for entry in addresses.parse(text))
    for _, _, params in (parse_content_type(text), ("", "", parse_disposition(text)[1])):
        assert all(name == name.lower() for name in params)
    assert isinstance(words.decode(text), str)
    assert isinstance(html_to_text(text), str)
    charsets.decode(data, text).encode("utf-8")
    assert Headers.parse(data).end <= len(data)
