"""Writing: starting, keeping, sending, and refusing without losing anything."""

import json
import re
import time
import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from mailcore.delivery import intake
from mailcore.filtering.policy import levels, shelf
from mailcore.kernel import flags
from mailcore.kernel.envelope import Envelope, Origin
from mailcore.kernel.errors import Deferred
from mailcore.mime.building import Attachment
from mailcore.mime.headers import Headers
from webmail.models import Correspondent, Draft, LetterTemplate, Outgoing, Preference
from webmail.plain_text import to_plain

from .builders import letter
from .conftest import Actor

JS = {"HTTP_X_COMPOSE": "1"}
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Envelope, bytes, Origin]]:
    taken: list[tuple[Envelope, bytes, Origin]] = []

    def accept(*, envelope: Envelope, raw: bytes, origin: Origin) -> str:
        taken.append((envelope, raw, origin))
        return f"t{len(taken)}"

    monkeypatch.setattr(intake, "accept", accept)
    return taken


@pytest.fixture(autouse=True)
def fresh_levels() -> None:
    shelf.forget()


def form(**fields: Any) -> dict[str, Any]:
    start = {"to": "bo@elsewhere.example", "cc": "", "bcc": "", "subject": "Span", "text": "As measured.", "mode": "new", "do": "send"}
    return start | fields


def rows(ann: Actor, special: str) -> list[Any]:
    return list(ann.mail.list_page(ann.mail.find_special(special)).rows)


def prefer(ann: Actor, **values: str) -> None:
    for name, value in values.items():
        Preference.objects.update_or_create(user_id=ann.mailbox.user_id, name=name, defaults={"value": value})


def keep(ann: Actor, **fields: Any) -> dict[str, Any]:
    answer = ann.client.post("/compose/draft", form(**fields), **JS)
    assert answer.status_code == 200, answer.content
    state: dict[str, Any] = json.loads(answer.content)
    return state


