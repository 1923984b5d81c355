"""Orders, filters, conversations in the list, and what is done to everything at once."""

import re
from html import unescape

import pytest

from mailcore.kernel import flags
from mailcore.mime.building import Attachment
from webmail import jobs
from webmail.models import Job

from .builders import HX, letter
from .conftest import Actor


def subjects(page: str) -> list[str]:
    return re.findall(r'<span class="what" dir="auto">([^<]*)<', page)


@pytest.fixture
def three(ann: Actor) -> None:
    ann.put(letter(subject="Beta", sender="Zoe <z@x.example>", text="x" * 3_000))
    ann.put(letter(subject="Re: Alpha", sender="Adam <a@x.example>"), flags=flags.SEEN)
    ann.put(letter(subject="Gamma", sender="Mia <m@x.example>", attachments=(Attachment("a.pdf", "application/pdf", b"x" * 9_000),)))


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("from&dir=asc", ["Re: Alpha", "Gamma", "Beta"]),
        ("subject&dir=asc", ["Re: Alpha", "Beta", "Gamma"]),
        ("size&dir=desc", ["Gamma", "Beta", "Re: Alpha"]),
        ("unread&dir=asc", ["Re: Alpha", "Beta", "Gamma"]),
    ],
)
def test_orders_are_remembered_for_the_folder(ann: Actor, three: None, sort: str, order: list[str]) -> None:
    assert subjects(ann.client.get(f"/mail/INBOX/?sort={sort}").content.decode()) == order
    assert subjects(ann.client.get("/mail/INBOX/").content.decode()) == order
    assert 'class="day"' not in ann.client.get("/mail/INBOX/", **HX).content.decode()
    ann.put(letter(subject="Filed"), "Archive")
    assert 'class="day"' in ann.client.get("/mail/Archive/", **HX).content.decode()


@pytest.mark.parametrize("sort", ["from", "subject", "size", "sent", "to", "unread", "starred", "attachment"])
def test_every_order_goes_on_page_after_page(ann: Actor, sort: str) -> None:
    for number in range(105):
        ann.put(letter(subject=f"N{number % 7}", sender=f"p{number % 5}@x.example"))
    found: list[str] = []
    address = f"/mail/INBOX/?sort={sort}&dir=asc"
    while address:
        page = ann.client.get(address, **HX).content.decode()
        found += re.findall(r'data-ref="(\d+)"', page)
        more = re.search(r'hx-get="([^"]+before=[^"]+)"', page)
        address = unescape(more[1]) if more else ""
    assert len(found) == 105 and len(set(found)) == 105


@pytest.mark.parametrize(
    ("show", "found"), [("unread", {"Beta", "Gamma"}), ("attachment", {"Gamma"}), ("unread.attachment", {"Gamma"}), ("starred", set())]
)
def test_filters_together(ann: Actor, three: None, show: str, found: set[str]) -> None:
    assert set(subjects(ann.client.get(f"/mail/INBOX/?show={show}").content.decode())) == found


def conversation(ann: Actor) -> list[int]:
    first = ann.put(letter(subject="Span", message_id="<one@x.example>"), flags=flags.SEEN)
    answer = letter(subject="Re: Span", message_id="<two@x.example>").replace(b"Subject:", b"References: <one@x.example>\r\nSubject:", 1)
    ann.put(answer, "Sent", flags=flags.SEEN)
    last = letter(subject="Re: Span", text="Last word").replace(b"Subject:", b"References: <one@x.example> <two@x.example>\r\nSubject:", 1)
    return [first, ann.put(last)]


def test_a_conversation_is_one_row_and_opens_as_a_whole(ann: Actor) -> None:
    first, last = conversation(ann)
    page = ann.client.get("/mail/INBOX/").content.decode()
    assert re.findall(r'data-ref="(\d+)"', page) == [str(last)] and '<small class="num">3</small>' in page
    opened = ann.client.get(f"/mail/INBOX/{last}/", **HX).content.decode()
    assert "3 messages" in opened and "Last word" in opened and opened.count('class="card"') == 2 and "Sent</span>" in opened
    card = ann.client.get(f"/mail/INBOX/{first}/card", **HX).content.decode()
    assert f'id="msg-{first}"' in card and "<html" not in card
    ann.client.cookies["threads"] = "off"
    assert len(re.findall(r'data-ref="(\d+)"', ann.client.get("/mail/INBOX/").content.decode())) == 2
    assert "3 messages" not in ann.client.get(f"/mail/INBOX/{last}/", **HX).content.decode()


def test_a_row_stands_for_its_conversation(ann: Actor) -> None:
    conversation(ann)
    last = ann.mail.list_page("INBOX").rows[0].uid
    ann.client.post("/mail/act", {"folder": "INBOX", "uid": last, "do": "archive", "whole": "1"}, **HX)
    assert not ann.mail.list_page("INBOX").rows and len(ann.mail.list_page("Archive").rows) == 2
    assert len(ann.mail.list_page("Sent").rows) == 1


@pytest.fixture
def many(ann: Actor) -> None:
    for number in range(1_203):
        ann.put(b"From: a@x.example\r\nSubject: %d\r\n\r\nx\r\n" % number, flags=flags.SEEN if number % 2 else 0)


