"""Snooze, mute, block, spam, mailing lists, and what a message is made of."""

import io
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from mailcore import outgoing
from mailcore.kernel import flags
from mailcore.kernel.errors import BadSyntax, Deferred
from mailcore.mime.building import Attachment
from webmail import silencing, snoozing, unsubscribing
from webmail.models import Silence, Snooze

from .builders import HX, letter
from .conftest import Actor

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 20


def act(ann: Actor, uid: int, do: str, **fields: str) -> str:
    return ann.client.post("/mail/act", {"folder": "INBOX", "uid": uid, "do": do, "origin": "reader"} | fields, **HX).content.decode()


def subjects(ann: Actor, folder: str) -> list[str]:
    ann.mail._infos = None
    return [row.subject for row in ann.mail.list_page(folder).rows]


def test_snoozed_mail_comes_back_on_top_and_unread(ann: Actor, seeded: int) -> None:
    assert "back on" in act(ann, seeded, "snooze:tomorrow")
    ann.put(letter(subject="Later arrival"))
    assert subjects(ann, "Snoozed") == ["Handrail detail"]
    assert not snoozing.wake_due(timezone.now())
    assert snoozing.wake_due(timezone.now() + timedelta(days=2)) == 1
    assert subjects(ann, "INBOX") == ["Handrail detail", "Later arrival"] and not subjects(ann, "Snoozed")
    assert not ann.mail.list_page("INBOX").rows[0].flags & flags.SEEN and not Snooze.objects.exists()


def test_what_was_taken_out_of_snoozed_stays_where_it_was_put(ann: Actor, seeded: int) -> None:
    act(ann, seeded, "snooze:later")
    ann.mail.move("Snoozed", [1], "Archive")
    assert snoozing.wake_due(timezone.now() + timedelta(days=1)) == 0
    assert subjects(ann, "Archive") == ["Handrail detail"] and not subjects(ann, "INBOX")


@pytest.mark.parametrize(
    ("what", "typed", "expected"),
    [
        ("later", "", datetime(2026, 11, 24, 12, 30, tzinfo=UTC)),
        ("tomorrow", "", datetime(2026, 11, 25, 8, tzinfo=UTC)),
        ("weekend", "", datetime(2026, 11, 28, 8, tzinfo=UTC)),
        ("week", "", datetime(2026, 11, 30, 8, tzinfo=UTC)),
        ("at", "2026-12-01T09:15", datetime(2026, 12, 1, 9, 15, tzinfo=UTC)),
    ],
)
def test_until_when(what: str, typed: str, expected: datetime) -> None:
    assert snoozing.read_until(what, typed, datetime(2026, 11, 24, 9, 30, 12, tzinfo=UTC)) == expected


@pytest.mark.parametrize(
    ("what", "typed"), [("at", ""), ("at", "soon"), ("at", "2020-01-01T09:00"), ("at", "2099-01-01T09:00"), ("never", "")]
)
def test_moments_that_are_none(what: str, typed: str) -> None:
    with pytest.raises(BadSyntax):
        snoozing.read_until(what, typed, datetime(2026, 11, 24, 9, 30, tzinfo=UTC))


def test_a_muted_conversation_stays_out_of_the_inbox(ann: Actor) -> None:
    first = ann.put(letter(subject="Noise", message_id="<n@x.example>"))
    assert "muted" in act(ann, first, "mute")
    assert subjects(ann, "Archive") == ["Noise"]
    answer = letter(subject="Re: Noise").replace(b"Subject:", b"References: <n@x.example>\r\nSubject:", 1)
    ann.put(answer)
    ann.put(letter(subject="Music"))
    assert silencing.file_away_all() == 1
    assert subjects(ann, "INBOX") == ["Music"] and sorted(subjects(ann, "Archive")) == ["Noise", "Re: Noise"]
    row = ann.mail.list_page("Archive").rows[0]
    page = ann.client.get(f"/mail/Archive/{row.uid}/").content.decode()
    assert "Muted" in page and 'value="unmute"' in page
    ann.client.post("/mail/act", {"folder": "Archive", "uid": row.uid, "do": "unmute", "origin": "reader"}, **HX)
    assert not Silence.objects.exists()


