"""The panel's migrations: what would happen first, then progress; nobody reaches beyond their domains."""

import dataclasses
from typing import Any

import pytest
from directory.cast import Cast
from django.test import Client

from mailcore.directory.models import User
from mailcore.retrieval import transfers
from mailcore.retrieval.models import Transfer
from tests.retrieval.fakes import HOST, FakeImap, serving
from tests.retrieval.test_transferring import account, go_on

BACKEND = "mailcore.directory.backends.DirectoryBackend"


@pytest.fixture(autouse=True)
def allowed(settings: Any) -> None:
    settings.FACTEUR = dataclasses.replace(settings.FACTEUR, retrieval_networks=("127.0.0.0/8",), retrieval_plain=True)


def bo(cast: Cast) -> Client:
    client = Client()
    client.force_login(User.objects.get(id=cast.bo.user_id), backend=BACKEND)
    return client


def typed(text: str, **more: str) -> dict[str, str]:
    return {"host": HOST, "port": "143", "security": "none", "login": "", "password": "", "excluded": "Trash\n", "text": text} | more


def test_it_says_first_what_would_happen(cast: Cast) -> None:
    client = bo(cast)
    page = client.get("/panel/migrations").content.decode()
    assert "Nobody has moved yet" in page
    page = client.post("/panel/migrations", typed("ann@example.test, ann, secret")).content.decode()
    assert "Every line can be used" in page and not Transfer.objects.exists()
    assert client.post("/panel/migrations", typed("ann@example.test, ann, secret", do="1")).status_code == 302
    transfer = Transfer.objects.get()
    assert (transfer.login, transfer.excluded, transfer.state) == ("ann", "Trash", "waiting")
    assert "secret" not in transfer.sealed_secret


def test_faulty_lines_and_other_domains_hold_it_up(cast: Cast) -> None:
    client = bo(cast)
    text = "ann@example.test, ann, secret\ncy@other.test, cy, secret\nnobody@example.test, x, y\n"
    answer = client.post("/panel/migrations", typed(text, do="1"))
    page = answer.content.decode()
    assert "2 lines cannot be used" in page and not Transfer.objects.exists()
    assert "There is no mailbox nobody@example.test." in page and "There is no such mailbox." in page


def test_a_master_login_opens_each_account(cast: Cast) -> None:
    assert bo(cast).post("/panel/migrations", typed("ann@example.test", login="root", password="pw", do="1")).status_code == 302
    transfer = Transfer.objects.get()
    assert (transfer.login, transfer.login_as) == ("root", "ann@example.test")


def test_progress_is_shown_and_it_is_stopped_and_forgotten(cast: Cast) -> None:
    server, client = FakeImap(account()), bo(cast)
    wanted = transfers.Wanted(address="ann@example.test", host=HOST, port=server.port, login="ann", secret="pw", security="none")
    with serving(server):
        [transfer] = transfers.ask_for([wanted])
        go_on(transfer)
    page = client.get(f"/panel/migrations/{transfer.pk}").content.decode()
    assert "Envoyés" in page and "It holds folders only." in page and "All here" in page
    assert "ann@example.test" in client.get("/panel/migrations").content.decode()
    for action, state in (("again", "waiting"), ("stop", "stopped")):
        assert client.post(f"/panel/migrations/{transfer.pk}/{action}").status_code == 302
        transfer.refresh_from_db()
        assert transfer.state == state
    assert client.post(f"/panel/migrations/{transfer.pk}/paint").status_code == 404
    assert client.post(f"/panel/migrations/{transfer.pk}/remove").status_code == 302
    assert not Transfer.objects.exists()


def test_migrations_of_other_domains_are_not_found(cast: Cast) -> None:
    wanted = transfers.Wanted(address="cy@other.test", host=HOST, login="cy", secret="pw", security="none")
    [transfer] = transfers.ask_for([wanted])
    client = bo(cast)
    assert "cy@other.test" not in client.get("/panel/migrations").content.decode()
    assert client.get(f"/panel/migrations/{transfer.pk}").status_code == 404
    assert client.post(f"/panel/migrations/{transfer.pk}/remove").status_code == 404