def field_of(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return found[1]


def test_an_empty_form(ann: Actor) -> None:
    page = ann.client.get("/compose").content.decode()
    assert "New message" in page and "ann@example.org" in page and 'data-format="html"' in page
    assert uuid.UUID(field_of(page, "key"))


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
    told = ann.client.post("/compose", form(**fields), **JS)
    assert told.status_code == 422 and words in json.loads(told.content)["faults"][field]


def test_files_survive_a_refusal(ann: Actor, sent: list[tuple[Envelope, bytes, Origin]]) -> None:
    page = ann.client.post("/compose", form(to="nobody", files=SimpleUploadedFile("plan.pdf", b"%PDF", "application/pdf")))
    text = page.content.decode()
    assert page.status_code == 422 and "plan.pdf" in text
    ann.client.post("/compose", form(key=field_of(text, "key"), keep="draft-0"))
    assert b'filename="plan.pdf"' in sent[0][1] and not rows(ann, "\\Drafts")


def test_an_intake_that_fails_loses_nothing(ann: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> str:
        raise Deferred("The message could not be kept, please try again later.")

    monkeypatch.setattr(intake, "accept", refuse)
    state = keep(ann)
    answer = ann.client.post("/compose", form(key=state["key"]))
    assert answer.status_code == 422 and "please try again later" in answer.content.decode() and "As measured." in answer.content.decode()
    assert not rows(ann, "\\Sent") and rows(ann, "\\Drafts") and Draft.objects.count() == 1


def test_drafts_replace_each_other_and_are_seen_by_other_programs(ann: Actor) -> None:
    first = keep(ann, text="One", editor="a", sequence=1)
    assert first["saved"].startswith("Saved ")
    keep(ann, text="Two", key=first["key"], editor="a", sequence=2, to="half an addr")
    left = rows(ann, "\\Drafts")
    assert len(left) == 1 and left[0].flags & flags.DRAFT and b"Two" in ann.mail.read_raw(left[0].folder, left[0].uid)
    page = ann.client.get(f"/compose?mode=draft&folder={left[0].folder}&uid={left[0].uid}").content.decode()
    assert "Two" in page and "half an addr" in page and field_of(page, "key") == first["key"]


def test_an_older_copy_still_leads_to_the_draft(ann: Actor) -> None:
    state = keep(ann, text="One", editor="a", sequence=1)
    uid = rows(ann, "\\Drafts")[0].uid
    keep(ann, text="Two", key=state["key"], editor="a", sequence=2)
    assert "Two" in ann.client.get(f"/compose?mode=draft&folder=Drafts&uid={uid}").content.decode()
    assert ann.client.get("/compose?mode=draft&folder=Drafts&uid=999").status_code == 404


def test_what_comes_late_changes_nothing(ann: Actor) -> None:
    state = keep(ann, text="New words", editor="a", sequence=5)
    keep(ann, text="Old words", key=state["key"], editor="a", sequence=4)
    assert Draft.objects.get().fields["text"] == "New words" and len(rows(ann, "\\Drafts")) == 1


def test_two_windows_on_one_draft_lose_nothing(ann: Actor) -> None:
    state = keep(ann, text="Start", editor="a", sequence=1)
    second = ann.client.get(f"/compose?draft={state['key']}").content.decode()
    keep(ann, text="First window went on", key=state["key"], editor="a", sequence=2)
    parted = keep(ann, text="Second window", key=state["key"], editor="b", sequence=1, seen=field_of(second, "seen"))
    assert parted["key"] != state["key"] and "another window" in parted["notice"]
    assert {row.fields["text"] for row in Draft.objects.all()} == {"First window went on", "Second window"}
    assert len(rows(ann, "\\Drafts")) == 2
    keep(ann, text="Second, later", key=parted["key"], editor="b", sequence=2)
    assert len(rows(ann, "\\Drafts")) == 2


def test_a_window_that_saw_the_last_words_goes_on_with_them(ann: Actor) -> None:
    state = keep(ann, text="Start", editor="a", sequence=1)
    page = ann.client.get(f"/compose?draft={state['key']}").content.decode()
    again = keep(ann, text="Continued", key=state["key"], editor="b", sequence=1, seen=field_of(page, "seen"))
    assert again["key"] == state["key"] and not again["notice"] and Draft.objects.get().fields["text"] == "Continued"


def test_a_large_draft_is_not_copied_with_every_word(ann: Actor, django_assert_max_num_queries: Any) -> None:
    big = SimpleUploadedFile("plan.bin", b"x" * 400_000, "application/octet-stream")
    state = keep(ann, files=big, editor="a", sequence=1)
    uid = rows(ann, "\\Drafts")[0].uid
    keep(ann, text="More words", key=state["key"], editor="a", sequence=2, keep="draft-0")
    assert rows(ann, "\\Drafts")[0].uid == uid and Draft.objects.get().fields["text"] == "More words"
    page = ann.client.get(f"/compose?mode=draft&folder=Drafts&uid={uid}").content.decode()
    assert "More words" in page and "plan.bin" in page
    keep(ann, text="Last words", key=state["key"], editor="a", sequence=3, keep="draft-0", final="1")
    left = rows(ann, "\\Drafts")
    assert len(left) == 1 and left[0].uid != uid and b"Last words" in ann.mail.read_raw("Drafts", left[0].uid)


def test_a_file_taken_off_is_gone(ann: Actor) -> None:
    files = [SimpleUploadedFile("a.txt", b"aa", "text/plain"), SimpleUploadedFile("b.txt", b"bb", "text/plain")]
    state = keep(ann, files=files, editor="a", sequence=1)
    assert "a.txt" in state["files"] and "b.txt" in state["files"]
    after = keep(ann, key=state["key"], keep="draft-1", editor="a", sequence=2)
    assert "a.txt" not in after["files"] and "b.txt" in after["files"]


def test_a_draft_whose_file_was_deleted_elsewhere_says_so(ann: Actor) -> None:
    state = keep(ann, files=SimpleUploadedFile("a.bin", b"a" * 10, "application/x"), editor="a", sequence=1)
    ann.mail.delete_for_good("Drafts", [rows(ann, "\\Drafts")[0].uid])
    answer = ann.client.post("/compose/draft", form(key=state["key"], keep="draft-0", editor="a", sequence=2), **JS)
    assert answer.status_code == 422 and "gone" in json.loads(answer.content)["error"]


def test_a_blank_form_makes_no_draft(ann: Actor) -> None:
    keep(ann, to="", subject="", text=" ")
    keep(ann, to="", subject="", text="", html="<div><br></div>", format="html")
    assert not rows(ann, "\\Drafts") and not Draft.objects.exists()


def test_a_draft_can_be_thrown_away(ann: Actor) -> None:
    state = keep(ann)
    ann.client.post("/compose/discard", form(key=state["key"]))
    assert not rows(ann, "\\Drafts") and not Draft.objects.exists()


def test_nobody_touches_anothers_draft(ann: Actor, cy: Actor) -> None:
    state = keep(ann)
    assert "As measured" not in cy.client.get(f"/compose?draft={state['key']}").content.decode()
    cy.client.post("/compose/discard", form(key=state["key"]))
    assert Draft.objects.filter(user_id=ann.mailbox.user_id).exists()
    assert cy.client.get(f"/compose/cid/{state['key']}/x").status_code == 404


def test_without_script_a_file_is_attached_and_the_form_comes_back(ann: Actor) -> None:
    answer = ann.client.post("/compose/draft", form(stay="1", files=SimpleUploadedFile("a.txt", b"a", "text/plain")))
    page = answer.content.decode()
    assert answer.status_code == 200 and 'value="draft-0"' in page and "As measured." in page
    assert ann.client.post("/compose/draft", form())["Location"] == "/mail/Drafts/"


def test_formatted_text_travels_with_its_plain_form(ann: Actor, sent: list[tuple[Envelope, bytes, Origin]]) -> None:
    markup = '<p>Good <b>morning</b></p><ul><li>one</li><li>two</li></ul><script>x()</script><p onclick="x()">End</p>'
    ann.client.post("/compose", form(format="html", html=markup, text="ignored"))
    raw = sent[0][1]
    assert b"multipart/alternative" in raw and raw.index(b"text/plain") < raw.index(b"text/html")
    assert b"Good morning" in raw and b"- one" in raw and b"<b>morning</b>" in raw
    assert b"script" not in raw and b"onclick" not in raw and b"ignored" not in raw


def test_a_picture_in_the_text_travels_within_the_letter(ann: Actor, sent: list[tuple[Envelope, bytes, Origin]]) -> None:
    cid = "picture1.abcd1234@facteur"
    picture = SimpleUploadedFile("shot.png", PNG, "image/png")
    state = keep(ann, format="html", html=f'<p>See</p><img src="cid:{cid}">', pictures=picture, cid=cid, editor="a", sequence=1)
    assert state["files"].strip() == ""
    shown = ann.client.get(f"/compose/cid/{state['key']}/{cid}")
    assert shown.status_code == 200 and shown.content == PNG and "sandbox" in shown["Content-Security-Policy"]
    keep(ann, format="html", html=f'<p>See this</p><img src="cid:{cid}">', key=state["key"], editor="a", sequence=2)
    ann.client.post("/compose", form(format="html", html=f'<img src="cid:{cid}">', key=state["key"]))
    raw = sent[0][1]
    assert b"multipart/related" in raw and f"Content-ID: <{cid}>".encode() in raw and f"cid:{cid}".encode() in raw
    drawing = SimpleUploadedFile("a.svg", b"<svg/>", "image/svg+xml")
    assert ann.client.post("/compose/draft", form(pictures=drawing), **JS).status_code == 400


def test_reply_to_all_leaves_oneself_out(ann: Actor, sent: list[tuple[Envelope, bytes, Origin]]) -> None:
    uid = ann.put(letter(subject="Span", text="Deck", cc=("Ann <ann@example.org>", "Tom <tom@x.example>"), message_id="<one@x.example>"))
    page = ann.client.get(f"/compose?mode=all&folder=INBOX&uid={uid}").content.decode()
    assert 'value="Ingrid Solheim &lt;ingrid@nordlys.example&gt;"' in page and 'value="Tom &lt;tom@x.example&gt;"' in page
    assert "&gt; Deck" in page and 'value="Re: Span"' in page and 'data-format="plain"' in page
    ann.client.post(
        "/compose", form(mode="all", source_folder="INBOX", source_uid=uid, in_reply_to="<one@x.example>", references="<one@x.example>")
    )
    assert b"In-Reply-To: <one@x.example>" in sent[0][1]
    assert ann.mail.find_row("INBOX", uid).flags & flags.ANSWERED


def test_an_answer_keeps_the_form_of_the_letter(ann: Actor) -> None:
    uid = ann.put(letter(text="Hi", html="<p>Hi <b>Ann</b><script>x()</script></p>"))
    page = ann.client.get(f"/compose?mode=reply&folder=INBOX&uid={uid}").content.decode()
    assert 'data-format="html"' in page and "&lt;b&gt;Ann&lt;/b&gt;" in page and "x()" not in page and "&lt;blockquote&gt;" in page
    prefer(ann, compose_format="plain", quote="above")
    plain = ann.client.get(f"/compose?mode=reply&folder=INBOX&uid={uid}").content.decode()
    assert 'data-format="plain"' in plain and "&gt; Hi" in plain
    prefer(ann, quote="none")
    assert "&gt; Hi" not in ann.client.get(f"/compose?mode=reply&folder=INBOX&uid={uid}").content.decode()


def test_reply_to_a_list(ann: Actor) -> None:
    raw = letter(subject="[x] News").replace(b"Subject:", b"List-Post: <mailto:list@lists.example?x=y>\r\nSubject:", 1)
    uid = ann.put(raw)
    assert 'name="to" value="list@lists.example"' in ann.client.get(f"/compose?mode=list&folder=INBOX&uid={uid}").content.decode()


def test_forward_takes_the_files_along(ann: Actor, sent: list[tuple[Envelope, bytes, Origin]]) -> None:
    uid = ann.put(letter(subject="Plan", attachments=(Attachment("plan.pdf", "application/pdf", b"%PDF"),)))
    page = ann.client.get(f"/compose?mode=forward&folder=INBOX&uid={uid}").content.decode()
    assert 'value="source-0"' in page and "Forwarded message" in page
    ann.client.post("/compose", form(mode="forward", source_folder="INBOX", source_uid=uid, keep="source-0"))
    assert b"plan.pdf" in sent[0][1]
    assert "$Forwarded" in ann.mail.find_row("INBOX", uid).keywords


def test_several_messages_are_forwarded_as_they_are(ann: Actor, sent: list[tuple[Envelope, bytes, Origin]]) -> None:
    one, two = ann.put(letter(subject="First", message_id="<1@x.example>")), ann.put(letter(subject="Second", message_id="<2@x.example>"))
    page = ann.client.get(f"/compose?mode=attach&folder=INBOX&uid={one}&uid={two}").content.decode()
    assert f'value="whole-{one}"' in page and f'value="whole-{two}"' in page and "2 messages" in page
    ann.client.post("/compose", form(mode="attach", source_folder="INBOX", source_uid=one, keep=[f"whole-{one}", f"whole-{two}"]))
    assert sent[0][1].count(b"message/rfc822") == 2 and b"<2@x.example>" in sent[0][1]


def test_other_messages_are_found_and_attached(ann: Actor, sent: list[tuple[Envelope, bytes, Origin]], cy: Actor) -> None:
    uid = ann.put(letter(subject="Old plan", message_id="<old@x.example>"), "Archive")
    found = json.loads(ann.client.get("/compose/messages?q=plan").content)["items"]
    assert found[0]["keep"] == f"mail-{uid}-Archive" and found[0]["name"] == "Old plan"
    assert json.loads(ann.client.get("/compose/messages?q=").content)["items"] == []
    state = keep(ann, keep=found[0]["keep"], editor="a", sequence=1)
    assert "Old plan.eml" in state["files"]
    ann.client.post("/compose", form(key=state["key"], keep="draft-0"))
    assert b"<old@x.example>" in sent[0][1] and b"message/rfc822" in sent[0][1]
    refused = cy.client.post("/compose/draft", form(keep=f"mail-{uid}-Archive"), **JS)
    assert refused.status_code == 422 and not Draft.objects.filter(user_id=cy.mailbox.user_id).exists()


def test_a_sent_letter_is_edited_as_new(ann: Actor) -> None:
    uid = ann.put(letter(subject="Plan", to="Bo <bo@x.example>", message_id="<1@x.example>"), "Sent")
    page = ann.client.get(f"/compose?mode=again&folder=Sent&uid={uid}").content.decode()
    assert 'value="Bo &lt;bo@x.example&gt;"' in page and 'value="Plan"' in page and field_of(page, "in_reply_to") == ""


def test_redirect_keeps_the_sender(ann: Actor, sent: list[tuple[Envelope, bytes, Origin]]) -> None:
    uid = ann.put(letter(subject="Plan"))
    assert "Redirect" in ann.client.get(f"/compose/redirect/INBOX/{uid}").content.decode()
    assert ann.client.post(f"/compose/redirect/INBOX/{uid}", {"to": "x@@"}).status_code == 422 and not sent
    assert ann.client.post(f"/compose/redirect/INBOX/{uid}", {"to": "bo@elsewhere.example"}).status_code == 302
    envelope, raw, _origin = sent[0]
    assert envelope.sender == "ann@example.org" and raw.startswith(b"Resent-Date:") and raw.endswith(ann.mail.read_raw("INBOX", uid))
    assert "$Redirected" in ann.mail.find_row("INBOX", uid).keywords


def test_options_become_headers_and_envelope(ann: Actor, sent: list[tuple[Envelope, bytes, Origin]]) -> None:
    ann.client.post("/compose", form(priority="high", receipt="yes", report="yes", reply_to="Office <office@x.example>"))
    envelope, raw, _origin = sent[0]
    headers = Headers.parse(raw)
    assert headers.get("importance") == "high" and headers.get("disposition-notification-to") == "ann@example.org"
    assert headers.get("reply-to") == "Office <office@x.example>"
    assert envelope.recipients[0].notify == "SUCCESS,FAILURE,DELAY" and envelope.ret == "HDRS"


def test_an_identity_signs_and_copies(ann: Actor, sent: list[tuple[Envelope, bytes, Origin]]) -> None:
    data = {"name": "Atelier", "address": "ann@example.org", "reply_to": "desk@x.example", "bcc": "archive@x.example"}
    ann.client.post("/settings/identities/new", data | {"signature_text": "Ann, by the lock"})
    page = ann.client.get("/compose").content.decode()
    assert "Ann, by the lock" in page
    ann.client.post("/compose", form(sender=field_of(page, "sender")))
    envelope, raw, _origin = sent[0]
    assert b"From: Atelier <ann@example.org>" in raw and b"Reply-To: desk@x.example" in raw and b"archive@" not in raw
    assert envelope.recipients[-1].address == "archive@x.example"
    refused = ann.client.post("/compose", form(sender="as:boss@example.org"))
    assert refused.status_code == 422 and "Choose another" in refused.content.decode() and len(sent) == 1


def test_header_injection_is_refused(ann: Actor, sent: list[tuple[Envelope, bytes, Origin]]) -> None:
    ann.client.post("/compose", form(subject="One\r\nBcc: evil@evil.example"))
    assert "bcc" not in Headers.parse(sent[0][1])
    answer = ann.client.post("/compose", form(in_reply_to="<a@b>\r\nX: y"))
    assert answer.status_code == 422 and len(sent) == 1


def test_a_strangers_message_cannot_be_quoted(ann: Actor, seeded: int, cy: Actor) -> None:
    assert cy.client.get(f"/compose?mode=forward&folder=INBOX&uid={seeded}").status_code == 404


def test_people_written_to_are_offered_by_use(ann: Actor, sent: list[tuple[Envelope, bytes, Origin]], cy: Actor) -> None:
    for _ in range(3):
        ann.client.post("/compose", form(to="Bo Often <bo@elsewhere.example>"))
    ann.client.post("/compose", form(to="Boris Once <boris@elsewhere.example>"))
    found = json.loads(ann.client.get("/compose/people?q=bo").content)["items"]
    assert [one["address"] for one in found[:2]] == ["bo@elsewhere.example", "boris@elsewhere.example"]
    assert found[0]["written"] == "Bo Often <bo@elsewhere.example>"
    assert json.loads(cy.client.get("/compose/people?q=bo").content)["items"] == []
    directory = json.loads(ann.client.get("/compose/people?q=cy").content)["items"]
    assert directory[0]["address"] == "cy@example.org" and directory[0]["kind"] == "Directory"
    prefer(ann, collect_addresses="no")
    ann.client.post("/compose", form(to="new@elsewhere.example"))
    assert not Correspondent.objects.filter(folded="new@elsewhere.example").exists()


def test_strangers_are_marked(ann: Actor, sent: list[tuple[Envelope, bytes, Origin]]) -> None:
    ann.client.post("/compose", form())
    marks = json.loads(ann.client.get("/compose/strangers?list=bo@elsewhere.example,x@y.example,cy@example.org").content)["marks"]
    assert {address: mark["kind"] for address, mark in marks.items()} == {"bo@elsewhere.example": "outside", "x@y.example": "first"}
    prefer(ann, warn_outside="no")
    assert json.loads(ann.client.get("/compose/strangers?list=x@y.example").content)["marks"] == {}


def test_sending_can_be_undone(ann: Actor) -> None:
    files = SimpleUploadedFile("plan.pdf", b"%PDF", "application/pdf")
    ann.client.post("/compose", form(files=files, cc="cy@elsewhere.example", bcc="di@elsewhere.example"))
    waiting = Outgoing.objects.get()
    assert rows(ann, "\\Sent")[0].subject == "Span"
    assert f"/compose/scheduled/{waiting.pk}/undo" in ann.client.get("/mail/INBOX/").content.decode()
    answer = ann.client.post(f"/compose/scheduled/{waiting.pk}/undo")
    page = ann.client.get(answer["Location"]).content.decode()
    assert "As measured." in page and "plan.pdf" in page and 'value="di@elsewhere.example"' in page
    assert not rows(ann, "\\Sent") and len(rows(ann, "\\Drafts")) == 1 and not Outgoing.objects.exists()
    assert ann.client.post(f"/compose/scheduled/{waiting.pk}/undo").status_code == 404


def test_without_the_wait_nothing_can_be_undone(ann: Actor, sent: list[tuple[Envelope, bytes, Origin]]) -> None:
    prefer(ann, undo_seconds="0")
    ann.client.post("/compose", form())
    assert sent[0][0].hold_until == 0 and not Outgoing.objects.exists()


def test_a_letter_leaves_later(ann: Actor, cy: Actor) -> None:
    answer = ann.client.post("/compose", form(do="later", when="2026-01-01T08:00"))
    assert answer.status_code == 422 and "has passed" in answer.content.decode()
    assert ann.client.post("/compose", form(do="later", when="soon")).status_code == 422
    assert ann.client.post("/compose", form(do="later", when="")).status_code == 422
    when = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(time.time() + 86_400))
    assert ann.client.post("/compose", form(do="later", when=when)).status_code == 302
    page = ann.client.get("/compose/scheduled").content.decode()
    assert "Span" in page and not rows(ann, "\\Sent")
    assert "Span" not in cy.client.get("/compose/scheduled").content.decode()
    waiting = Outgoing.objects.get()
    assert cy.client.post(f"/compose/scheduled/{waiting.pk}/undo").status_code == 404
    ann.client.post(f"/compose/scheduled/{waiting.pk}/now")
    assert rows(ann, "\\Sent")[0].subject == "Span" and "Nothing waits" in ann.client.get("/compose/scheduled").content.decode()


def test_a_scheduled_letter_is_edited_and_put_off(ann: Actor) -> None:
    when = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(time.time() + 86_400))
    ann.client.post("/compose", form(do="later", when=when))
    waiting = Outgoing.objects.get()
    assert ann.client.post(f"/compose/scheduled/{waiting.pk}/when", {"when": "2020-01-01T00:00"}).status_code == 400
    later = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(time.time() + 3 * 86_400))
    ann.client.post(f"/compose/scheduled/{waiting.pk}/when", {"when": later})
    assert Outgoing.objects.get().due_at > waiting.due_at
    page = ann.client.get(ann.client.post(f"/compose/scheduled/{waiting.pk}/undo")["Location"]).content.decode()
    assert "As measured." in page and ann.mail.list_page("Scheduled").rows == ()