def test_a_blocked_sender_goes_to_spam_and_one_moved_back_stays(ann: Actor) -> None:
    uid = ann.put(letter(subject="Buy", sender="Pest <PEST@x.example>"))
    act(ann, uid, "block")
    ann.put(letter(subject="Buy again", sender="pest@x.example"))
    assert silencing.file_away_all() == 1 and not subjects(ann, "INBOX")
    junk = ann.mail.find_special("\\Junk")
    again = next(row for row in ann.mail.list_page(junk).rows if row.subject == "Buy again")
    ann.client.post("/mail/act", {"folder": junk, "uid": again.uid, "do": "notspam"}, **HX)
    silencing.file_away_all()
    assert silencing.list_blocked(ann.mailbox.id) == ["pest@x.example"]


def test_oneself_cannot_be_blocked(ann: Actor) -> None:
    uid = ann.put(letter(sender="Ann <ann@example.org>"))
    assert ann.client.post("/mail/act", {"folder": "INBOX", "uid": uid, "do": "block"}, **HX).status_code == 400
    assert not Silence.objects.exists()


def test_spam_teaches_by_keyword(ann: Actor, seeded: int) -> None:
    act(ann, seeded, "spam")
    row = ann.mail.list_page(ann.mail.find_special("\\Junk")).rows[0]
    assert "$Junk" in row.keywords
    ann.client.post("/mail/act", {"folder": row.folder, "uid": row.uid, "do": "notspam"}, **HX)
    assert ann.mail.list_page("INBOX").rows[0].keywords == {"$NotJunk"}


LIST = (
    b"List-Id: Paper people <paper.lists.example>\r\n"
    b"List-Unsubscribe: <https://lists.example/u?t=1>, <mailto:leave@lists.example?subject=go>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    b"List-Archive: <https://lists.example/archive>\r\nList-Help: <javascript:alert(1)>\r\n"
)


def test_leaving_a_list_with_one_click(ann: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, bytes]] = []
    monkeypatch.setattr(outgoing, "look_up", lambda target: "192.0.2.1")

    def post(target: outgoing.Target, *, to: object, body: bytes, headers: object) -> outgoing.Answer:
        sent.append((target.host + target.path, body))
        return outgoing.Answer(200, "")

    monkeypatch.setattr(outgoing, "post", post)
    uid = ann.put(LIST + letter())
    page = ann.client.get(f"/mail/INBOX/{uid}/").content.decode()
    assert "Paper people" in page and f'href="/mail/INBOX/{uid}/list"' in page
    shown = ann.client.get(f"/mail/INBOX/{uid}/list").content.decode()
    assert "lists.example" in shown and "javascript" not in shown and not sent
    ann.client.post(f"/mail/INBOX/{uid}/list")
    assert sent == [("lists.example/u?t=1", b"List-Unsubscribe=One-Click")]


@pytest.mark.parametrize(
    "address", ["https://127.0.0.1/u", "https://[::1]/", "https://10.0.0.8/", "https://localhost/u", "https://100.64.1.1/"]
)
def test_no_list_leads_the_server_into_its_own_network(ann: Actor, address: str) -> None:
    raw = f"List-Unsubscribe: <{address}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n".encode()
    uid = ann.put(raw + letter())
    assert ann.client.post(f"/mail/INBOX/{uid}/list").status_code == 502
    found = unsubscribing.read(raw + letter())
    assert found is not None
    with pytest.raises((BadSyntax, Deferred)):
        unsubscribing.leave(found)


def test_without_the_post_header_nothing_is_sent(ann: Actor) -> None:
    found = unsubscribing.read(LIST.replace(b"List-Unsubscribe-Post", b"X-Other") + letter())
    assert found is not None and not found.post_url and found.mailto is not None
    assert (found.mailto.to, found.mailto.subject) == ("leave@lists.example", "go")
    assert ann.client.get(f"/mail/INBOX/{ann.put(letter())}/list").status_code == 404


