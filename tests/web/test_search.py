"""What is typed into the box, and what it finds."""

from datetime import date

import pytest

from mailcore.mime.building import Attachment
from mailcore.store.search.index import open_index
from webmail.access.port import Query
from webmail.access.queries import parse_query

from .builders import HX, letter
from .conftest import Actor


@pytest.mark.parametrize(
    ("typed", "query"),
    [
        ("", Query()),
        ("oak beam", Query(words=("oak", "beam"))),
        ('"oak beam"', Query(words=("oak beam",))),
        ("from:ann to:bo subject:span", Query(sender=("ann",), recipient=("bo",), subject=("span",))),
        ('from:"Ann B"', Query(sender=("Ann B",))),
        ("has:attachment is:unread is:starred", Query(has_attachment=True, is_unread=True, is_starred=True)),
        ("before:2026-11 after:2025", Query(before=date(2026, 11, 1), after=date(2025, 1, 1))),
        ("in:inbox x", Query(folder="INBOX", words=("x",))),
        ("https://x.example", Query(words=("https://x.example",))),
        ('from:"Ann B', Query(sender=("Ann B",))),
        ("oak -beam", Query(words=("oak",), without=("beam",))),
        ("well-known", Query(words=("well-known",))),
        ("larger:5M smaller:1.5k", Query(larger=5_000_000, smaller=1_500)),
        ("filename:plan.pdf is:read is:list is:unanswered", Query(filename=("plan.pdf",), is_read=True, is_list=True, is_unanswered=True)),
        ("label:$label1", Query(label="$label1")),
    ],
)
def test_terms(typed: str, query: Query) -> None:
    assert parse_query(typed) == query and not parse_query(typed).faults


@pytest.mark.parametrize("typed", ["before:soon", "has:wings", "size:3", "before:2026-13-01", "larger:big", "-from:x"])
def test_what_is_not_understood_is_named(typed: str) -> None:
    assert parse_query(typed).faults == (typed,)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("handrail", {"Handrail detail"}),
        ("from:ingrid", {"Handrail detail", "Plan"}),
        ("has:attachment", {"Plan"}),
        ("is:unread baluster", set()),
        ("subject:plan from:ingrid", {"Plan"}),
        ("after:2200", set()),
        ("in:Archive oak", {"Old oak"}),
        ("oak", {"Old oak"}),
        ("in:spam oak", {"Oak spam"}),
        ("from:ingrid -baluster", {"Handrail detail", "Plan"}),
        ("from:ingrid -handrail", {"Plan"}),
        ("filename:a.pdf", {"Plan"}),
        ("filename:b.pdf", set()),
        ("larger:1G", set()),
        (",4", {"Handrail detail"}),
        ("in:Nowhere oak", set()),
    ],
)
def test_finding(ann: Actor, seeded: int, typed: str, found: set[str]) -> None:
    ann.put(letter(subject="Plan", attachments=(Attachment("a.pdf", "application/pdf", b"x"),)))
    ann.put(letter(subject="Old oak", sender="tom@x.example"), ann.mail.find_special("\\Archive"))
    ann.put(letter(subject="Oak spam", sender="spam@x.example"), ann.mail.find_special("\\Junk"))
    assert {row.subject for row in ann.mail.search(parse_query(typed)).rows} == found


def test_page_fragment_and_nothing(ann: Actor, seeded: int) -> None:
    page = ann.client.get("/mail/search?q=handrail").content.decode()
    assert "1 message" in page and "<!doctype html>" in page
    fragment = ann.client.get("/mail/search?q=handrail", **HX).content.decode()
    assert "Handrail detail" in fragment and "<html" not in fragment
    assert "Nothing found" in ann.client.get("/mail/search?q=zzz").content.decode()
    assert "What are you looking for?" in ann.client.get("/mail/search").content.decode()
    assert "Not understood" in ann.client.get("/mail/search?q=size:3").content.decode()
    assert "&lt;script&gt;" in ann.client.get("/mail/search?q=<script>").content.decode()


def test_a_database_that_was_put_back_hides_no_message(ann: Actor, seeded: int) -> None:
    # The index file is ahead: it was filled from a later state, whose ids now go to other messages.
    open_index().set_progress(1_000_000)
    assert {row.subject for row in ann.mail.search(parse_query("handrail")).rows} == {"Handrail detail"}