def test_templates_are_handed_to_the_editor(ann: Actor, cy: Actor) -> None:
    kept = LetterTemplate.objects.create(user_id=ann.mailbox.user_id, name="Way", subject="The way", text="Left <at> the lock.")
    assert json.loads(ann.client.get(f"/compose/template/{kept.pk}").content)["html"] == "<p>Left &lt;at&gt; the lock.</p>"
    assert cy.client.get(f"/compose/template/{kept.pk}").status_code == 404
    page = ann.client.get(f"/compose?template={kept.pk}").content.decode()
    assert 'value="The way"' in page and "Left" in page


def test_the_sheet_of_the_editor_runs_and_loads_nothing(ann: Actor) -> None:
    answer = ann.client.get("/compose/sheet")
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src" not in policy and "https:" not in policy
    assert answer["X-Frame-Options"] == "SAMEORIGIN"


def test_a_docked_form_is_a_piece_with_names_of_its_own(ann: Actor) -> None:
    piece = ann.client.get("/compose", HTTP_X_DOCK="1").content.decode()
    assert "<html" not in piece and "composer--docked" in piece and 'id="to-' in piece


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<div>One</div><div>Two<br>Three</div>", "One\nTwo\nThree"),
        ("<ol><li>a</li><li>b</li></ol>", "1. a\n2. b"),
        ("<blockquote>said<blockquote>before</blockquote></blockquote>x", "> said\n>\n>> before\n\nx"),
        ('<a href="https://x.example/a">here</a>', "here <https://x.example/a>"),
        ('<a href="https://x.example/">https://x.example</a>', "https://x.example"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("a <b>b</b>  c", "a b c"),
        ("<style>p{}</style>1 &lt; 2", "1 < 2"),
    ],
)
def test_markup_as_plain_text(html: str, text: str) -> None:
    assert to_plain(html) == text


