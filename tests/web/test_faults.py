"""Pages for what goes wrong: in the house's look and the reader's language, with a way on."""

import pytest
from django.template.loader import render_to_string
from django.test import Client

from .conftest import Actor


@pytest.mark.django_db
def test_an_address_that_leads_nowhere(client: Client) -> None:
    answer = client.get("/nowhere/at/all", HTTP_ACCEPT_LANGUAGE="fr")
    page = answer.content.decode()
    assert answer.status_code == 404 and "css/tokens" in page and "Il n’y a pas de page à cette adresse" in page and 'href="/"' in page


def test_a_folder_and_a_message_that_are_not_there(ann: Actor) -> None:
    for path in ("/mail/Nowhere/", "/mail/INBOX/99/"):
        answer = ann.client.get(path)
        assert answer.status_code == 404 and "<h1>It is not here</h1>" in answer.content.decode()


def test_a_form_without_its_token(ann: Actor) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = ann.client.cookies
    answer = strict.post("/settings/general", {"language": "fr"})
    assert answer.status_code == 403 and "nothing was changed" in answer.content.decode()


def test_a_fault_of_the_server_needs_nothing_of_the_server(monkeypatch: pytest.MonkeyPatch, ann: Actor) -> None:
    def burst(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("webmail.views.space.frame", burst)
    ann.client.raise_request_exception = False
    answer = ann.client.get("/mail/space")
    page = answer.content.decode()
    assert answer.status_code == 500 and "It was written to the log" in page and "secret detail" not in page
    assert "<script" not in render_to_string("500.html")


def test_browsers_find_an_icon_for_files(client: Client, db: None) -> None:
    answer = client.get("/favicon.ico")
    assert answer.status_code == 302 and answer["Location"].endswith(".svg")
