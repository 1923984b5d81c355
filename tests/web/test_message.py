"""One message: page and fragment, its frame, its files, its source."""

import re

import pytest
from django.db import OperationalError

from mailcore.kernel import flags
from mailcore.mime.building import Attachment
from webmail.access.local import LocalMail
from webmail.pictures import read_address

from .builders import HX, letter
from .conftest import Actor

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 20


@pytest.fixture
def html_uid(ann: Actor) -> int:
    files = (
        Attachment("logo.png", "image/png", PNG, content_id="logo"),
        Attachment("page.html", "text/html", b"<script>alert(1)</script>"),
        Attachment("r\u00e9sum\u00e9.pdf", "application/pdf", b"%PDF-1.4"),
    )
    html = '<p>Hi <img src="cid:logo"><img src="https://track.example/p.gif"></p><script>alert(1)</script>'
    return ann.put(letter(subject="Rich", text="Hi", html=html, attachments=files))


def test_page_and_fragment(ann: Actor, seeded: int) -> None:
    page = ann.client.get(f"/mail/INBOX/{seeded}/").content.decode()
    assert "<!doctype html>" in page and "11,417 mm" in page and 'class="list"' in page
    fragment = ann.client.get(f"/mail/INBOX/{seeded}/", **HX).content.decode()
    assert "11,417 mm" in fragment and "<html" not in fragment and f'id="row-{seeded}"' in fragment


def test_opening_marks_it_read_and_tells_the_tree(ann: Actor, seeded: int) -> None:
    first = ann.client.get(f"/mail/INBOX/{seeded}/", **HX)
    assert first["HX-Trigger-After-Settle"] == "mailChanged"
    assert ann.mail.find_row("INBOX", seeded).flags & flags.SEEN
    assert "HX-Trigger-After-Settle" not in ann.client.get(f"/mail/INBOX/{seeded}/", **HX)