def test_plain_text_of_deep_markup_is_linear() -> None:
    start = time.process_time()
    to_plain("<blockquote><div>" * 20_000 + "x")
    assert time.process_time() - start < 20


def test_a_limit_is_said_and_the_letter_stays_a_draft(ann: Actor, sent: list[tuple[Envelope, bytes, Origin]]) -> None:
    levels.put(owner="domain:example.org", name="login_messages_hour", value=1)
    ann.client.post("/compose", form())
    answer = ann.client.post("/compose", form(subject="One too many"))
    page = answer.content.decode()
    assert answer.status_code == 422 and len(sent) == 1
    assert "You may send 1 letter an hour. This one would go beyond. This limit was set for everybody at example.org." in page
    assert [row.subject for row in rows(ann, "\\Drafts")] == ["One too many"] and Draft.objects.count() == 1
    assert [row.subject for row in rows(ann, "\\Sent")] == ["Span"]


@pytest.mark.parametrize(("name", "words"), [("login_recipients_hour", "recipients an hour"), ("login_recipients_day", "recipients a day")])
def test_recipients_are_counted_once_and_the_level_is_named(
    ann: Actor, sent: list[tuple[Envelope, bytes, Origin]], name: str, words: str
) -> None:
    levels.put(owner=f"mailbox:{ann.mailbox.id}", name=name, value=2)
    assert ann.client.post("/compose", form(cc="bo@elsewhere.example, cy@elsewhere.example")).status_code == 302
    page = ann.client.post("/compose", form()).content.decode()
    assert words in page and "This limit was set for your mailbox." in page and len(sent) == 1


