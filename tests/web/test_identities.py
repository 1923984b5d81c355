"""Names and addresses one writes from, and templates of letters."""

from typing import Any

import pytest

from mailcore.directory import aliases
from webmail import identities
from webmail.access.opening import Owner
from webmail.access.port import Person
from webmail.models import Identity, LetterTemplate

from .conftest import Actor


def owner(ann: Actor) -> Owner:
    from mailcore.directory.authentication import find_principal
    from mailcore.kernel.ids import UserId

    principal = find_principal(user_id=UserId(ann.mailbox.user_id or 0))
    assert principal is not None
    return Owner(principal, Person("Ann", "ann@example.org"))


def fields(**more: Any) -> dict[str, Any]:
    return {"name": "Ann", "address": "ann@example.org"} | more


def test_without_identities_one_writes_as_oneself(ann: Actor) -> None:
    assert [sender.label for sender in identities.list_senders(owner(ann))] == ["Ann <ann@example.org>"]
    assert "You write as yourself" in ann.client.get("/settings/identities").content.decode()


def test_an_identity_is_made_changed_and_removed(ann: Actor) -> None:
    aliases.create(address="sales@example.org", targets=("ann@example.org",))
    assert "sales@example.org" in ann.client.get("/settings/identities/new").content.decode()
    answer = ann.client.post("/settings/identities/new", fields(address="Sales@example.org", name="Sales", signature_text="--\nA"))
    assert answer.status_code == 302
    made = Identity.objects.get()
    assert made.is_default and made.signature_text == "--\nA"
    ann.client.post("/settings/identities/new", fields(is_default="yes"))
    assert [one.address for one in Identity.objects.filter(is_default=True)] == ["ann@example.org"]
    assert ann.client.post(f"/settings/identities/{made.id}", fields(name="Shop", address="sales@example.org")).status_code == 302
    assert "Shop" in ann.client.get("/settings/identities").content.decode()
    ann.client.post(f"/settings/identities/{Identity.objects.get(is_default=True).id}/remove")
    assert Identity.objects.get().is_default


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"address": "boss@example.org"}, "address", "may not send as"),
        ({"address": "president@elsewhere.example"}, "address", "may not send as"),
        ({"address": "nonsense"}, "address", "form name@domain"),
        ({"reply_to": "nobody"}, "reply_to", "form name@domain"),
        ({"bcc": "a@b, c"}, "bcc", "form name@domain"),
    ],
)
def test_a_bad_field_is_named_and_nothing_is_kept(ann: Actor, changed: dict[str, str], field: str, words: str) -> None:
    page = ann.client.post("/settings/identities/new", fields(**changed))
    text = page.content.decode()
    assert page.status_code == 422 and words in text.partition(f'id="{field}-fault"')[2].partition("</p>")[0]
    assert not Identity.objects.exists()


def test_markup_of_a_signature_is_made_harmless(ann: Actor) -> None:
    ann.client.post("/settings/identities/new", fields(signature_html='<b>Ann</b><script>alert(1)</script><img src=x onerror="a()">'))
    assert Identity.objects.get().signature_html == "<b>Ann</b><img>"


def test_an_address_taken_away_is_no_longer_offered(ann: Actor) -> None:
    alias = aliases.create(address="sales@example.org", targets=("ann@example.org",))
    ann.client.post("/settings/identities/new", fields(address="sales@example.org"))
    assert identities.list_senders(owner(ann))[0].person.address == "sales@example.org"
    aliases.remove(alias_id=alias.id)
    assert identities.list_senders(owner(ann))[0].person.address == "ann@example.org"


def test_the_address_a_letter_came_to_is_answered_from(ann: Actor) -> None:
    aliases.create(address="sales@example.org", targets=("ann@example.org",))
    ann.client.post("/settings/identities/new", fields())
    ann.client.post("/settings/identities/new", fields(address="sales@example.org", name="Sales"))
    _all, sender = identities.choose(owner(ann), ["bo@x.example", "SALES@example.org"])
    assert sender.person.name == "Sales"
    offered, sender = identities.choose(owner(ann), ["ann+shop@example.org"])
    assert sender.person.address == "ann+shop@example.org" and sender in offered
    assert identities.choose(owner(ann), ["bo@x.example"])[1].person.address == "ann@example.org"
    assert identities.find(offered, "as:bo@example.org", owner(ann)) is None


def test_nobody_sees_anothers_identity(ann: Actor, cy: Actor) -> None:
    ann.client.post("/settings/identities/new", fields())
    key = Identity.objects.get().id
    assert cy.client.get(f"/settings/identities/{key}").status_code == 404
    assert cy.client.post(f"/settings/identities/{key}", fields(address="cy@example.org")).status_code == 404
    assert cy.client.post(f"/settings/identities/{key}/remove").status_code == 404 and Identity.objects.exists()


def test_templates_of_letters(ann: Actor, cy: Actor) -> None:
    assert "No templates yet" in ann.client.get("/settings/templates").content.decode()
    assert ann.client.post("/settings/templates/new", {"name": " ", "text": "x"}).status_code == 422
    ann.client.post("/settings/templates/new", {"name": "The way", "subject": "How to\r\nBcc: x", "text": "Left at the lock."})
    kept = LetterTemplate.objects.get()
    assert kept.subject == "How to Bcc: x" and "The way" in ann.client.get("/settings/templates").content.decode()
    assert cy.client.get(f"/settings/templates/{kept.id}").status_code == 404
    assert cy.client.post(f"/settings/templates/{kept.id}/remove").status_code == 404
    ann.client.post(f"/settings/templates/{kept.id}", {"name": "The road", "text": "Right."})
    ann.client.post(f"/settings/templates/{kept.id}/remove")
    assert not LetterTemplate.objects.exists()
