"""The page of accounts on other servers: add with a trial, see how they fare, pause, remove; nobody sees another's."""

import dataclasses
from typing import Any

import pytest

from mailcore.retrieval.models import Account
from tests.builders import message
from tests.retrieval.cast import make, run
from tests.retrieval.fakes import HOST, FakeFolder, FakeImap, Kept, Lying, serving

from .conftest import Actor


@pytest.fixture(autouse=True)
def allowed(settings: Any) -> None:
    settings.FACTEUR = dataclasses.replace(settings.FACTEUR, retrieval_networks=("127.0.0.0/8",), retrieval_plain=True)


def make_server(lying: Lying | None = None) -> FakeImap:
    return FakeImap([FakeFolder(b"INBOX", [Kept(1, message())]), FakeFolder(b"Lists")], lying=lying)


def typed(server: FakeImap, **more: str) -> dict[str, str]:
    return {
        "protocol": "imap", "host": HOST, "port": str(server.port), "security": "none", "login": "ann", "secret": "very secret",
        "remote_folder": "INBOX", "target": "", "keep": "keep", "interval": "900", "do": "keep",
    } | more  # fmt: skip


def test_an_account_is_tried_and_kept(ann: Actor) -> None:
    server = make_server()
    with serving(server):
        page = ann.client.get("/settings/accounts").content.decode()
        assert "Nothing is collected yet" in page
        tried = ann.client.post("/settings/accounts/new", typed(server, do="try"))
        assert tried.status_code == 200
        assert "The login works. 1 message is there." in tried.content.decode() and "Lists" in tried.content.decode()
        assert not Account.objects.exists()
        assert ann.client.post("/settings/accounts/new", typed(server)).status_code == 302
        account = Account.objects.get()
        assert account.mailbox_id == ann.mailbox.pk
        for address in ("/settings/accounts", f"/settings/accounts/{account.pk}"):
            page = ann.client.get(address).content.decode()
            assert HOST in page and "very secret" not in page
        changed = typed(server, secret="", interval="3600", target="Archive", port="1143")
        assert ann.client.post(f"/settings/accounts/{account.pk}", changed).status_code == 302
        account.refresh_from_db()
        assert (account.interval, account.target, account.port) == (3_600, "Archive", 1_143)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"host": "not a host"}, "This is not the name of a server."), ({"secret": ""}, "Give the password of the account."),
        ({"keep": "days"}, "Give 1 to 3650 days."), ({"port": "x"}, "A port is a number from 1 to 65535."), ({"login": " "}, "empty"),
        ({"interval": ""}, "Look every"), ({"do": "try", "port": "1"}, "The server cannot be reached."), ({"protocol": ""}, "POP3 or IMAP"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_nothing_kept(ann: Actor, change: dict[str, str], text: str) -> None:
    server = make_server()
    with serving(server):
        answer = ann.client.post("/settings/accounts/new", typed(server, **change))
    assert answer.status_code == 422
    assert text in answer.content.decode()
    assert not Account.objects.exists()


def test_faults_are_said_in_plain_words(ann: Actor) -> None:
    server = make_server(Lying(refuse_login="no such user"))
    with serving(server):
        account = make(ann.mailbox, server)
        for _ in range(3):
            run(account)
        page = ann.client.get("/settings/accounts").content.decode()
        assert "The server refused the name or the password." in page and "Paused: check the password" in page
        page = ann.client.get(f"/settings/accounts/{account.pk}").content.decode()
        assert "refused three times" in page
        french = ann.client.get("/settings/accounts", headers={"accept-language": "fr"})
        assert french.status_code == 200


def test_it_is_paused_resumed_and_removed(ann: Actor) -> None:
    server = make_server()
    with serving(server):
        account = make(ann.mailbox, server)
        for verb, pause in (("pause", "owner"), ("resume", ""), ("now", "")):
            assert ann.client.post(f"/settings/accounts/{account.pk}/{verb}").status_code == 302
            account.refresh_from_db()
            assert account.pause == pause
        assert ann.client.post(f"/settings/accounts/{account.pk}/frobnicate").status_code == 404
        assert ann.client.get(f"/settings/accounts/{account.pk}/remove").status_code == 405
        assert ann.client.post(f"/settings/accounts/{account.pk}/remove").status_code == 302
        assert not Account.objects.exists()


def test_nobody_sees_or_touches_anothers(ann: Actor, cy: Actor) -> None:
    server = make_server()
    with serving(server):
        account = make(ann.mailbox, server)
        assert HOST not in cy.client.get("/settings/accounts").content.decode()
        assert cy.client.get(f"/settings/accounts/{account.pk}").status_code == 404
        assert cy.client.post(f"/settings/accounts/{account.pk}", typed(server)).status_code == 404
        assert cy.client.post(f"/settings/accounts/{account.pk}/remove").status_code == 404
    assert Account.objects.exists()
