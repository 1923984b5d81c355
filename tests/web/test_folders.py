"""Folders and labels: made, renamed, moved, emptied, deleted, and refused where that is wrong."""

import pytest

from mailcore.kernel import flags

from .builders import HX, letter
from .conftest import Actor


def names(ann: Actor) -> list[str]:
    ann.mail._infos = None
    return [folder.name for folder in ann.mail.list_folders()]


def test_a_folder_from_beginning_to_end(ann: Actor) -> None:
    assert ann.client.post("/mail/folders", {"name": "Suppliers", "parent": ""})["Location"] == "/mail/Suppliers/"
    ann.client.post("/mail/folders", {"name": "Paper", "parent": "Suppliers"})
    uid = ann.put(letter(subject="Kept"), "Suppliers/Paper")
    page = ann.client.get("/mail/Suppliers~1Paper/properties").content.decode()
    assert "1 message" in page and 'value="Paper"' in page and 'value="Suppliers" selected' in page
    moved = ann.client.post("/mail/Suppliers~1Paper/rename", {"name": "Card", "parent": ""})
    assert moved["Location"] == "/mail/Card/properties" and "Card" in names(ann) and "Suppliers/Paper" not in names(ann)
    assert ann.mail.find_row("Card", uid).subject == "Kept"
    assert ann.client.post("/mail/Card/delete")["Location"] == "/mail/folders"
    assert "Card" not in names(ann)
    assert [row.subject for row in ann.mail.list_page(ann.mail.find_special("\\Trash")).rows] == ["Kept"]


@pytest.mark.parametrize(
    ("path", "fields", "status", "words"),
    [
        ("/mail/Suppliers/rename", {"name": "Drafts"}, 422, "A folder of this name exists"),
        ("/mail/Suppliers/rename", {"name": " "}, 422, "needs a name"),
        ("/mail/Suppliers/rename", {"name": "x", "parent": "Suppliers"}, 422, "into itself"),
        ("/mail/INBOX/delete", {}, 403, "is needed and stays"),
        ("/mail/Suppliers/delete", {}, 409, "folders below it"),
        ("/mail/folders", {"name": "a" * 300}, 422, "at most 200 letters"),
        ("/mail/Nowhere/empty", {}, 404, "There is no folder Nowhere"),
        ("/mail/Suppliers/special", {"special": "\\Everything"}, 400, "no such use"),
    ],
)
def test_what_cannot_be_is_said(ann: Actor, path: str, fields: dict[str, str], status: int, words: str) -> None:
    ann.store.create_folder("Suppliers/Paper")
    before = names(ann)
    answer = ann.client.post(path, fields)
    assert answer.status_code == status and words in answer.content.decode()
    assert names(ann) == before


def test_emptying_goes_to_the_bin_and_from_the_bin_for_good(ann: Actor) -> None:
    for number in range(3):
        ann.put(letter(subject=str(number)))
    ann.client.post("/mail/INBOX/empty")
    bin_name = ann.mail.find_special("\\Trash")
    assert not ann.mail.list_page("INBOX").rows and len(ann.mail.list_page(bin_name).rows) == 3
    page = ann.client.get("/mail/INBOX/").content.decode()
    assert "Inbox is empty now" in page and 'id="undo"' in page
    ann.client.post(f"/mail/{bin_name}/empty")
    assert not ann.mail.list_page(bin_name).rows


def test_subscription_and_use(ann: Actor) -> None:
    ann.store.create_folder("Old")
    ann.client.post("/mail/Old/subscribe", {"on": "1"})
    assert "Old" in ann.store.list_subscribed()
    ann.client.post("/mail/Old/subscribe", {"on": "0"})
    assert "Old" not in ann.store.list_subscribed()
    ann.client.post("/mail/Old/special", {"special": "\\Archive"})
    ann.mail._infos = None
    assert ann.mail.find_special("\\Archive") == "Old"
    assert [folder.special_use for folder in ann.mail.list_folders()].count("\\Archive") == 1


