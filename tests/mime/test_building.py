"""New messages, read back by our own scanner and by the standard library."""

import email
import email.policy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailcore.kernel.errors import BadSyntax
from mailcore.mime.addresses import list_mailboxes
from mailcore.mime.building import Attachment, build
from mailcore.mime.structure import decoded, parse, text_of, walk


def _build(**changes: Any) -> bytes:
    values: dict[str, Any] = {"sender": "Ann Lee <ann@example.org>", "to": ["bo@example.org"], "subject": "Lunch", "text": "Noon?\n"}
    return build(**{**values, **changes})


def test_a_plain_message() -> None:
    raw = _build(date=1772440200, message_id="<a@example.org>")
    assert raw.startswith(
        b"Date: Mon, 02 Mar 2026 08:30:00 +0000\r\nMessage-ID: <a@example.org>\r\n"
        b"From: Ann Lee <ann@example.org>\r\nTo: bo@example.org\r\nSubject: Lunch\r\n"
    )
    assert raw.endswith(b"\r\n\r\nNoon?\r\n")


def test_id_and_date_are_always_there() -> None:
    headers = parse(_build()).headers
    assert (headers.get("message-id") or "").endswith("@example.org>")
    assert headers.get("date")
    assert headers.get("mime-version") == "1.0"


def test_bcc_is_written_for_drafts_only() -> None:
    assert b"secret@" not in _build(bcc=["secret@example.org"])
    assert parse(_build(bcc=["secret@example.org"], keep_bcc=True)).headers.get("bcc") == "secret@example.org"


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "a\r\nBcc: x@x.example"},
        {"subject": "a\nb"},
        {"subject": "a\0"},
        {"sender": "Ann\r\nX: y <ann@example.org>"},
        {"sender": "Ann"},
        {"sender": ""},
        {"sender": "a@x.example, b@x.example"},
        {"to": ["bo@example.org\r\nBcc: x@x.example"]},
        {"to": ["=?utf-8?q?a=0D=0AX:_y?= <bo@exa mple.org"]},
        {"to": ["not an address"]},
        {"to": [""]},
        {"in_reply_to": "<a@x>\r\nX: y"},
        {"in_reply_to": "a@x"},
        {"references": ["<a@x> <b@x>"]},
        {"message_id": "<a b@x>"},
        {"headers": [("X-A", "b\r\nc")]},
        {"headers": [("X A", "b")]},
        {"headers": [("X-A:", "b")]},
        {"headers": [("From", "b@x.example")]},
        {"headers": [("Content-Type", "text/html")]},
        {"attachments": [Attachment("a\r\nX: y.txt", "text/plain", b"")]},
        {"attachments": [Attachment("a.png", "image/png", b"", "c\r\nX: y")], "html": "x"},
        {"date": 1e30},
    ],
)
def test_what_would_forge_a_header_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BadSyntax):
        _build(**changes)


def test_names_and_subjects_in_any_language() -> None:
    raw = _build(
        sender='"Dupré, Zoë" <zoe@example.org>',
        to=['"Lee, Ann (home)" <ann@example.org>', "李雷 <li@example.org>", "münchen@bücher.example"],
        subject="Été à la mer — 夏の海へ行きましょう、みんなで一緒に",
        headers=[("X-Note", "naïve " * 40)],
    )
    headers = parse(raw).headers
    assert [str(m) for m in list_mailboxes(headers.get_text("from") or "")] == ["Dupré, Zoë <zoe@example.org>"]
    assert [m.name for m in list_mailboxes(headers.get_text("to") or "")] == ["Lee, Ann (home)", "李雷", ""]
    assert [m.address for m in list_mailboxes(headers.get_text("to") or "")][2] == "münchen@xn--bcher-kva.example"
    assert headers.get("subject") == "Été à la mer — 夏の海へ行きましょう、みんなで一緒に"
    assert (headers.get("x-note") or "").strip() == ("naïve " * 40).strip()
    theirs = email.message_from_bytes(raw, policy=email.policy.default)
    assert theirs["from"].addresses[0].display_name == "Dupré, Zoë"


def test_text_html_pictures_and_attachments() -> None:
    raw = _build(
        text="Bonjour à tous\n",
        html='<p>Bonjour <img src="cid:pic"></p>',
        attachments=[
            Attachment("pic.png", "image/png", b"\x89PNG", "pic"),
            Attachment("très long " * 8 + ".pdf", "application/pdf", b"%PDF" * 500),
            Attachment("note.txt", "text/plain", "é\n".encode()),
            Attachment("odd", "not a type", b"\0"),
        ],
    )
    root = parse(raw).root
    assert [f"{p.number} {p.content_type}" for p in walk(root)] == [
        " multipart/mixed",
        "1 multipart/alternative",
        "1.1 text/plain",
        "1.2 multipart/related",
        "1.2.1 text/html",
        "1.2.2 image/png",
        "2 application/pdf",
        "3 text/plain",
        "4 application/octet-stream",
    ]
    parts = {p.number: p for p in walk(root)}
    assert text_of(raw, parts["1.1"]) == "Bonjour à tous\n"
    assert parts["1.2.2"].content_id == "<pic>"
    assert parts["2"].filename == "très long " * 8 + ".pdf"
    assert decoded(raw, parts["2"]) == b"%PDF" * 500
    assert decoded(raw, parts["3"]) == "é\n".encode()


def test_a_forwarded_message_is_attached_byte_for_byte() -> None:
    original = _build(subject="original", message_id="<o@example.org>")
    raw = _build(attachments=[Attachment("original.eml", "message/rfc822", original)])
    part = parse(raw).root.children[1]
    assert part.message is not None
    assert raw[part.body_start : part.body_end] == original


def test_a_message_that_cannot_travel_as_it_is_goes_as_a_file() -> None:
    raw = _build(attachments=[Attachment("o.eml", "message/rfc822", b"Subject: \xe9\r\n\r\n")])
    part = parse(raw).root.children[1]
    assert part.content_type == "application/octet-stream"
    assert decoded(raw, part) == b"Subject: \xe9\r\n\r\n"


def test_long_ids_are_never_encoded_or_split() -> None:
    long_id = "<" + "a" * 200 + "@example.org>"
    raw = _build(message_id=long_id, in_reply_to=long_id, references=[long_id, "<b@example.org>"])
    assert b"Message-ID: " + long_id.encode() in raw
    assert parse(raw).headers.get("references") == f"{long_id} <b@example.org>"


@settings(max_examples=40, deadline=None)
@given(
    subject=st.text(st.characters(blacklist_characters="\0\r\n", blacklist_categories=("Cc", "Cs")), max_size=200),
    text=st.text(max_size=2_000),
    name=st.text(st.characters(blacklist_categories=("Cc", "Cs")), max_size=60),
)
def test_whatever_is_written_is_transferable_and_reads_back(subject: str, text: str, name: str) -> None:
    raw = _build(subject=subject, text=text, attachments=[Attachment(name, "application/pdf", text.encode("utf-8", "replace"))])
    assert raw.count(b"\n") == raw.count(b"\r") == raw.count(b"\r\n")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert b"\0" not in raw
    message = parse(raw)
    assert (message.headers.get("subject") or "").strip(" ") == subject.strip(" ")
    first, second = message.root.children
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").encode("utf-8", "replace").decode()
    assert text_of(raw, first).rstrip("\n") == plain.rstrip("\n")
    assert decoded(raw, second) == text.encode("utf-8", "replace")
