"""Address books: cards and tables in and out, groups, photos, duplicates, and nobody else's."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given, settings
from hypothesis import strategies as st

from webmail import contacts, correspondents
from webmail.models import Contact, Group
from webmail.vcards import Card, read_cards, write_cards

from .builders import HX
from .conftest import Actor

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
CARD = """BEGIN:VCARD
VERSION:3.0
FN:Lefèvre\\, Marie
N:Lefèvre;Marie;;;
EMAIL;TYPE=WORK:marie@x.example
item1.EMAIL:second@x.example
TEL;TYPE=CELL:+33 6 12
ORG:Atelier;Paper
NOTE:One\\nTwo\\; three
X-SOCIAL:https://x.example
 /folded
UID:abc
END:VCARD
"""


def form(**fields: Any) -> dict[str, Any]:
    return {"name": "Bo Berg", "email": ["bo@x.example"], "emails_kind": ["work"]} | fields


def user_id(ann: Actor) -> int:
    return ann.mailbox.user_id or 0


def test_a_card_is_read_and_written_without_loss() -> None:
    card = read_cards(CARD)[0]
    assert card.name == "Lefèvre, Marie" and (card.family, card.given) == ("Lefèvre", "Marie")
    assert card.emails == (("work", "marie@x.example"), ("", "second@x.example")) and card.phones == (("cell", "+33 6 12"),)
    assert card.note == "One\nTwo; three" and card.organisation == "Atelier, Paper"
    assert card.others == ("X-SOCIAL:https://x.example/folded",)
    for version in ("3.0", "4.0"):
        text = write_cards([card], version=version)
        assert read_cards(text) == [card] and all(len(line.encode()) <= 75 for line in text.split("\r\n"))


def test_cards_of_old_telephones() -> None:
    text = "BEGIN:VCARD\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;=\r\n=4Aan\r\nTEL;HOME;VOICE:12\r\nEND:VCARD\r\n"
    card = read_cards(text)[0]
    assert card.name == "Jan Müller" and card.phones == (("home", "12"),)


@pytest.mark.parametrize("text", ["", "BEGIN:VCARD", "END:VCARD", "BEGIN:VCARD\nnonsense\n:x\nPHOTO:@@\nEND:VCARD", "\0"])
def test_what_is_broken_is_read_as_far_as_it_goes(text: str) -> None:
    assert isinstance(read_cards(text), list)


@settings(max_examples=60, deadline=None)
@given(name=st.text(min_size=1, max_size=80), note=st.text(max_size=200))
def test_any_text_survives_the_way_through_a_card(name: str, note: str) -> None:
    clean = ["".join(c for c in text if c == "\n" or (ord(c) >= 32 and not 0xD800 <= ord(c) < 0xE000)).strip() for text in (name, note)]
    if not clean[0] or any(c in "".join(clean) for c in "\x85\u2028\u2029"):
        return
    card = Card(name=clean[0].replace("\n", " "), note=clean[1], uid="u")
    assert read_cards(write_cards([card]))[0] == card


def test_a_contact_is_made_changed_and_removed(ann: Actor) -> None:
    assert "Nobody yet" in ann.client.get("/contacts").content.decode()
    answer = ann.client.post("/contacts/new", form(photo=SimpleUploadedFile("a.png", PNG, "image/png")))
    one = Contact.objects.get()
    assert answer["Location"] == f"/contacts/{one.pk}" and one.photo_type == "image/png"
    shown = ann.client.get(f"/contacts/{one.pk}/photo")
    assert shown.content == PNG and "sandbox" in shown["Content-Security-Policy"]
    ann.client.post(f"/contacts/{one.pk}", form(name="Bo B", email=["bo@x.example", "b2@x.example"], emails_kind=["", "home"]))
    page = ann.client.get("/contacts?q=b2").content.decode()
    assert "Bo B" in page and "bo@x.example" in page
    assert "<html" not in ann.client.get("/contacts?q=zz", **HX).content.decode()
    ann.client.post(f"/contacts/{one.pk}", form(no_photo="yes"))
    assert ann.client.get(f"/contacts/{one.pk}/photo").status_code == 404
    ann.client.post("/contacts/act", {"contact": one.pk, "do": "remove"})
    assert not Contact.objects.exists()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "", "email": [""]}, "a name or an address"),
        ({"email": ["nonsense"]}, "form name@domain"),
        ({"photo": SimpleUploadedFile("a.svg", b"<svg onload=x>", "image/png")}, "A photo is"),
    ],
)
def test_a_bad_contact_is_said_and_what_was_typed_stays(ann: Actor, fields: dict[str, Any], words: str) -> None:
    answer = ann.client.post("/contacts/new", form(**fields))
    assert answer.status_code == 422 and words in answer.content.decode()


def test_nobody_sees_anothers_contacts(ann: Actor, cy: Actor) -> None:
    ann.client.post("/contacts/new", form())
    key = Contact.objects.get().pk
    for path in (f"/contacts/{key}", f"/contacts/{key}/photo"):
        assert cy.client.get(path).status_code == 404
    assert cy.client.post(f"/contacts/{key}", form()).status_code == 404
    cy.client.post("/contacts/act", {"contact": key, "do": "remove"})
    assert Contact.objects.exists() and "Bo Berg" not in cy.client.get("/contacts").content.decode()
    assert cy.client.get(f"/contacts/export?contact={key}").content == b""


def test_groups_are_expanded_while_an_address_is_typed(ann: Actor, cy: Actor) -> None:
    ann.client.post("/contacts/arrange", {"do": "new-group", "name": "Town permits"})
    group = Group.objects.get()
    for name in ("Ada", "Bo"):
        ann.client.post("/contacts/new", form(name=name, email=[f"{name.lower()}@town.example"], group=group.pk))
    found = json.loads(ann.client.get("/compose/people?q=town").content)["items"]
    assert found[0]["kind"] == "Group" and found[0]["written"] == "Ada <ada@town.example>, Bo <bo@town.example>"
    assert json.loads(cy.client.get("/compose/people?q=town").content)["items"] == []
    assert json.loads(ann.client.get("/compose/strangers?list=ada@town.example").content)["marks"]["ada@town.example"]["kind"] == "outside"
    assert cy.client.post("/contacts/arrange", {"do": "remove-group", "id": group.pk}).status_code == 404
    ann.client.post("/contacts/arrange", {"do": "remove-group", "id": group.pk})
    assert Contact.objects.count() == 2


def test_cards_are_imported_and_brought_up_to_date(ann: Actor) -> None:
    def bring(text: str) -> str:
        file = SimpleUploadedFile("c.vcf", text.encode(), "text/vcard")
        return ann.client.post("/contacts/import", {"file": file}).content.decode()

    assert "1 contact added" in bring(CARD)
    assert "1 brought up to date" in bring(CARD.replace("TITLE", "X").replace("second@", "third@"))
    assert [one.address for one in Contact.objects.get().addresses.all()] == ["marie@x.example", "third@x.example"]
    out = ann.client.get("/contacts/export?kind=vcf3").content.decode()
    assert "X-SOCIAL:https://x.example/folded" in out and "VERSION:3.0" in out
    assert "left out" in bring(CARD.replace("UID:abc", "UID:d").replace("marie@x.example", "broken"))


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"just words"])
def test_a_file_without_contacts_is_refused(ann: Actor, data: bytes) -> None:
    answer = ann.client.post("/contacts/import", {"file": SimpleUploadedFile("x.csv", data, "text/csv")})
    assert answer.status_code == 422 and not Contact.objects.exists()


def test_tables_of_other_programs(ann: Actor) -> None:
    tables = (
        "Name,Given Name,E-mail 1 - Value,Phone 1 - Value\nAda L,Ada,ada@x.example,12\n",
        "\ufeffFirst Name;Last Name;E-mail Address;Company\nBo;Berg;bo@x.example;Atelier\n",
        "Prénom\tNom\tCourriel\nCé\tDo\tce@x.example\n",
    )
    for text in tables:
        contacts.import_text(text, user_id=user_id(ann))
    assert sorted(Contact.objects.values_list("name", flat=True)) == ["Ada L", "Bo Berg", "Cé Do"]
    assert Contact.objects.get(name="Bo Berg").organisation == "Atelier"
    out = ann.client.get("/contacts/export?kind=csv").content.decode()
    again = contacts.read_table(out)
    assert {card.name for card in again} == {"Ada L", "Bo Berg", "Cé Do"}


def test_an_export_holds_no_formulas(ann: Actor) -> None:
    ann.client.post("/contacts/new", form(name='=HYPERLINK("http://x")'))
    assert "\"'=HYPERLINK" in ann.client.get("/contacts/export?kind=csv").content.decode()


def test_duplicates_become_one_and_nothing_is_lost(ann: Actor) -> None:
    ann.client.post("/contacts/new", form(name="Bo Berg", email=["bo@x.example"], organisation="Atelier"))
    ann.client.post(
        "/contacts/new", form(name="B. Berg", email=["BO@x.example", "b@y.example"], emails_kind=["", ""], phone=["12"], phones_kind=[""])
    )
    ann.client.post("/contacts/new", form(name="Other", email=["o@x.example"]))
    found = contacts.find_duplicates(user_id=user_id(ann))
    assert len(found) == 1 and len(found[0]) == 2
    assert "Bo Berg" in ann.client.get("/contacts/duplicates").content.decode()
    ann.client.post("/contacts/act", {"contact": sorted(one.pk for one in found[0]), "do": "merge"})
    merged = Contact.objects.get(name="Bo Berg")
    assert [one.address for one in merged.addresses.all()] == ["bo@x.example", "b@y.example"]
    assert merged.organisation == "Atelier" and merged.phones == [["", "12"]] and Contact.objects.count() == 2
    assert contacts.find_duplicates(user_id=user_id(ann)) == []


def test_people_written_to_are_kept_or_forgotten(ann: Actor) -> None:
    correspondents.note(user_id=user_id(ann), text="Ada <ada@x.example>, Bo <bo@x.example>")
    page = ann.client.get("/contacts/collected").content.decode()
    assert "Ada" in page and "bo@x.example" in page
    ann.client.post("/contacts/collected", {"address": "ada@x.example", "do": "keep"})
    ann.client.post("/contacts/collected", {"address": "bo@x.example", "do": "forget"})
    assert Contact.objects.get().name == "Ada" and "bo@x.example" not in ann.client.get("/contacts/collected").content.decode()


def test_a_property_nobody_here_knows_is_kept_whole() -> None:
    long = "X-KEY:" + "a" * 5_000
    card = read_cards(f"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Ann\r\n{long}\r\nEND:VCARD\r\n")[0]
    assert card.others == (long,)
