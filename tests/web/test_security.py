"""The person's account: second step, app passwords, sessions, and the password asked for once more."""

import base64
import re
import time
from typing import Any

import pytest
from django.test import Client

from mailcore.directory import authentication, second_step
from mailcore.directory.models import AppPassword, User
from mailcore.kernel.principal import Service
from webmail import proving, signed_in
from webmail.models import WebSession

from .conftest import PASSWORD, Actor


def sign_in(client: Client, **more: Any) -> Any:
    return client.post("/login", {"login": "ann@example.org", "password": PASSWORD}, **more)


@pytest.fixture
def browser(ann: Actor, client: Client) -> Client:
    """Ann, signed in by the door and so proved."""
    sign_in(client, HTTP_USER_AGENT="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
    return client


def code(secret: str, ahead: int = 0) -> str:
    return second_step.code_at(secret=base64.b32decode(secret.replace(" ", "")), step=int(time.time() // 30) + ahead)


def switch_on(browser: Client) -> tuple[str, list[str]]:
    page = browser.get("/settings/second-step").content.decode()
    found = re.search(r"<code>([A-Z2-7 ]+)</code>", page)
    assert found and "<svg" in page and "style=" not in page.partition("<svg")[2].partition("</svg>")[0]
    answer = browser.post("/settings/second-step", {"code": code(found[1], -1)})
    codes = re.findall(r"<code>([a-z2-9]{5}-[a-z2-9]{5})</code>", answer.content.decode())
    assert len(codes) == second_step.CODES
    return found[1], codes


def test_a_wrong_code_switches_nothing_on(browser: Client) -> None:
    browser.get("/settings/second-step")
    answer = browser.post("/settings/second-step", {"code": "12345"})
    assert answer.status_code == 422 and "not the code" in answer.content.decode()
    assert not User.objects.get(login="ann@example.org").has_second_step


def test_signing_in_takes_two_steps_then(browser: Client, ann: Actor) -> None:
    secret, codes = switch_on(browser)
    other = Client()
    answer = sign_in(other)
    assert answer["Location"] == "/settings/code" and other.get("/mail/INBOX/").status_code == 302
    assert "Second step" in other.get("/settings/code").content.decode()
    wrong = other.post("/settings/code", {"code": "abc"})
    assert wrong.status_code == 403 and "wrong or was used" in wrong.content.decode() and other.get("/mail/INBOX/").status_code == 302
    assert other.post("/settings/code", {"code": code(secret)})["Location"] == "/" and other.get("/mail/INBOX/").status_code == 200
    third = Client()
    sign_in(third)
    third.post("/settings/code", {"code": codes[0]})
    assert "9 are left" in third.get("/mail/INBOX/").content.decode()


def test_a_half_opened_door_closes(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    secret, _codes = switch_on(browser)
    other = Client()
    sign_in(other)
    now = time.time()
    monkeypatch.setattr("webmail.views.session.time.time", lambda: now + 3600)
    assert other.post("/settings/code", {"code": code(secret)})["Location"] == "/login"
    assert Client().get("/settings/code")["Location"] == "/login"


def test_a_new_password_voids_the_half_opened_door(browser: Client, ann: Actor) -> None:
    from mailcore.directory import users

    secret, _codes = switch_on(browser)
    other = Client()
    sign_in(other)
    users.set_password(user_id=ann.mailbox.user_id or 0, password="another long one")
    assert other.post("/settings/code", {"code": code(secret)})["Location"] == "/login"


def test_the_second_step_is_switched_off_and_codes_renewed(browser: Client) -> None:
    switch_on(browser)
    assert "10 recovery codes" in browser.get("/settings/security").content.decode()
    assert "Recovery codes" in browser.post("/settings/second-step/codes").content.decode()
    browser.post("/settings/second-step/off")
    assert not User.objects.get(login="ann@example.org").has_second_step


def test_app_passwords_open_what_they_are_for(browser: Client) -> None:
    answer = browser.post("/settings/programs", {"name": "Telephone <b>", "scope": "read"})
    page = answer.content.decode()
    secret = re.search(r"<code>([a-z2-9-]{29})</code>", page)
    assert secret and "Telephone &lt;b&gt;" in page and "no-store" in answer["Cache-Control"]
    found = authentication.authenticate(login="ann@example.org", secret=secret[1], service=Service.IMAP, peer="192.0.2.1")
    assert found.address == "ann@example.org"
    with pytest.raises(Exception, match="do not match"):
        authentication.authenticate(login="ann@example.org", secret=secret[1], service=Service.SMTP, peer="192.0.2.1")
    assert secret[1] not in browser.get("/settings/programs").content.decode()
    browser.post(f"/settings/programs/{AppPassword.objects.get().pk}/remove")
    assert not AppPassword.objects.exists()


@pytest.mark.parametrize("fields", [{"name": "", "scope": "read"}, {"name": "x", "scope": "root"}])
def test_a_bad_app_password_is_refused(browser: Client, fields: dict[str, str]) -> None:
    assert browser.post("/settings/programs", fields).status_code == 422 and not AppPassword.objects.exists()


def test_nobody_removes_anothers_app_password(browser: Client, cy: Actor) -> None:
    browser.post("/settings/programs", {"name": "x", "scope": "read"})
    session = cy.client.session
    session["proved_at"] = int(time.time())
    session.save()
    assert cy.client.post(f"/settings/programs/{AppPassword.objects.get().pk}/remove").status_code == 404


def test_an_old_session_is_asked_for_the_password(ann: Actor) -> None:
    asked = ann.client.get("/settings/programs")
    assert asked.status_code == 302 and asked["Location"].startswith("/settings/prove?next=")
    page = ann.client.post("/settings/programs", {"name": "Telephone", "scope": "read"})
    assert page.status_code == 403 and "Telephone" in page.content.decode() and not AppPassword.objects.exists()
    kept = {"target": "/settings/programs", "kept.name": "Telephone", "kept.scope": "read"}
    wrong = ann.client.post("/settings/prove", kept | {"password": "wrong"})
    assert wrong.status_code == 403 and "Telephone" in wrong.content.decode()
    done = ann.client.post("/settings/prove", kept | {"password": PASSWORD}).content.decode()
    assert 'action="/settings/programs"' in done and "Telephone" in done
    assert ann.client.post("/settings/programs", {"name": "Telephone", "scope": "read"}).status_code == 200


def test_the_proof_runs_out(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert browser.get("/settings/programs").status_code == 200
    now = time.time()
    monkeypatch.setattr(proving.time, "time", lambda: now + proving.LASTS + 1)
    assert browser.get("/settings/programs").status_code == 302


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:x"])
def test_the_proof_leads_nowhere_else(ann: Actor, target: str) -> None:
    assert ann.client.post("/settings/prove", {"password": PASSWORD, "target": target})["Location"] == "/settings"


def test_sessions_are_listed_and_ended(browser: Client, ann: Actor, cy: Actor) -> None:
    other = Client()
    sign_in(other, HTTP_USER_AGENT="Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1 Mobile")
    page = browser.get("/settings/sessions").content.decode()
    assert "Firefox, Linux" in page and "Safari, iPhone" in page and "Here" in page
    theirs = WebSession.objects.get(agent__contains="iPhone")
    assert cy.client.post(f"/settings/sessions/{theirs.pk}").status_code == 404
    browser.post(f"/settings/sessions/{theirs.pk}")
    assert other.get("/mail/INBOX/").status_code == 302 and browser.get("/mail/INBOX/").status_code == 200
    sign_in(other)
    browser.post("/settings/sessions/others")
    assert other.get("/mail/INBOX/").status_code == 302 and WebSession.objects.count() == 1


def test_a_session_is_touched_now_and_then(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    before = WebSession.objects.get().seen_at
    browser.get("/settings")
    assert WebSession.objects.get().seen_at == before
    now = time.time()
    monkeypatch.setattr(signed_in.time, "time", lambda: now + signed_in.TOUCH_EVERY + 1)
    browser.get("/settings")
    assert WebSession.objects.get().seen_at > before
