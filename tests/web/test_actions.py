"""What is done to messages, and undone."""

import re
from html import unescape

import pytest

from mailcore.kernel import flags

from .builders import HX, letter
from .conftest import Actor


def post(ann: Actor, **fields: object) -> str:
    return ann.client.post("/mail/act", {"folder": "INBOX", "origin": "list"} | fields, **HX).content.decode()


def steps_in(answer: str) -> str:
    found = re.search(r'name="steps" value="([^"]*)"', answer)
    assert found is not None
    return unescape(found[1])


def uids(ann: Actor, folder: str) -> list[int]:
    return [row.uid for row in ann.mail.list_page(folder).rows]


@pytest.mark.parametrize(("verb", "special"), [("archive", "\\Archive"), ("spam", "\\Junk"), ("delete", "\\Trash")])
def test_moving_and_undoing(ann: Actor, seeded: int, verb: str, special: str) -> None:
    answer = post(ann, do=verb, uid=seeded)
    target = ann.mail.find_special(special)
    assert not uids(ann, "INBOX") and len(uids(ann, target)) == 1
    assert f'id="row-{seeded}" hx-swap-oob="delete"' in answer and "<html" not in answer
    back = ann.client.post("/mail/act", {"origin": "undo", "steps": steps_in(answer)}, **HX)
    assert "listChanged" in back["HX-Trigger"]
    assert len(uids(ann, "INBOX")) == 1 and not uids(ann, target)


def test_many_at_once(ann: Actor) -> None:
    made = [ann.put(letter(subject=str(number))) for number in range(3)]
    assert "2 messages archived" in post(ann, do="archive", uid=made[:2])
    assert uids(ann, "INBOX") == made[2:]


def test_deleting_in_the_bin_is_for_good(ann: Actor) -> None:
    bin_name = ann.mail.find_special("\\Trash")
    uid = ann.put(letter(), bin_name)
    answer = post(ann, do="delete", folder=bin_name, uid=uid)
    assert "deleted for good" in answer and "undo" not in answer and not uids(ann, bin_name)


@pytest.mark.parametrize(("verb", "flag", "on"), [("star", flags.FLAGGED, True), ("read", flags.SEEN, True), ("unread", flags.SEEN, False)])
def test_flags(ann: Actor, seeded: int, verb: str, flag: int, on: bool) -> None:
    answer = post(ann, do=verb, uid=seeded)
    assert bool(ann.mail.find_row("INBOX", seeded).flags & flag) is on
    assert f'id="row-{seeded}"' in answer and 'hx-swap-oob="true"' in answer


def test_one_star_of_a_row_leaves_the_ticked_alone(ann: Actor, seeded: int) -> None:
    other = ann.put(letter())
    post(ann, only=f"star:{other}", uid=seeded)
    assert ann.mail.find_row("INBOX", other).flags & flags.FLAGGED
    assert not ann.mail.find_row("INBOX", seeded).flags & flags.FLAGGED


def test_moving_to_a_named_folder(ann: Actor, seeded: int) -> None:
    ann.store.create_folder("Work/Bridge")
    post(ann, do="move:Work/Bridge", uid=seeded)
    assert len(uids(ann, "Work/Bridge")) == 1


@pytest.mark.parametrize(("fields", "status"), [({"do": "move:Nowhere"}, 404), ({"do": "explode"}, 400), ({"do": "star", "uid": "x"}, 400)])
def test_nonsense_is_refused(ann: Actor, seeded: int, fields: dict[str, str], status: int) -> None:
    assert ann.client.post("/mail/act", {"folder": "INBOX", "uid": seeded} | fields, **HX).status_code == status
    assert uids(ann, "INBOX") == [seeded]


def test_the_open_message_is_shown_anew_or_closed(ann: Actor, seeded: int) -> None:
    assert "Take the star off" in post(ann, do="star", uid=seeded, origin="reader").partition('id="main"')[2]
    assert "No message open" in post(ann, do="archive", uid=seeded, origin="reader")


def test_without_scripts_it_leads_back_with_a_toast(ann: Actor, seeded: int) -> None:
    answer = ann.client.post("/mail/act", {"folder": "INBOX", "do": "archive", "uid": seeded})
    assert answer["Location"] == "/mail/INBOX/"
    page = ann.client.get("/mail/INBOX/").content.decode()
    assert "1 message archived" in page and "move:INBOX" in unescape(page)
    assert "1 message archived" not in ann.client.get("/mail/INBOX/").content.decode()


def test_nothing_selected(ann: Actor) -> None:
    assert "Nothing is selected" in post(ann, do="archive")


def test_a_stranger_moves_nothing(ann: Actor, seeded: int, cy: Actor) -> None:
    cy.client.post("/mail/act", {"folder": "INBOX", "do": "delete", "uid": seeded}, **HX)
    assert uids(ann, "INBOX") == [seeded]


def test_making_a_folder(ann: Actor) -> None:
    assert ann.client.post("/mail/folders", {"name": "Suppliers"})["Location"] == "/mail/Suppliers/"
    assert ann.client.post("/mail/folders", {"name": "Suppliers"}).status_code == 422
    assert ann.client.post("/mail/folders", {"name": " "}).status_code == 422
