"""Passkeys: made after the password, opening the account alone or as the second step, and everything that is refused."""

import json
import time
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from webauthn.helpers import base64url_to_bytes

from mailcore.directory import asking, passkeys, second_step, throttle, users
from mailcore.directory.models import GuessBucket, Mailbox, Passkey, User
from mailcore.directory.passkeys import Site
from mailcore.kernel.errors import Denied, LimitReached, Throttled
from tests.authenticator import PRESENT, Authenticator

from .conftest import PASSWORD, Actor

SITE = Site("testserver")
_FIELDS = st.sampled_from(["id", "rawId", "type", "response", "clientDataJSON", "attestationObject"])
NONSENSE = st.recursive(
    st.none() | st.text(max_size=8) | st.integers() | st.just("AAAA"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_FIELDS, inner, max_size=6),
    max_leaves=12,
)


@pytest.fixture
def browser(ann: Actor, client: Client) -> Client:
    client.post("/login", {"login": "ann@example.org", "password": PASSWORD})
    return client


def ask(client: Client, path: str) -> str:
    answer = client.post(path)
    assert answer.status_code == 200 and answer["Content-Type"] == "application/json", answer.content
    return answer.content.decode()


def register(client: Client, key: Authenticator, name: str = "Telephone") -> Any:
    return client.post("/settings/passkeys", {"name": name, "answer": key.make(ask(client, "/settings/passkeys/begin"))})


@pytest.fixture
def key(browser: Client) -> Authenticator:
    made = Authenticator()
    assert register(browser, made).status_code == 302
    return made


def come_in(key: Authenticator, **more: Any) -> tuple[Client, Any]:
    client = Client()
    return client, client.post("/login/passkey", {"answer": key.sign(ask(client, "/login/passkey/ask"), **more)})


def test_a_key_is_asked_for_as_one_that_needs_no_name_and_its_owner(browser: Client) -> None:
    asked = json.loads(ask(browser, "/settings/passkeys/begin"))
    assert asked["rp"]["id"] == "testserver" and asked["authenticatorSelection"]["residentKey"] == "required"
    assert asked["authenticatorSelection"]["userVerification"] == "required" and b"ann" not in base64url_to_bytes(asked["user"]["id"])


def test_a_key_is_listed_renamed_and_taken_away(browser: Client, key: Authenticator) -> None:
    row = Passkey.objects.get()
    page = browser.get("/settings/passkeys").content.decode()
    assert "Telephone" in page and "not used yet" in page and "js/passkeys" in page
    browser.post(f"/settings/passkeys/{row.pk}", {"name": "  Old   telephone "})
    assert Passkey.objects.get().name == "Old telephone"
    assert browser.post(f"/settings/passkeys/{row.pk}", {"name": " "}).status_code == 400
    assert browser.post(f"/settings/passkeys/{row.pk}/remove").status_code == 302
    assert not Passkey.objects.exists() and browser.post(f"/settings/passkeys/{row.pk}/remove").status_code == 404


def test_the_password_is_asked_for_first(ann: Actor) -> None:
    assert ann.client.get("/settings/passkeys")["Location"].startswith("/settings/prove")
    assert ann.client.post("/settings/passkeys/begin").status_code == 403
    assert ann.client.post("/settings/passkeys", {"name": "x", "answer": "{}"}).status_code == 403 and not Passkey.objects.exists()


def test_somebody_elses_key_cannot_be_touched(browser: Client, key: Authenticator, cy: Actor) -> None:
    other = Client()
    other.post("/login", {"login": "cy@example.org", "password": PASSWORD})
    row = Passkey.objects.get()
    assert other.post(f"/settings/passkeys/{row.pk}/remove").status_code == 404
    assert other.post(f"/settings/passkeys/{row.pk}", {"name": "Mine"}).status_code == 404
    assert Passkey.objects.get().name == "Telephone"


def test_a_passkey_alone_signs_in(key: Authenticator) -> None:
    client, answer = come_in(key)
    assert answer["Location"] == "/" and client.get("/mail/INBOX/").status_code == 200
    row = Passkey.objects.get()
    assert row.sign_count == 1 and row.last_used_at is not None
    assert come_in(key)[1].status_code == 302 and Passkey.objects.get().sign_count == 2


