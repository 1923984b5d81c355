"""Lists by key: every row once, there and back, whatever token somebody writes."""

import pytest
from directory.cast import Cast

from admin_panel import finding, paging
from mailcore.directory import access, mailboxes, users
from mailcore.directory.access import actor_of
from mailcore.directory.models import Mailbox

from .test_panel import as_

KEY = ("address__domain__name", "address__local")


@pytest.fixture
def many(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Cast:
    monkeypatch.setattr(paging, "PAGE", 3)
    for number in range(5):
        for domain in ("example.test", "other.test"):
            mailboxes.add(mailboxes.prepare(address=f"m{number}@{domain}"))
    return cast


def test_there_and_back(many: Cast) -> None:
    rows = access.list_mailboxes(actor_of(many.root))
    wanted = sorted(str(box.address) for box in Mailbox.objects.all())
    wanted.sort(key=lambda address: address.split("@")[::-1])
    pages = [paging.turn(rows, key=KEY)]
    while pages[-1].after:
        pages.append(paging.turn(rows, key=KEY, after=pages[-1].after))
    assert [str(box.address) for page in pages for box in page.rows] == wanted
    assert (pages[0].before, pages[0].count, pages[-1].after) == ("", len(wanted), "")
    back = [pages[-1]]
    while back[-1].before:
        back.append(paging.turn(rows, key=KEY, before=back[-1].before))
    assert [str(box.address) for page in back[::-1] for box in page.rows] == wanted


@pytest.mark.parametrize("token", ["x", "[]", "[1, 2]", '["a"]', "null", '["a", "b", "c"]', "{}"])
def test_a_token_nobody_made_is_the_first_page(many: Cast, token: str) -> None:
    rows = access.list_mailboxes(actor_of(many.root))
    assert paging.turn(rows, key=KEY, after=token).rows == paging.turn(rows, key=KEY).rows
    assert as_(many.root).get("/panel/mailboxes", {"after": token}).status_code == 200


def test_counting_ends_at_a_bound(many: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "COUNTED", 4)
    page = paging.turn(access.list_mailboxes(actor_of(many.root)), key=KEY)
    assert page.counted == "4 or more"


def test_in_many_rows_a_word_is_looked_for_at_the_beginning(many: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    assert many.cy.user_id is not None
    mailboxes.set_shown_name(mailbox_id=many.cy.id, shown_name="Cyril Smith")
    users.void(user_id=many.cy.user_id)
    root = actor_of(many.root)

    def found(search: str) -> list[str]:
        return [str(box.address) for box in finding.find_mailboxes(access.list_mailboxes(root), search, actor=root)]

    assert found("smith") == ["cy@other.test"]
    monkeypatch.setattr(finding, "FEW", 1)
    assert (found("smith"), found("cyri"), found("an")) == ([], ["cy@other.test"], ["ann@example.test"])
