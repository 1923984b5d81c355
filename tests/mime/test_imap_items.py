"""ENVELOPE and BODYSTRUCTURE, as a client reads them."""

from imapclient.response_types import Address

from mailcore.mime.bodystructure import describe
from mailcore.mime.envelope import envelope
from mailcore.mime.structure import parse
from tests import builders

from .imap_reader import read_items


def _envelope(raw: bytes):  # type: ignore[no-untyped-def]
    return read_items(envelope=envelope(parse(raw)))[b"ENVELOPE"]


def test_envelope_of_a_plain_message_byte_for_byte() -> None:
    assert envelope(parse(builders.message(extra=[("In-Reply-To", "<q@example.org>")]))) == (
        b'("Mon, 02 Mar 2026 09:30:00 +0100" "Lunch on Friday" (("Ann Lee" NIL "ann" "example.org")) '
        b'(("Ann Lee" NIL "ann" "example.org")) (("Ann Lee" NIL "ann" "example.org")) '
        b'(("Bo Berg" NIL "bo" "example.org")) NIL NIL "<q@example.org>" "<lunch.1@example.org>")'
    )


def test_envelope_of_an_empty_message_is_all_nil() -> None:
    assert envelope(parse(b"")) == b"(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"


def test_sender_and_reply_to_default_to_from_even_when_empty() -> None:
    found = _envelope(b"From: a@x.example\r\nSender:\r\nReply-To: r@x.example\r\n\r\n")
    assert found.sender == (Address(None, None, b"a", b"x.example"),)
    assert found.reply_to == (Address(None, None, b"r", b"x.example"),)


def test_groups_use_the_nil_host_form() -> None:
    found = _envelope(b"To: Team: a@x.example, b@x.example;\r\n\r\n")
    assert found.to == (
        Address(None, None, b"Team", None),
        Address(None, None, b"a", b"x.example"),
        Address(None, None, b"b", b"x.example"),
        Address(None, None, None, None),
    )


def test_what_cannot_be_quoted_goes_as_a_literal() -> None:
    assert b"{6}\r\ncaf\xc3\xa9!" in envelope(parse("Subject: café!\r\n\r\n".encode()))
    assert b'"say \\"hi\\" \\\\ "' not in envelope(parse(b"Subject: x\r\n\r\n"))
    found = _envelope(b'Subject: say "hi" \\o/\r\nFrom: "A \\"B\\"" <a@x.example>\r\n\r\n')
    assert found.subject == b'say "hi" \\o/'
    assert found.from_[0].name == b'A "B"'


def test_subject_is_unfolded_and_not_decoded_and_loses_its_nul() -> None:
    found = _envelope(b"Subject: =?utf-8?q?a?=\r\n =?utf-8?q?b\0?=\r\n\tend\r\n\r\n")
    assert found.subject == b"=?utf-8?q?a?= =?utf-8?q?b?=\tend"


def test_body_of_a_plain_message() -> None:
    raw = builders.message(text="one\r\ntwo\r\n")
    root = parse(raw).root
    assert describe(root)[1] == b'("TEXT" "PLAIN" ("charset" "utf-8") NIL NIL "8BIT" 10 2)'
    assert describe(root)[0] == b'("TEXT" "PLAIN" ("charset" "utf-8") NIL NIL "8BIT" 10 2 NIL NIL NIL NIL)'


def test_body_of_bytes_without_headers_is_text() -> None:
    assert describe(parse(b"\r\nhi").root)[1] == b'("TEXT" "PLAIN" ("charset" "us-ascii") NIL NIL "7BIT" 2 0)'


def test_multipart_with_extension_data() -> None:
    raw = builders.multipart(
        builders.part("text\r\n"),
        builders.part(
            "AAAA\r\n",
            content_type='application/pdf; name="a.pdf"',
            encoding="base64",
            disposition='attachment; filename="a.pdf"',
            extra=[
                ("Content-ID", "<c@x>"),
                ("Content-Description", "A paper"),
                ("Content-Language", "en, fr"),
                ("Content-Location", "http://x.example/a.pdf"),
                ("Content-MD5", "Q2hlY2s="),
            ],
        ),
    )
    found = read_items(bodystructure=describe(parse(raw).root)[0])[b"BODYSTRUCTURE"]
    assert found.is_multipart
    assert found[1:] == (b"MIXED", (b"boundary", b"frontier"), None, None, None)
    assert found[0][1] == (
        b"APPLICATION", b"PDF", (b"name", b"a.pdf"), b"<c@x>", b"A paper", b"BASE64", 6,
        b"Q2hlY2s=", (b"attachment", (b"filename", b"a.pdf")), (b"en", b"fr"), b"http://x.example/a.pdf",
    )  # fmt: skip


def test_embedded_message_has_envelope_body_and_lines() -> None:
    raw = builders.multipart(
        builders.part("see below\r\n"),
        builders.part(builders.message(subject="inner"), content_type="message/rfc822"),
    )
    found = read_items(bodystructure=describe(parse(raw).root)[0])[b"BODYSTRUCTURE"]
    inner = found[0][1]
    assert inner[:2] == (b"MESSAGE", b"RFC822")
    assert inner[7][1] == b"inner"
    assert inner[8][:2] == (b"TEXT", b"PLAIN")
    assert inner[9] == builders.message(subject="inner").count(b"\r\n")


def test_multipart_in_which_no_part_is_found_is_text() -> None:
    raw = builders.message(text="no boundary here\r\n", content_type="multipart/mixed; boundary=x")
    assert describe(parse(raw).root)[1].startswith(b'("TEXT" "PLAIN" ("charset" "us-ascii")')


def test_parameters_beyond_ascii_go_in_rfc_2231_form() -> None:
    raw = builders.message(content_type="text/plain; name*=iso-8859-1''%E9t%E9.txt")
    assert b'"name*" "utf-8\'\'%C3%A9t%C3%A9.txt"' in describe(parse(raw).root)[1]