@pytest.mark.parametrize(
    "address", ["mailto:a@x.example?bcc=b@x.example&attach=/etc/passwd", "mailto:a@x.example,b@x.example", "mailto:%0d%0aBcc:x@y.example"]
)
def test_a_link_puts_nothing_else_into_a_letter(address: str) -> None:
    found = unsubscribing.read(f"List-Unsubscribe: <{address}>\r\n".encode() + letter())
    assert found is not None
    if found.mailto is not None:
        assert found.mailto.to == "a@x.example" and "bcc" not in (found.mailto.subject + found.mailto.body).lower()


@pytest.fixture
def rich(ann: Actor) -> int:
    files = (
        Attachment("photo.png", "image/png", PNG),
        Attachment("notes.txt", "text/plain", "h\u00e9 <script>".encode()),
        Attachment("page.html", "text/html", b"<script>alert(1)</script>"),
        Attachment("notes.txt", "text/plain", b"second"),
    )
    return ann.put(letter(subject="Rich", attachments=files))


def test_files_as_one_archive(ann: Actor, rich: int) -> None:
    answer = ann.client.get(f"/mail/INBOX/{rich}/zip")
    assert answer["Content-Type"] == "application/zip" and answer["Content-Disposition"] == 'attachment; filename="Rich.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        assert packed.namelist() == ["photo.png", "notes.txt", "page.html", "notes 2.txt"] and packed.read("photo.png") == PNG


def test_looking_at_files(ann: Actor, rich: int) -> None:
    page = ann.client.get(f"/mail/INBOX/{rich}/").content.decode()
    assert f'<img class="thumb" src="/mail/INBOX/{rich}/part/0"' in page
    assert "&lt;script&gt;" in ann.client.get(f"/mail/INBOX/{rich}/part/1/view").content.decode()
    html = ann.client.get(f"/mail/INBOX/{rich}/part/2/view").content.decode()
    assert "<script>alert" not in html and "&lt;script&gt;alert(1)" in html
    assert 'class="file-shown" src=' in ann.client.get(f"/mail/INBOX/{rich}/part/0/view").content.decode()
    assert ann.client.get(f"/mail/INBOX/{rich}/part/9/view").status_code == 404


def test_taking_a_file_out_keeps_the_rest(ann: Actor, rich: int) -> None:
    ann.mail.set_flag("INBOX", [rich], flag=flags.FLAGGED, on=True)
    before = ann.mail.find_row("INBOX", rich)
    answer = ann.client.post(f"/mail/INBOX/{rich}/part/0/strip")
    row = ann.mail.list_page("INBOX").rows[0]
    assert answer["Location"] == f"/mail/INBOX/{row.uid}/" and row.arrived == before.arrived and row.flags & flags.FLAGGED
    page = ann.client.get(f"/mail/INBOX/{row.uid}/").content.decode()
    assert (
        "photo.png (image/png" in page and "page.html" in page and "part/0/view" in page and PNG not in ann.mail.read_raw("INBOX", row.uid)
    )
    assert subjects(ann, ann.mail.find_special("\\Trash")) == ["Rich"]
    assert ann.client.post(f"/mail/INBOX/{row.uid}/part/9/strip").status_code == 404


def test_headers_parts_and_a_sheet_for_paper(ann: Actor, rich: int) -> None:
    page = ann.client.get(f"/mail/INBOX/{rich}/details").content.decode()
    assert "multipart/mixed" in page and "image/png" in page and "<dt>Subject</dt>" in page
    sheet = ann.client.get(f"/mail/INBOX/{rich}/print")
    assert sheet["Content-Security-Policy"].startswith("sandbox; default-src 'none'") and "Hello Ann" in sheet.content.decode()