def test_all_folders_by_size_and_room(ann: Actor) -> None:
    ann.put(letter(text="x" * 50_000, subject="Heavy"), "Archive")
    page = ann.client.get("/mail/folders?sort=size").content.decode()
    assert page.index(">Archive<", page.index("<table")) < page.index(">Inbox<", page.index("<table"))
    assert "Heavy" in ann.client.get("/mail/space").content.decode()


def test_a_stranger_sees_no_folder(ann: Actor, cy: Actor) -> None:
    ann.store.create_folder("Private")
    assert cy.client.get("/mail/Private/properties").status_code == 404
    assert cy.client.post("/mail/Private/delete").status_code == 404
    assert "Private" in names(ann)


def test_labels(ann: Actor, seeded: int) -> None:
    page = ann.client.get("/mail/labels").content.decode()
    assert "$label1" in page and "Important" in page
    ann.client.post("/mail/labels", {"do": "add", "name": "Paid", "hue": "3"})
    ann.client.post("/mail/act", {"folder": "INBOX", "uid": seeded, "do": "label:Paid"}, **HX)
    assert "Paid" in ann.mail.find_row("INBOX", seeded).keywords
    assert '<span class="chip chip--label" data-hue="3">Paid</span>' in ann.client.get("/mail/INBOX/").content.decode()
    assert "Handrail detail" in ann.client.get("/mail/search?q=label:paid").content.decode()
    assert "Handrail detail" in ann.client.get("/mail/INBOX/?label=Paid").content.decode()
    assert "Nothing with this label" in ann.client.get("/mail/INBOX/?label=$label2").content.decode()
    ann.client.post("/mail/labels", {"do": "change", "keyword": "Paid", "name": "Settled", "hue": "4"})
    assert "Settled" in ann.client.get("/mail/INBOX/").content.decode()
    answer = ann.client.post("/mail/labels", {"do": "add", "name": "settled", "hue": "1"})
    assert answer.status_code == 422 and "There is a label settled already" in answer.content.decode()
    ann.client.post("/mail/labels", {"do": "hide", "keyword": "Paid"})
    assert "Settled" not in ann.client.get("/mail/labels").content.decode()
    ann.client.post("/mail/act", {"folder": "INBOX", "uid": seeded, "do": "unlabel:Paid"}, **HX)
    assert not ann.mail.find_row("INBOX", seeded).keywords


@pytest.mark.parametrize("name", ["Über wichtig", "a(b)", "$weird"])
def test_labels_with_names_that_imap_cannot_write(ann: Actor, seeded: int, name: str) -> None:
    from webmail import labels

    made = labels.add(mailbox_id=ann.mailbox.id, name=name, hue=1)
    assert made.keyword.startswith("facteur-")
    ann.client.post("/mail/act", {"folder": "INBOX", "uid": seeded, "do": f"label:{made.keyword}"}, **HX)
    assert name in ann.client.get("/mail/INBOX/").content.decode()


def test_labels_cannot_smuggle(ann: Actor, seeded: int) -> None:
    for keyword in ("a b", "\\Seen", "x" * 200, 'q"uote'):
        assert ann.client.post("/mail/act", {"folder": "INBOX", "uid": seeded, "do": f"label:{keyword}"}, **HX).status_code == 400
    assert not ann.mail.find_row("INBOX", seeded).flags & flags.SEEN


def test_a_folder_that_cannot_be_made_is_said_beside_its_name(ann: Actor) -> None:
    ann.mail.create_folder("Paper")
    answer = ann.client.post("/mail/folders", {"name": "Paper"})
    page = answer.content.decode()
    assert answer.status_code == 422 and 'id="new-name-fault"' in page and 'value="Paper"' in page
    assert ann.client.post("/mail/folders", {"name": " "}).status_code == 422