def test_a_letter_that_cannot_be_marked_is_read_all_the_same(
    ann: Actor, seeded: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OperationalError("database is locked")

    with monkeypatch.context() as broken:
        broken.setattr(LocalMail, "set_flag", fail)
        assert ann.client.get(f"/mail/INBOX/{seeded}/", **HX).status_code == 200
    assert "what was to follow an answer failed" in caplog.text
    assert not ann.mail.find_row("INBOX", seeded).flags & flags.SEEN


def test_plain_text_is_escaped_linked_and_folded(ann: Actor) -> None:
    uid = ann.put(letter(text="<b>no</b> https://example.net/x?a=1&b=<2>.\n> old\n> older\nend"))
    page = ann.client.get(f"/mail/INBOX/{uid}/").content.decode()
    assert "&lt;b&gt;no&lt;/b&gt;" in page
    assert '<a href="https://example.net/x?a=1&amp;b=" target="_blank" rel="noopener noreferrer">' in page
    assert "2 quoted lines" in page


def test_html_is_never_in_the_page_itself(ann: Actor, html_uid: int) -> None:
    page = ann.client.get(f"/mail/INBOX/{html_uid}/").content.decode()
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page and f'src="/mail/INBOX/{html_uid}/body"' in page
    assert "track.example" in page and "alert(1)" not in page and "data:image" not in page


def test_frame_has_a_policy_of_its_own(ann: Actor, html_uid: int) -> None:
    frame = ann.client.get(f"/mail/INBOX/{html_uid}/body")
    policy = frame["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'")
    assert "script" not in policy and "allow-same-origin" not in policy and policy.endswith("img-src data:")
    assert frame["X-Frame-Options"] == "SAMEORIGIN" and frame["Referrer-Policy"] == "no-referrer"
    body = frame.content.decode()
    assert "data:image/png;base64," in body and "track.example" not in body and "alert(1)" not in body


def test_remote_pictures_on_request(ann: Actor, html_uid: int) -> None:
    frame = ann.client.get(f"/mail/INBOX/{html_uid}/body?images=1")
    assert frame["Content-Security-Policy"].endswith("img-src data: http://testserver/picture/")
    found = re.findall(r'src="(/picture/[^"]+)"', frame.content.decode())
    assert [read_address(one.removeprefix("/picture/")) for one in found] == ["https://track.example/p.gif"]
    assert "track.example" not in frame.content.decode()


def test_files(ann: Actor, html_uid: int) -> None:
    page = ann.client.get(f"/mail/INBOX/{html_uid}/").content.decode()
    assert "2 attachments" in page and "logo.png" not in page
    found = {part["Content-Disposition"]: part for part in (ann.client.get(f"/mail/INBOX/{html_uid}/part/{number}") for number in range(3))}
    html = found['attachment; filename="page.html"']
    assert html["Content-Type"] == "application/octet-stream" and html["X-Content-Type-Options"] == "nosniff"
    assert html["Content-Security-Policy"].startswith("sandbox")
    assert any(one.content == PNG and one["Content-Type"] == "image/png" for one in found.values())
    assert ann.client.get(f"/mail/INBOX/{html_uid}/part/9").status_code == 404


def test_source_is_as_received(ann: Actor, seeded: int) -> None:
    saved = ann.client.get(f"/mail/INBOX/{seeded}/source?save=1")
    assert saved.content == ann.mail.read_raw("INBOX", seeded)
    assert ann.client.get(f"/mail/INBOX/{seeded}/source")["Content-Type"] == "text/plain; charset=utf-8"


def test_verdicts_of_strangers_are_not_believed(ann: Actor) -> None:
    forged = b"Received: from a by b; Tue, 24 Nov 2026 09:00:00 +0000\r\nAuthentication-Results: mx.facteur.test; dmarc=pass\r\n" + letter()
    page = ann.client.get(f"/mail/INBOX/{ann.put(forged)}/").content.decode()
    assert "Verified. See" not in page


@pytest.mark.parametrize(("result", "words"), [("pass", "Verified. See"), ("fail", "Verification failed")])
def test_own_verdicts_are_shown(ann: Actor, settings: "object", result: str, words: str) -> None:
    host = settings.FACTEUR.hostname  # type: ignore[attr-defined]
    raw = (
        f"Authentication-Results: {host}; dmarc={result}\r\nReceived: from a by {host}; Tue, 24 Nov 2026 09:00:00 +0000\r\n".encode()
        + letter()
    )
    assert words in ann.client.get(f"/mail/INBOX/{ann.put(raw)}/").content.decode()


def test_a_message_that_is_gone(ann: Actor) -> None:
    assert ann.client.get("/mail/INBOX/99/").status_code == 404


@pytest.mark.parametrize(
    "raw", [b"", b"\r\n", b"no header at all", b"Subject: =?utf-8?b?////?=\r\nContent-Type: multipart/mixed\r\n\r\n--x"]
)
def test_broken_messages_open(ann: Actor, raw: bytes) -> None:
    uid = ann.put(raw)
    for path in ("", "body", "source", "explain"):
        assert ann.client.get(f"/mail/INBOX/{uid}/{path}").status_code == 200


def test_queries_of_an_open_message_are_few(ann: Actor, seeded: int, django_assert_max_num_queries: "object") -> None:
    ann.client.get(f"/mail/INBOX/{seeded}/")
    with django_assert_max_num_queries(16):  # type: ignore[operator]
        ann.client.get(f"/mail/INBOX/{seeded}/", **HX)


def test_the_frame_of_an_opened_letter_is_not_read_again(ann: Actor, html_uid: int, monkeypatch: pytest.MonkeyPatch) -> None:
    first = ann.client.get(f"/mail/INBOX/{html_uid}/body").content
    ann.client.get(f"/mail/INBOX/{html_uid}/", **HX)
    monkeypatch.setattr(LocalMail, "read_raw", lambda *_: pytest.fail("it was read again"))
    assert ann.client.get(f"/mail/INBOX/{html_uid}/body").content == first


def test_a_frame_is_of_the_message_that_lies_there_now(ann: Actor) -> None:
    bodies: list[str] = []
    for word in ("former", "later"):
        ann.store.create_folder("Notes")
        uid = ann.put(letter(html=f"<p>the {word} one</p>"), folder="Notes")
        ann.client.get(f"/mail/Notes/{uid}/", **HX)
        bodies.append(ann.client.get(f"/mail/Notes/{uid}/body").content.decode())
        ann.store.delete_folder("Notes")
    assert "the former one" in bodies[0] and "the later one" in bodies[1]