def test_images_are_trusted_only_of_verified_senders(ann: Actor, settings: "object") -> None:
    html = '<p>Hi <img src="https://track.example/p.gif"></p>'
    host = settings.FACTEUR.hostname  # type: ignore[attr-defined]
    head = f"Authentication-Results: {host}; dmarc=pass\r\nReceived: from a by {host}; Tue, 24 Nov 2026 09:00:00 +0000\r\n".encode()
    plain, verified = ann.put(letter(html=html)), ann.put(head + letter(html=html))
    ann.client.post(f"/mail/INBOX/{verified}/trust")
    assert 'body?images=1"' in ann.client.get(f"/mail/INBOX/{verified}/").content.decode().partition("<iframe")[2]
    assert 'body?images=1"' not in ann.client.get(f"/mail/INBOX/{plain}/").content.decode().partition("<iframe")[2].partition(">")[0]
    own = ann.put(letter(sender="Ann <ann@example.org>", html=html))
    assert ann.client.post(f"/mail/INBOX/{own}/trust").status_code == 403


def test_the_page_of_silences_leads_back(ann: Actor) -> None:
    first = ann.put(letter(subject="Noise", message_id="<n@x.example>"))
    act(ann, first, "mute")
    page = ann.client.get("/settings/silenced").content.decode()
    assert "Nobody is blocked" in page and "Noise" in page
    thread = Silence.objects.get(kind=Silence.Kind.THREAD).what
    assert ann.client.post("/settings/silenced", {"do": "block", "what": " PEST@x.example "}).status_code == 302
    assert silencing.list_blocked(ann.mailbox.id) == ["pest@x.example"]
    ann.put(letter(subject="Buy", sender="pest@x.example"))
    assert silencing.file_away_all() == 1 and not subjects(ann, "INBOX")
    assert "pest@x.example is blocked" in ann.client.get("/settings/silenced").content.decode()
    ann.client.post("/settings/silenced", {"do": "allow", "what": "pest@x.example"})
    ann.client.post("/settings/silenced", {"do": "listen", "what": thread})
    assert not Silence.objects.exists()


def test_silences_of_others_are_out_of_reach(ann: Actor, cy: Actor) -> None:
    ann.client.post("/settings/silenced", {"do": "block", "what": "pest@x.example"})
    cy.client.post("/settings/silenced", {"do": "allow", "what": "pest@x.example"})
    assert silencing.list_blocked(ann.mailbox.id) == ["pest@x.example"]
    assert "pest@x.example" not in cy.client.get("/settings/silenced").content.decode().replace("pest@x.example is let through", "")


@pytest.mark.parametrize(
    ("do", "what", "words"),
    [
        ("block", "nobody", "nobody"),
        ("block", "ann@example.org", "This sender cannot be blocked."),
        ("listen", "x1", "There is nothing like that to do here."),
        ("burn", "1", "There is nothing like that to do here."),
    ],
)
def test_what_cannot_be_silenced_is_said_beside_the_field(ann: Actor, do: str, what: str, words: str) -> None:
    answer = ann.client.post("/settings/silenced", {"do": do, "what": what})
    page = answer.content.decode()
    assert answer.status_code == 422 and words in page and 'id="what-fault"' in page
    assert not Silence.objects.exists()


def test_a_blocked_address_is_found_by_a_piece_of_it(ann: Actor) -> None:
    for number in range(12):
        silencing.block_address(mailbox_id=ann.mailbox.id, own="ann@example.org", address=f"pest{number}@x.example")
    page = ann.client.get("/settings/silenced?q=PEST11").content.decode()
    assert "pest11@x.example" in page and "pest10@x.example" not in page
    assert "No blocked address holds wren." in ann.client.get("/settings/silenced?q=wren").content.decode()


def test_a_muted_conversation_of_which_nothing_is_left(ann: Actor) -> None:
    Silence.objects.create(mailbox=ann.mailbox, kind=Silence.Kind.THREAD, what="999999")
    assert "Nothing of it is left here" in ann.client.get("/settings/silenced").content.decode()
