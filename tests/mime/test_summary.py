"""What the store keeps of a message."""

import pytest

from mailcore.mime.structure import load, parse
from mailcore.mime.summary import summarise
from tests import builders


def test_summary_of_a_reply() -> None:
    raw = builders.message(
        sender='"Dupré, Zoë" <zoe@example.org>',
        subject="=?utf-8?q?Re=3A_=5Bclub=5D_d=C3=A9jeuner?=",
        extra=[
            ("References", "<a@x.example>\r\n <b@x.example> <a@x.example>"),
            ("In-Reply-To", "Your message <c@x.example> of today"),
            ("List-Id", '"The club" <club.example.org>'),
            ("Auto-Submitted", "auto-replied; owner-email=x"),
        ],
    )
    found = summarise(raw)
    assert raw[found.header_size :] == b"Shall we meet at noon?\r\n"
    assert (found.subject, found.base_subject) == ("Re: [club] déjeuner", "déjeuner")
    assert (found.from_name, found.from_address) == ("Dupré, Zoë", "zoe@example.org")
    assert found.to_text == "Bo Berg <bo@example.org>"
    assert found.message_id == "<lunch.1@example.org>"
    assert found.references == ("<a@x.example>", "<b@x.example>", "<c@x.example>")
    assert found.sent_at == 1772440200
    assert found.snippet == "Shall we meet at noon?"
    assert found.list_id == "club.example.org"
    assert found.auto_submitted == "auto-replied"
    assert (found.has_attachment, found.attachments) == (False, 0)
    assert load(found.structure) == parse(raw).root


def test_summary_of_nothing() -> None:
    found = summarise(b"")
    assert (found.subject, found.from_address, found.message_id, found.references) == ("", "", "", ())
    assert (found.sent_at, found.snippet, found.attachments, found.auto_submitted) == (None, "", 0, "")


def test_mail_by_a_person_is_not_auto_submitted() -> None:
    assert summarise(builders.message(extra=[("Auto-Submitted", "no")])).auto_submitted == ""


TEXT = builders.part("text")
HTML = builders.part("<p>html", content_type="text/html")
PDF = builders.part("AAAA", content_type="application/pdf; name=a.pdf", encoding="base64", disposition="attachment")
SHOWN = builders.part("AAAA", content_type="image/png", encoding="base64", disposition="inline", extra=[("Content-ID", "<pic>")])


@pytest.mark.parametrize(
    ("parts", "subtype", "count"),
    [
        ((TEXT, HTML), "alternative", 0),
        ((TEXT, PDF), "mixed", 1),
        ((TEXT, PDF, PDF), "mixed", 2),
        ((TEXT, builders.nested(HTML, SHOWN, subtype="related")), "alternative", 0),
        ((HTML, SHOWN), "mixed", 0),
        ((TEXT, builders.part("-", content_type="application/pgp-signature; name=s.asc")), "signed", 0),
        ((TEXT, builders.part(builders.message(), content_type="message/rfc822")), "mixed", 1),
        ((TEXT, builders.part("a,b", content_type="text/csv; name=a.csv")), "mixed", 1),
        ((TEXT, builders.part("AAAA", content_type="image/jpeg")), "mixed", 1),
    ],
)
def test_attachments_are_what_a_person_calls_so(parts: tuple[bytes, ...], subtype: str, count: int) -> None:
    found = summarise(builders.multipart(*parts, subtype=subtype))
    assert found.attachments == count
    assert found.has_attachment == (count > 0)
