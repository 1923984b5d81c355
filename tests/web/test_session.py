"""Signing in, headers, forgery, settings."""

import re

import pytest
from django.test import Client

from .conftest import PASSWORD, Actor


def sign_in(client: Client, password: str = PASSWORD, **more: str) -> "object":
    return client.post("/login", {"login": "ann@example.org", "password": password} | more)


def test_signing_in_and_out(ann: Actor, client: Client) -> None:
    assert sign_in(client)["Location"] == "/"  # type: ignore[index]
    assert client.get("/mail/INBOX/").status_code == 200
    client.post("/logout")
    assert client.get("/mail/INBOX/").status_code == 302


def test_a_wrong_password_is_said_beside_the_field(ann: Actor, client: Client) -> None:
    page = client.post("/login", {"login": "ann@example.org", "password": "wrong"})
    assert page.status_code == 403 and "do not match" in page.content.decode() and 'value="ann@example.org"' in page.content.decode()


@pytest.mark.parametrize(
    ("target", "leads"), [("/mail/Sent/", "/mail/Sent/"), ("https://evil.example/", "/"), ("//evil.example", "/"), ("javascript:x", "/")]
)
def test_next_stays_here(ann: Actor, client: Client, target: str, leads: str) -> None:
    assert sign_in(client, next=target)["Location"] == leads  # type: ignore[index]


def test_a_suspended_account_is_out_at_once(ann: Actor) -> None:
    ann.mailbox.state = "suspended"
    ann.mailbox.save()
    assert ann.client.get("/mail/INBOX/").status_code == 302


@pytest.mark.parametrize(
    "path",
    [
        "/login",
        "/mail/act",
        "/compose",
        "/compose/draft",
        "/compose/discard",
        "/logout",
        "/settings/general",
        "/settings/password",
        "/mail/folders",
    ],
)
def test_forged_posts_are_refused(ann: Actor, path: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies = ann.client.cookies
    assert client.post(path, {"login": "x", "do": "delete", "uid": "1"}).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/mail/act",
        "/compose/draft",
        "/compose/discard",
        "/logout",
        "/settings/password",
        "/mail/search/save",
        "/mail/layout",
        "/mail/INBOX/empty",
    ],
)
def test_a_link_changes_nothing(ann: Actor, path: str) -> None:
    assert ann.client.get(path).status_code == 405


def test_policy_has_a_fresh_nonce_and_nothing_inline(ann: Actor, seeded: int) -> None:
    first, second = ann.client.get("/mail/INBOX/1/"), ann.client.get("/mail/INBOX/1/")
    policy = first["Content-Security-Policy"]
    nonce = re.search(r"'nonce-([^']+)'", policy)
    assert nonce is not None and nonce[1] not in second["Content-Security-Policy"]
    assert "unsafe" not in policy and "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    page = first.content.decode()
    scripts = re.findall(r"<script[^>]*>", page)
    assert scripts and all(f'nonce="{nonce[1]}"' in script for script in scripts)
    assert not re.search(r'\sstyle="|<style|\son[a-z]+="|hx-on', page)
    assert first["X-Content-Type-Options"] == "nosniff" and "no-store" in first["Cache-Control"]


def test_the_look_before_signing_in_comes_from_cookies_of_a_list(client: Client, db: None) -> None:
    client.cookies["theme"], client.cookies["density"] = "dark", "compact"
    assert 'data-theme="dark" data-density="compact"' in client.get("/login").content.decode()
    client.cookies["theme"] = 'x"><script>'
    client.cookies["tz"] = "../../etc/passwd"
    page = client.get("/login")
    assert page.status_code == 200 and "data-theme" not in page.content.decode()


@pytest.mark.parametrize(
    ("old", "new", "again", "words"),
    [
        ("wrong", "another long one", "another long one", "not your present"),
        (PASSWORD, "another long one", "differs", "differ"),
        (PASSWORD, "x", "x", "at least"),
    ],
)
def test_a_password_is_changed_only_with_the_old_one(ann: Actor, old: str, new: str, again: str, words: str) -> None:
    answer = ann.client.post("/settings/password", {"old": old, "new": new, "again": again})
    assert answer.status_code == 422 and words in answer.content.decode()


def test_changing_the_password_ends_other_sessions(ann: Actor, client: Client) -> None:
    sign_in(client)
    answer = ann.client.post("/settings/password", {"old": PASSWORD, "new": "another long one", "again": "another long one"})
    assert answer.status_code == 302 and ann.client.get("/mail/INBOX/").status_code == 200
    assert client.get("/mail/INBOX/").status_code == 302