def test_everything_in_a_folder_with_a_way_back(ann: Actor, many: None) -> None:
    answer = ann.client.post("/mail/act", {"folder": "INBOX", "all": "1", "do": "archive"}, **HX)
    job = Job.objects.get()
    while job.state == Job.State.WAITING:
        assert f"/mail/act/{job.pk}" in answer.content.decode()
        jobs.work_off_all(seconds=5)
        job.refresh_from_db()
    assert job.done == job.total == 1_203
    assert ann.store.get_folder("INBOX").messages == 0 and ann.store.get_folder("Archive").messages == 1_203
    told = ann.client.get(f"/mail/act/{job.pk}", **HX)
    assert "1,203 messages done" in told.content.decode() and "listChanged" in told["HX-Trigger"]
    ann.client.post("/mail/act", {"origin": "undo", "job": job.pk}, **HX)
    jobs.work_off_all(seconds=10)
    assert ann.store.get_folder("INBOX").messages == 1_203
    assert "undone before" in ann.client.post("/mail/act", {"origin": "undo", "job": job.pk}, **HX).content.decode()


def test_undoing_read_leaves_what_was_read_before(ann: Actor) -> None:
    read = ann.put(letter(), flags=flags.SEEN)
    unread = ann.put(letter())
    answer = ann.client.post("/mail/act", {"folder": "INBOX", "do": "read", "uid": [read, unread]}, **HX).content.decode()
    steps = re.search(r'name="steps" value="([^"]*)"', answer)
    assert steps is not None
    ann.client.post("/mail/act", {"origin": "undo", "steps": unescape(steps[1])}, **HX)
    assert ann.mail.find_row("INBOX", read).flags & flags.SEEN and not ann.mail.find_row("INBOX", unread).flags & flags.SEEN


def test_everything_a_filter_or_a_search_shows_and_nothing_else(ann: Actor, three: None) -> None:
    ann.client.post("/mail/act?show=unread", {"folder": "INBOX", "all": "1", "do": "star"}, **HX)
    starred = {row.subject for row in ann.mail.list_page("INBOX").rows if row.flags & flags.FLAGGED}
    assert starred == {"Beta", "Gamma"}
    ann.put(letter(subject="Elsewhere", sender="Zoe <z@x.example>"), "Archive")
    ann.client.post("/mail/act", {"folder": "", "q": "from:zoe", "cross": "1", "all": "1", "do": "delete"}, **HX)
    assert {row.subject for row in ann.mail.list_page("Trash").rows} == {"Beta", "Elsewhere"}


def test_a_folder_that_goes_away_stops_the_job_and_says_so(ann: Actor, three: None) -> None:
    job = jobs.give(mailbox_id=ann.mailbox.id, verb="move:Gone", pairs=[("INBOX", [1, 2, 3])])
    jobs.work_off_all(seconds=5)
    answer = ann.client.get(f"/mail/act/{job.pk}", **HX).content.decode()
    assert "Stopped after 0 of 3: There is no folder Gone." in answer and ann.store.get_folder("INBOX").messages == 3


def test_rows_of_several_folders_at_once(ann: Actor, three: None) -> None:
    other = ann.put(letter(subject="Filed"), "Archive")
    refs = ["1:INBOX", f"{other}:Archive"]
    answer = ann.client.post("/mail/act", {"folder": "", "cross": "1", "uid": refs, "do": "delete"}, **HX).content.decode()
    assert "2 messages moved to Bin" in answer and 'id="row-1:INBOX"' in answer
    back = re.search(r'name="steps" value="([^"]*)"', answer)
    assert back is not None
    ann.client.post("/mail/act", {"origin": "undo", "steps": unescape(back[1])}, **HX)
    assert ann.store.get_folder("Archive").messages == 1 and ann.store.get_folder("INBOX").messages == 3


@pytest.mark.parametrize("steps", ["", "x", "[[1]]", '[["INBOX","1:99999999","purge"]]', '[["INBOX","a","star"]]'])
def test_a_way_back_that_was_made_up(ann: Actor, three: None, steps: str) -> None:
    assert ann.client.post("/mail/act", {"origin": "undo", "steps": steps}, **HX).status_code == 400
    assert ann.store.get_folder("INBOX").messages == 3


def test_a_stranger_neither_sees_nor_undoes_a_job(ann: Actor, three: None, cy: Actor) -> None:
    job = jobs.give(mailbox_id=ann.mailbox.id, verb="archive", pairs=[("INBOX", [1])])
    assert cy.client.get(f"/mail/act/{job.pk}", **HX).status_code == 404
    assert cy.client.post("/mail/act", {"origin": "undo", "job": job.pk}, **HX).status_code == 404


@pytest.mark.parametrize("layout", ["right", "below", "off", "nonsense"])
def test_panes_are_kept_in_the_browser(ann: Actor, seeded: int, layout: str) -> None:
    ann.client.post("/mail/layout", {"layout": layout, "next": "/mail/INBOX/"})
    page = ann.client.get("/mail/INBOX/").content.decode()
    assert f'data-layout="{layout if layout != "nonsense" else "right"}"' in page
    assert ann.client.post("/mail/layout", {"next": "https://evil.example/"})["Location"] == "/"
