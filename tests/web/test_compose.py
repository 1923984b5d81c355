"""Writing: starting, keeping, sending, and refusing without losing anything."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from mailcore.delivery import intake
from mailcore.kernel import flags
from mailcore.kernel.envelope import Envelope, Origin
from mailcore.kernel.errors import Deferred
from mailcore.mime.building import Attachment
from mailcore.mime.headers import Headers

from .builders import HX, letter
from .conftest import Actor


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Envelope, bytes, Origin]]:
    taken: list[tuple[Envelope, bytes, Origin]] = []

    def accept(*, envelope: Envelope, raw: bytes, origin: Origin) -> str:
        taken.append((envelope, raw, origin))
        return "t"

    monkeypatch.setattr(intake, "accept", accept)
    return taken


def form(**fields: Any) -> dict[str, Any]:
    return {"to": "bo@elsewhere.example", "cc": "", "bcc": "", "subject": "Span", "text": "As measured.", "mode": "new"} | fields


def rows(ann: Actor, special: str) -> list[Any]:
    return list(ann.mail.list_page(ann.mail.find_special(special)).rows)


def test_an_empty_form(ann: Actor) -> None:
    page = ann.client.get("/compose").content.decode()
    assert "New message" in page and "ann@example.org" in page and 'id="draft-state"' in page


def test_sending_goes_by_the_intake_and_leaves_a_copy(ann: Actor, sent: list[tuple[Envelope, bytes, Origin]]) -> None:
    answer = ann.client.post("/compose", form(cc="Cy <cy@elsewhere.example>", bcc="secret@elsewhere.example"))
    assert answer.status_code == 302 and answer["Location"] == "/"
    envelope, raw, origin = sent[0]
    assert envelope.sender == "ann@example.org" and origin.source == "web"
    assert [one.address for one in envelope.recipients] == ["bo@elsewhere.example", "cy@elsewhere.example", "secret@elsewhere.example"]
    assert b"secret@" not in raw and b"Ann <ann@example.org>" in raw
    copy = rows(ann, "\\Sent")[0]
    assert copy.subject == "Span" and copy.flags & flags.SEEN
    kept = Headers.parse(ann.mail.read_raw(copy.folder, copy.uid))
    assert "secret@" in (kept.get("bcc") or "")
    assert kept.get("message-id") == Headers.parse(raw).get("message-id")
    assert "Sent" in ann.client.get("/mail/INBOX/").content.decode()


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"to": ""}, "to", "Say who it is for"),
        ({"to": "nobody"}, "to", "nobody cannot be written to"),
        ({"cc": "x@@y"}, "cc", "cannot be written to"),
        ({"bcc": "missing@example.org"}, "bcc", "missing@example.org"),
        ({"to": "bo@elsewhere.example; broken"}, "to", "broken cannot be written to"),
    ],
)
def test_a_bad_recipient_is_named_beside_its_field(
    ann: Actor, sent: list[tuple[Envelope, bytes, Origin]], fields: dict[str, str], field: str, words: str
) -> None:
    answer = ann.client.post("/compose", form(**fields))
    page = answer.content.decode()
    assert answer.status_code == 422 and not sent
    assert words in page.partition(f'id="{field}-fault"')[2].partition("</p>")[0]
    assert "As measured." in page and 'value="Span"' in page
    assert not rows(ann, "\\Sent")


def test_files_survive_a_refusal(ann: Actor, sent: list[tuple[Envelope, bytes, Origin]]) -> None:
    page = ann.client.post("/compose", form(to="nobody", files=SimpleUploadedFile("plan.pdf", b"%PDF", "application/pdf")))
    assert page.status_code == 422 and "plan.pdf" in page.content.decode()
    draft = rows(ann, "\\Drafts")[0]
    ann.client.post("/compose", form(draft_uid=draft.uid, keep="draft-0"))
    assert b'filename="plan.pdf"' in sent[0][1] and not rows(ann, "\\Drafts")


def test_an_intake_that_fails_loses_nothing(ann: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> str:
        raise Deferred("The message could not be kept, please try again later.")

    monkeypatch.setattr(intake, "accept", refuse)
    answer = ann.client.post("/compose", form())
    assert answer.status_code == 422 and "please try again later" in answer.content.decode() and "As measured." in answer.content.decode()
    assert not rows(ann, "\\Sent")


def test_drafts_replace_each_other(ann: Actor) -> None:
    first = ann.client.post("/compose/draft", form(text="One"), **HX).content.decode()
    uid = rows(ann, "\\Drafts")[0].uid
    assert f'name="draft_uid" value="{uid}"' in first and "Saved" in first and "<html" not in first
    ann.client.post("/compose/draft", form(text="Two", draft_uid=uid, to="half an addr"), **HX)
    left = rows(ann, "\\Drafts")
    assert len(left) == 1 and left[0].flags & flags.DRAFT
    page = ann.client.get(f"/compose?mode=draft&folder={left[0].folder}&uid={left[0].uid}").content.decode()
    assert "Two" in page and "half an addr" in page


def test_a_blank_form_makes_no_draft(ann: Actor) -> None:
    ann.client.post("/compose/draft", form(to="", subject="", text=" "), **HX)
    assert not rows(ann, "\\Drafts")


def test_a_draft_can_be_thrown_away(ann: Actor) -> None:
    ann.client.post("/compose/draft", form(), **HX)
    ann.client.post("/compose/discard", {"draft_uid": rows(ann, "\\Drafts")[0].uid})
    assert not rows(ann, "\\Drafts")


def test_reply_to_all_leaves_oneself_out(ann: Actor, sent: list[tuple[Envelope, bytes, Origin]]) -> None:
    uid = ann.put(letter(subject="Span", text="Deck", cc=("Ann <ann@example.org>", "Tom <tom@x.example>"), message_id="<one@x.example>"))
    page = ann.client.get(f"/compose?mode=all&folder=INBOX&uid={uid}").content.decode()
    assert 'value="Ingrid Solheim &lt;ingrid@nordlys.example&gt;"' in page and 'value="Tom &lt;tom@x.example&gt;"' in page
    assert "&gt; Deck" in page and 'value="Re: Span"' in page
    ann.client.post(
        "/compose", form(mode="all", source_folder="INBOX", source_uid=uid, in_reply_to="<one@x.example>", references="<one@x.example>")
    )
    assert b"In-Reply-To: <one@x.example>" in sent[0][1]
    assert ann.mail.find_row("INBOX", uid).flags & flags.ANSWERED


def test_forward_takes_the_files_along(ann: Actor, sent: list[tuple[Envelope, bytes, Origin]]) -> None:
    uid = ann.put(letter(subject="Plan", attachments=(Attachment("plan.pdf", "application/pdf", b"%PDF"),)))
    page = ann.client.get(f"/compose?mode=forward&folder=INBOX&uid={uid}").content.decode()
    assert 'value="source-0"' in page and "Forwarded message" in page
    ann.client.post("/compose", form(mode="forward", source_folder="INBOX", source_uid=uid, keep="source-0"))
    assert b"plan.pdf" in sent[0][1]
    assert "$Forwarded" in ann.mail.find_row("INBOX", uid).keywords


def test_header_injection_is_refused(ann: Actor, sent: list[tuple[Envelope, bytes, Origin]]) -> None:
    ann.client.post("/compose", form(subject="One\r\nBcc: evil@evil.example"))
    assert "bcc" not in Headers.parse(sent[0][1])
    answer = ann.client.post("/compose", form(in_reply_to="<a@b>\r\nX: y"))
    assert answer.status_code == 422 and len(sent) == 1


def test_a_strangers_message_cannot_be_quoted(ann: Actor, seeded: int, cy: Actor) -> None:
    assert cy.client.get(f"/compose?mode=forward&folder=INBOX&uid={seeded}").status_code == 404