def test_a_passkey_alone_is_both_steps(browser: Client, key: Authenticator, ann: Actor) -> None:
    User.objects.filter(login="ann@example.org").update(has_second_step=True)
    client, _answer = come_in(key)
    assert client.get("/mail/INBOX/").status_code == 200


def test_a_key_without_a_count_signs_in_again_and_again(key: Authenticator) -> None:
    assert come_in(key, step=0)[1].status_code == 302 and come_in(key, step=0)[1].status_code == 302


def test_a_revoked_key_is_refused(browser: Client, key: Authenticator) -> None:
    browser.post(f"/settings/passkeys/{Passkey.objects.get().pk}/remove")
    client, answer = come_in(key)
    assert answer.status_code == 403 and "passkey was not taken" in answer.content.decode()
    assert client.get("/mail/INBOX/").status_code == 302


def test_an_answer_is_taken_once(key: Authenticator) -> None:
    client = Client()
    answer = key.sign(ask(client, "/login/passkey/ask"))
    assert client.post("/login/passkey", {"answer": answer}).status_code == 302
    client.logout()
    assert client.post("/login/passkey", {"answer": answer}).status_code == 403
    assert Client().post("/login/passkey", {"answer": answer}).status_code == 403


def test_a_copied_key_is_refused_by_its_count(key: Authenticator) -> None:
    come_in(key)
    key.count = 0
    assert come_in(key)[1].status_code == 403


