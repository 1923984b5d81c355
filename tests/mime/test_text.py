"""Text for search, and the snippet."""

import pytest

from mailcore.mime.structure import parse
from mailcore.mime.text import html_to_text, search_text, snippet
from tests import builders


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<p>Hello <b>big</b> world</p><p>Next</p>", "Hello big world\nNext"),
        ("a<br>b<BR/>c", "a\nb\nc"),
        ("<td>a</td><td>b</td>", "a b"),
        ("<style>p{color:red}</style>x<script>alert('<p>')</script>y", "x y"),
        ("<head><title>t</title></head><body>x", "x"),
        ("<header>kept</header>", "kept"),
        ("x<!-- a <b>hidden</b> -->y", "x y"),
        ("<!---->x", "x"),
        ("x<!-- never closed", "x never closed"),
        ("x<script>never closed", "x"),
        ("1 &lt; 2 &amp; 3 &eacute; &#233; &nbsp; end", "1 < 2 & 3 é é end"),
        ("&#" + "9" * 6000 + ";x", "\ufffdx"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("line\n broken\r\n text", "line broken text"),
        ("<img src=x alt=y>text", "text"),
        ("İ<style>x</style>y", "İ y"),
        ("", ""),
        ("<", "<"),
    ],
)
def test_html_to_text(source: str, expected: str) -> None:
    assert html_to_text(source) == expected


@pytest.mark.parametrize(
    "hostile", ["<" * 300_000, "<!--" * 100_000, "<style>" * 50_000, "<p " * 100_000, "&#" * 100_000, "<object>" * 30_000]
)
def test_hostile_html_is_read_in_one_pass(hostile: str) -> None:
    # Quadratic work on these would not end while the suite runs.
    assert len(html_to_text(hostile)) <= len(hostile)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello there.\r\nSecond line.\r\n", "Hello there. Second line."),
        ("> quoted\r\n\r\nMy answer.\r\n", "My answer."),
        ("On 1 March 2026 Bo wrote:\r\n> old\r\nYes.\r\n", "Yes."),
        ("Le 1 mars 2026 Bo a écrit :\r\n> vieux\r\nOui.\r\n", "Oui."),
        ("Le programme :\r\nun\r\n", "Le programme : un"),
        ("Yes.\r\n-- \r\nAnn Lee\r\n", "Yes."),
        ("> only\r\n> quoted\r\n", "only quoted"),
        ("a\u200bb\u00adc\ufeff\r\n", "abc"),
        ("=====\r\nTitle\r\n=====\r\n", "Title"),
        ("", ""),
    ],
)
def test_snippet_of_text(text: str, expected: str) -> None:
    assert snippet(parse(builders.message(text=text))) == expected


def test_snippet_is_short_and_on_one_line() -> None:
    found = snippet(parse(builders.message(text="word " * 500)))
    assert len(found) <= 200
    assert found.endswith("…")


def test_snippet_takes_html_where_there_is_no_text() -> None:
    html = "<html><head><style>p{}</style></head><body><p>Spring&nbsp;sale</p></body></html>"
    assert snippet(parse(builders.message(text=html, content_type="text/html"))) == "Spring sale"
    both = builders.multipart(builders.part("\r\n"), builders.part(html, content_type="text/html"), subtype="alternative")
    assert snippet(parse(both)) == "Spring sale"


def test_snippet_leaves_attachments_out() -> None:
    raw = builders.multipart(builders.part("secret", disposition="attachment; filename=a.txt"), builders.part("body"))
    assert snippet(parse(raw)) == "body"


def test_search_text_holds_every_part_decoded() -> None:
    raw = builders.multipart(
        builders.part("caf=C3=A9", encoding="quoted-printable"),
        builders.part("PHA+Wm/DqyAmYW1wOyBDbzwvcD4=", content_type="text/html; charset=utf-8", encoding="base64"),
        builders.part(
            "AAAA", content_type="application/pdf", encoding="base64", disposition="attachment; filename*=utf-8''r%C3%A9sum%C3%A9.pdf"
        ),
        builders.part(builders.message(text="within", subject="=?utf-8?q?inner_=C3=A9?="), content_type="message/rfc822"),
    )
    found = search_text(parse(raw))
    for expected in ("café", "Zoë & Co", "résumé.pdf", "inner é", "within", "Ann Lee"):
        assert expected in found
    assert "AAAA" not in found


def test_search_text_is_capped() -> None:
    assert len(search_text(parse(builders.message(text="x" * 3_000_000)))) == 1_000_000