def test_a_redirect_counts_as_well(ann: Actor, seeded: int, sent: list[tuple[Envelope, bytes, Origin]]) -> None:
    levels.put(owner="system", name="login_messages_day", value=1)
    ann.client.post("/compose", form())
    answer = ann.client.post(f"/compose/redirect/INBOX/{seeded}", {"to": "bo@elsewhere.example"})
    assert answer.status_code == 422 and "This limit was set for the whole server." in answer.content.decode() and len(sent) == 1


def test_the_script_of_the_form_is_told_of_a_limit(ann: Actor, sent: list[tuple[Envelope, bytes, Origin]]) -> None:
    levels.put(owner="system", name="login_messages_hour", value=1)
    ann.client.post("/compose", form())
    answer = ann.client.post("/compose", form(), **JS)
    assert (
        answer.status_code == 422 and "You may send 1 letter an hour." in json.loads(answer.content)["faults"]["message"] and len(sent) == 1
    )


def test_a_suspected_login_sends_into_a_held_queue(ann: Actor, sent: list[tuple[Envelope, bytes, Origin]]) -> None:
    levels.put(owner="system", name="login_new_recipients_day", value=1)
    ann.client.post("/compose", form(cc="cy@elsewhere.example"))
    assert "suspected" in sent[0][2].hold