def test_a_question_goes_stale(key: Authenticator, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client()
    answer = key.sign(ask(client, "/login/passkey/ask"))
    now = time.time()
    monkeypatch.setattr(asking.time, "time", lambda: now + asking.LASTS + 1)
    assert client.post("/login/passkey", {"answer": answer}).status_code == 403


@pytest.mark.parametrize(
    "change", ["origin", "host", "not verified", "another key", "another owner", "no answer", "too long", "question of another purpose"]
)
def test_what_is_not_right_is_refused(change: str, key: Authenticator, browser: Client) -> None:
    client = Client()
    options = ask(client, "/login/passkey/ask")
    flags = PRESENT if change == "not verified" else PRESENT | 4
    if change == "origin":
        key.origin = "https://testserver.evil.example"
    if change == "host":
        key.rp_id = "evil.example"
    if change == "another key":
        key.key = Authenticator().key
    if change == "another owner":
        key.handle = bytes(32)
    if change == "question of another purpose":
        client = browser
        options = ask(browser, "/settings/passkeys/begin")
        browser.post("/logout")
    answer = {"no answer": "", "too long": "[" * 30_000}.get(change) or key.sign(options, flags=flags)
    assert client.post("/login/passkey", {"answer": "" if change == "no answer" else answer}).status_code == 403
    assert client.get("/mail/INBOX/").status_code == 302


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(NONSENSE)
def test_nonsense_is_refused_in_words(db: None, given: object) -> None:
    user = User.objects.filter(login="fuzz").first() or users.create(login="fuzz", password=None)
    with pytest.raises(Denied):
        passkeys.finish_login(site=SITE, challenge="AAAA", answer=json.dumps(given), peer="127.0.0.1")
    question = passkeys.begin_registration(user_id=user.pk, site=SITE)
    with pytest.raises(passkeys.BadField):
        passkeys.finish_registration(user_id=user.pk, site=SITE, challenge=question.challenge, answer=json.dumps(given), name="x")
    GuessBucket.objects.all().delete()


def test_a_broken_statement_of_a_key_is_refused(browser: Client) -> None:
    answer = json.loads(Authenticator().make(ask(browser, "/settings/passkeys/begin")))
    answer["response"]["attestationObject"] = "oWNmbXRkbm9uZQ"
    page = browser.post("/settings/passkeys", {"name": "x", "answer": json.dumps(answer)})
    assert page.status_code == 422 and "could not be taken" in page.content.decode() and not Passkey.objects.exists()


def test_a_key_needs_a_name_a_verified_owner_and_is_kept_once(browser: Client, key: Authenticator) -> None:
    page = register(browser, Authenticator(), name=" ").content.decode()
    assert "Give the passkey a name" in page
    weak = Authenticator().make(ask(browser, "/settings/passkeys/begin"), flags=PRESENT)
    assert browser.post("/settings/passkeys", {"name": "x", "answer": weak}).status_code == 422
    assert "known already" in register(browser, key).content.decode()
    assert Passkey.objects.count() == 1


def test_there_is_an_end_to_the_keys(browser: Client, key: Authenticator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passkeys, "MAX_KEYS", 1)
    with pytest.raises(LimitReached):
        passkeys.begin_registration(user_id=Passkey.objects.get().user_id, site=SITE)
    assert browser.post("/settings/passkeys/begin").status_code == 503


def test_a_passkey_does_as_the_second_step(browser: Client, key: Authenticator, cy: Actor) -> None:
    User.objects.filter(login="ann@example.org").update(has_second_step=True)
    client = Client()
    assert client.post("/login", {"login": "ann@example.org", "password": PASSWORD})["Location"] == "/settings/code"
    assert "Use a passkey" in client.get("/settings/code").content.decode()
    options = ask(client, "/settings/code/passkey/ask")
    assert [one["id"] for one in json.loads(options)["allowCredentials"]] == [Passkey.objects.get().credential_id]
    assert client.post("/settings/code/passkey", {"answer": "{}"}).status_code == 403 and client.get("/mail/INBOX/").status_code == 302
    answer = key.sign(ask(client, "/settings/code/passkey/ask"))
    assert client.post("/settings/code/passkey", {"answer": answer})["Location"] == "/"
    assert client.get("/mail/INBOX/").status_code == 200


def test_the_second_step_takes_no_passkey_of_another(browser: Client, key: Authenticator, cy: Actor) -> None:
    User.objects.filter(login="cy@example.org").update(has_second_step=True)
    client = Client()
    client.post("/login", {"login": "cy@example.org", "password": PASSWORD})
    assert "Use a passkey" not in client.get("/settings/code").content.decode()
    answer = key.sign(ask(client, "/settings/code/passkey/ask"))
    assert client.post("/settings/code/passkey", {"answer": answer}).status_code == 403


def test_nobody_half_way_is_asked_for_a_second_step(db: None) -> None:
    client = Client()
    assert client.post("/settings/code/passkey/ask").status_code == 409
    assert client.post("/settings/code/passkey", {"answer": "{}"})["Location"] == "/login"


def test_a_suspended_account_stays_shut(key: Authenticator) -> None:
    Mailbox.objects.update(state="suspended")
    assert "suspended" in come_in(key)[1].content.decode()


def test_guesses_are_counted(key: Authenticator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(throttle.LIMITS, "login", 1)
    question = passkeys.begin_login(site=SITE)
    key.key, right = Authenticator().key, key.key
    with pytest.raises(Denied):
        passkeys.finish_login(site=SITE, challenge=question.challenge, answer=key.sign(question.options), peer="192.0.2.1")
    key.key = right
    with pytest.raises(Throttled):
        passkeys.finish_login(site=SITE, challenge=question.challenge, answer=key.sign(question.options), peer="192.0.2.1")


def test_where_the_pages_have_no_name_nothing_is_offered(browser: Client) -> None:
    page = browser.get("/settings/passkeys", HTTP_HOST="192.0.2.7:8080").content.decode()
    assert "need a host name" in page and "Make a passkey" not in page
    assert browser.post("/settings/passkeys/begin", HTTP_HOST="192.0.2.7:8080").status_code == 400
    assert "Use a passkey" not in Client().get("/login", HTTP_HOST="192.0.2.7").content.decode()
    assert "Use a passkey" in Client().get("/login").content.decode()


@pytest.mark.parametrize(
    ("host", "rp_id", "is_named"),
    [
        ("mail.example.org", "mail.example.org", True), ("mail.example.org:8443", "mail.example.org", True), ("[::1]:80", "[::1]", False),
        ("[::1]", "[::1]", False), ("127.0.0.1", "127.0.0.1", False), ("localhost:8000", "localhost", True),
    ],
)  # fmt: skip
def test_the_key_is_for_the_host(host: str, rp_id: str, is_named: bool) -> None:
    assert (Site(host).rp_id, Site(host).is_named) == (rp_id, is_named)


def test_recovery_still_helps(browser: Client, key: Authenticator) -> None:
    user = User.objects.get(login="ann@example.org")
    codes = second_step.renew_codes(user_id=user.pk)
    User.objects.filter(pk=user.pk).update(has_second_step=True)
    client = Client()
    client.post("/login", {"login": "ann@example.org", "password": PASSWORD})
    ask(client, "/settings/code/passkey/ask")
    assert client.post("/settings/code", {"code": codes[0]})["Location"] == "/"
