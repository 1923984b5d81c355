"""Where a second factor is required: who has none sets one up before anything else, who has one shows it."""

import base64
import re
import time
from typing import Any

import pytest
from django.test import Client

from mailcore.directory import second_step
from mailcore.directory.authentication import authenticate
from mailcore.directory.models import Domain, User
from mailcore.kernel.errors import Denied
from mailcore.kernel.principal import Service
from tests.authenticator import Authenticator
from webmail import proving

from .conftest import PASSWORD, Actor

SECRET = re.compile(r'<code class="secret">([A-Z2-7 ]+)</code>')


@pytest.fixture
def required(domain: None) -> None:
    Domain.objects.update(second_step=Domain.SecondStepRule.REQUIRED)


@pytest.fixture
def browser(ann: Actor, required: None, client: Client) -> Client:
    client.post("/login", {"login": "ann@example.org", "password": PASSWORD})
    return client


def code_for(page: str, ahead: int = 0) -> str:
    found = SECRET.search(page)
    assert found is not None
    secret = base64.b32decode(found[1].replace(" ", ""))
    return second_step.code_at(secret=secret, step=int(time.time()) // 30 + ahead)


def set_up(browser: Client) -> Any:
    page = browser.get("/settings/required?next=/mail/INBOX/").content.decode()
    return browser.post("/settings/required", {"code": code_for(page), "next": "/mail/INBOX/"})


@pytest.mark.parametrize("path", ["/mail/INBOX/", "/settings/general", "/panel/", "/mail/search?q=x"])
def test_nothing_is_open_before_one_is_set_up(browser: Client, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code == 302 and answer["Location"].startswith("/settings/required?next=")


def test_a_fragment_leads_there_too(browser: Client) -> None:
    answer = browser.get("/mail/INBOX/", headers={"HX-Request": "true"})
    assert answer.status_code == 403 and answer["HX-Redirect"] == "/settings/required"


def test_a_wrong_code_sets_nothing_up(browser: Client) -> None:
    page = browser.get("/settings/required").content.decode()
    right = code_for(page)
    answer = browser.post("/settings/required", {"code": "000000" if right != "000000" else "111111"})
    assert answer.status_code == 422 and 'role="alert"' in answer.content.decode()
    assert browser.get("/mail/INBOX/").status_code == 302


def test_the_telephone_opens_the_door_and_is_asked_for_next_time(browser: Client) -> None:
    kept = set_up(browser).content.decode()
    assert kept.count("<li><code>") == second_step.CODES and 'href="/mail/INBOX/"' in kept
    assert browser.get("/mail/INBOX/").status_code == 200
    other = Client()
    assert other.post("/login", {"login": "ann@example.org", "password": PASSWORD})["Location"] == "/settings/code"
    assert other.get("/mail/INBOX/").status_code == 302


def test_a_passkey_will_do(browser: Client) -> None:
    key = Authenticator()
    asked = browser.post("/settings/required/passkey/ask").content.decode()
    answer = browser.post("/settings/required/passkey", {"name": "Key", "answer": key.make(asked), "next": "/mail/INBOX/"})
    assert answer["Location"] == "/mail/INBOX/" and browser.get("/mail/INBOX/").status_code == 200
    again = Client()
    assert again.post("/login", {"login": "ann@example.org", "password": PASSWORD})["Location"] == "/settings/code"
    page = again.get("/settings/code").content.decode()
    assert 'name="code"' not in page and "passkey" in page


def test_a_session_from_before_the_rule_signs_in_again(ann: Actor, domain: None, client: Client) -> None:
    client.post("/login", {"login": "ann@example.org", "password": PASSWORD})
    user_id = User.objects.get(login="ann@example.org").pk
    secret = second_step.begin(user_id=user_id)
    code = second_step.code_at(secret=base64.b32decode(secret), step=int(time.time()) // 30)
    second_step.confirm(user_id=user_id, code=code)
    Domain.objects.update(second_step=Domain.SecondStepRule.REQUIRED)
    assert client.get("/mail/INBOX/")["Location"].startswith("/login?next=")


def test_an_old_password_sets_nothing_up(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proving, "LASTS", 0)
    assert browser.get("/settings/required")["Location"] == "/login"


def test_the_page_is_for_nobody_else(ann: Actor, domain: None, client: Client) -> None:
    assert client.get("/settings/required")["Location"] == "/login"
    client.post("/login", {"login": "ann@example.org", "password": PASSWORD})
    assert client.get("/settings/required")["Location"] == "/"


def test_mail_programs_take_app_passwords_then(ann: Actor, required: None) -> None:
    with pytest.raises(Denied):
        authenticate(login="ann@example.org", secret=PASSWORD, service=Service.IMAP, peer="192.0.2.1")
