"""The list, the tree, and who may see them."""

import re
import time

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from .builders import HX, letter
from .conftest import Actor


def test_home_leads_each_to_their_place(ann: Actor, root: Client, client: Client) -> None:
    assert ann.client.get("/")["Location"] == "/mail/INBOX/"
    assert root.get("/")["Location"] == "/panel/"
    assert client.get("/")["Location"] == "/login"


def test_an_empty_inbox_says_so(ann: Actor) -> None:
    page = ann.client.get("/mail/INBOX/")
    assert page.status_code == 200
    assert "Everything is sorted" in page.content.decode()


def test_list_is_a_page_and_a_fragment(ann: Actor, seeded: int) -> None:
    page = ann.client.get("/mail/INBOX/").content.decode()
    assert "<!doctype html>" in page and "Handrail detail" in page and "1 unread of 1" in page
    fragment = ann.client.get("/mail/INBOX/", **HX).content.decode()
    assert "Handrail detail" in fragment and "<html" not in fragment


def test_history_restore_gets_the_whole_page(ann: Actor, seeded: int) -> None:
    page = ann.client.get("/mail/INBOX/", HTTP_HX_HISTORY_RESTORE_REQUEST="true", **HX)
    assert "<!doctype html>" in page.content.decode()


def test_lists_go_on_fifty_at_a_time(ann: Actor) -> None:
    for number in range(53):
        ann.put(letter(subject=f"Number {number:03}"))
    first = ann.client.get("/mail/INBOX/").content.decode()
    assert first.count('class="row row--new"') == 50 and "Number 052" in first and "Number 002" not in first
    older = re.search(r'hx-get="([^"]+before=[^"]+)"', first)
    assert older is not None
    second = ann.client.get(older[1].replace("&amp;", "&"), **HX).content.decode()
    assert second.count('class="row row--new"') == 3 and "Number 002" in second and "Older messages" not in second
    assert 'class="day"' not in second


@pytest.mark.parametrize(("show", "is_there"), [("all", True), ("unread", True), ("starred", False), ("nonsense", True)])
def test_filters(ann: Actor, seeded: int, show: str, is_there: bool) -> None:
    assert ("Handrail detail" in ann.client.get(f"/mail/INBOX/?show={show}").content.decode()) is is_there


def test_a_bad_place_in_the_list_is_refused(ann: Actor, seeded: int) -> None:
    assert ann.client.get("/mail/INBOX/?before=x").status_code == 400


def test_missing_folder(ann: Actor) -> None:
    page = ann.client.get("/mail/Nowhere/")
    assert page.status_code == 404 and "<!doctype html>" in page.content.decode()
    assert "<html" not in ann.client.get("/mail/Nowhere/", **HX).content.decode()


def test_folder_names_with_slash_and_tilde(ann: Actor) -> None:
    ann.store.create_folder("Work/2024~x")
    ann.put(letter(subject="Deep"), "Work/2024~x")
    assert "Deep" in ann.client.get("/mail/Work~12024~0x/").content.decode()


def test_tree_names_special_folders_and_counts(ann: Actor, seeded: int) -> None:
    tree = ann.client.get("/mail/tree?at=INBOX", **HX).content.decode()
    assert "<html" not in tree
    for name in ("Inbox", "Drafts", "Sent", "Archive", "Spam", "Bin"):
        assert f'title="{name}"' in tree
    assert '<small class="count num">1</small>' in tree


PATHS = (
    "/mail/INBOX/",
    "/mail/tree",
    "/mail/search?q=x",
    "/mail/INBOX/1/",
    "/mail/INBOX/1/body",
    "/mail/INBOX/1/source",
    "/mail/INBOX/1/part/0",
    "/mail/INBOX/1/explain",
    "/compose",
    "/settings",
)


@pytest.mark.parametrize("path", PATHS)
def test_nobody_reads_without_a_login(client: Client, db: None, path: str) -> None:
    assert client.get(path)["Location"].startswith("/login?next=")
    assert client.get(path, **HX).status_code == 401


@pytest.mark.parametrize("path", PATHS)
def test_a_login_without_mailbox_goes_to_the_panel(root: Client, path: str) -> None:
    assert root.get(path)["Location"] == "/panel/"


@pytest.mark.parametrize("path", [path for path in PATHS if "/1/" in path])
def test_a_stranger_sees_nothing_of_ann(ann: Actor, seeded: int, cy: Actor, path: str) -> None:
    assert seeded == 1
    assert cy.client.get(path).status_code == 404


def test_queries_of_the_list_are_few(ann: Actor, seeded: int, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(20):
        ann.put(letter(subject=f"More {number}"))
    ann.client.get("/mail/INBOX/")
    with django_assert_max_num_queries(13):
        ann.client.get("/mail/INBOX/")


def test_what_one_wrote_bears_the_face_of_its_recipient_and_french_days_are_small(ann: Actor) -> None:
    raw = b"From: Ann <ann@example.org>\r\nTo: Noor van Dijk <noor@x.example>\r\nSubject: Pallets\r\n\r\nx\r\n"
    ann.store.append("Sent", raw, flags=0, keywords=frozenset(), internaldate=int(time.time()) - 40 * 24 * 3600)
    page = ann.client.get("/mail/Sent/").content.decode()
    assert "To Noor van Dijk" in page and ">ND</span>" in page and ">TD</span>" not in page
    ann.client.post("/settings/general", {"language": "fr", "theme": "system", "density": "cosy", "time_zone": ""})
    shown = re.search(r'<time class="when num"[^>]*>([^<]+)</time>', ann.client.get("/mail/Sent/").content.decode())
    assert shown is not None and shown[1] == shown[1].lower()
