"""Catalogues: nothing lacks its French, placeholders agree, and what runs is what is written."""

import re

import pytest
from django.test import Client
from django.utils import translation

from config import catalogues

from .conftest import Actor

LANGUAGES = list(catalogues.PLURALS)
_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|</?b>")


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_lacks_its_translation(language: str) -> None:
    known = catalogues.read_po(catalogues.po_path(language))
    marked = [message for message in catalogues.find_messages().values() if message.is_marked]
    missing = [
        message.text
        for message in marked
        if len(known.get(message.text, ())) != (2 if message.plural else 1) or not all(known[message.text])
    ]
    assert not missing, f"run manage.py translations and fill in: {missing[:20]}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_agree(language: str) -> None:
    known = catalogues.read_po(catalogues.po_path(language))
    for text, message in catalogues.find_messages().items():
        allowed = set(_PLACEHOLDER.findall(text)) | set(_PLACEHOLDER.findall(message.plural))
        if text not in known:
            continue
        for value in known[text]:
            assert set(_PLACEHOLDER.findall(value)) <= allowed, (text, value)
        assert not message.is_marked or set(_PLACEHOLDER.findall(known[text][-1])) >= set(_PLACEHOLDER.findall(message.plural or text)), (
            text
        )


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_catalogue_is_what_is_written(language: str) -> None:
    path = catalogues.po_path(language)
    assert path.with_suffix(".mo").read_bytes() == catalogues.compile_mo(path)


def test_texts_survive_the_way_through_a_catalogue(tmp_path: object) -> None:
    from pathlib import Path

    path = Path(str(tmp_path)) / "x.po"
    messages = {'Say "x"\n\\n': catalogues.Message('Say "x"\n\\n'), "%(n)d a": catalogues.Message("%(n)d a", "%(n)d as")}
    known = {'Say "x"\n\\n': ("Dites « x »\n\\n",), "%(n)d a": ("%(n)d b", "%(n)d bs")}
    assert catalogues.write_po(path, "fr", messages, known) == 0
    assert catalogues.read_po(path) == known
    assert catalogues.compile_mo(path)[:4] == b"\xde\x12\x04\x95"


def test_the_language_is_that_of_the_browser_before_signing_in(client: Client, db: None) -> None:
    french = client.get("/login", HTTP_ACCEPT_LANGUAGE="fr-CA,fr;q=0.9,en;q=0.5")
    assert '<html lang="fr"' in french.content.decode() and "Se connecter" in french.content.decode()
    assert '<html lang="en-gb"' in client.get("/login", HTTP_ACCEPT_LANGUAGE="de").content.decode()


def test_the_language_chosen_wins_everywhere(ann: Actor, seeded: int) -> None:
    ann.client.post("/settings/general", {"language": "fr", "theme": "system", "density": "cosy", "time_zone": ""})
    for path, words in (("/mail/INBOX/", "Réception"), ("/compose", "Objet"), ("/settings", "Réglages"), ("/contacts", "Contacts")):
        page = ann.client.get(path, HTTP_ACCEPT_LANGUAGE="en").content.decode()
        assert '<html lang="fr"' in page and words in page, path


def test_plurals_of_french() -> None:
    with translation.override("fr"):
        assert translation.ngettext("%(count)d byte", "%(count)d bytes", 0) == "%(count)d octet"
        assert translation.ngettext("%(count)d byte", "%(count)d bytes", 2) == "%(count)d octets"
