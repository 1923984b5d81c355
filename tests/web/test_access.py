"""One contract, two implementations: in process, and by IMAPClient against this system's own server."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from imapclient import IMAPClient
from servers.conftest import ANN, SECRET, Ports, front  # noqa: F401 - a fixture

from mailcore.directory import mailboxes
from mailcore.kernel import flags
from mailcore.kernel.errors import NotFound
from mailcore.kernel.ids import MailboxId
from mailcore.mime.building import Attachment
from mailcore.store.mailstore import LocalMailStore
from webmail.access.imap import ImapMail
from webmail.access.local import LocalMail
from webmail.access.opened import open_letter
from webmail.access.port import MailAccess, Row, View
from webmail.access.queries import parse_query

from .builders import letter


@pytest.fixture
def store(front: Ports) -> LocalMailStore:  # noqa: F811
    return LocalMailStore(MailboxId(mailboxes.get(address=ANN).id))


@pytest.fixture
def both(front: Ports, store: LocalMailStore) -> Iterator[tuple[LocalMail, ImapMail]]:  # noqa: F811
    store.create_folder("Work/Bridge")
    for number in range(53):
        store.append(
            "INBOX",
            letter(subject=f"Number {number}"),
            flags=flags.SEEN if number % 2 else 0,
            keywords=frozenset(),
            internaldate=1_700_000_000 + number,
        )
    file = Attachment("plan.pdf", "application/pdf", b"%PDF")
    store.append(
        "INBOX",
        letter(subject="Plän", cc=("Tom <tom@x.example>",), attachments=(file,)),
        flags=0,
        keywords=frozenset(("$Forwarded",)),
        internaldate=1_700_001_000,
    )
    client = IMAPClient("127.0.0.1", port=front.imap, ssl=False)
    client.login(ANN, SECRET)
    try:
        yield LocalMail(store), ImapMail(client)
    finally:
        client.logout()


def plain(row: Row) -> Row:
    """Without what IMAP does not tell."""
    return replace(row, snippet="", thread_count=1, thread=0)


def test_reading_agrees(both: tuple[LocalMail, ImapMail]) -> None:
    local, imap = both
    assert local.list_folders() == imap.list_folders()
    pages = [mail.list_page("INBOX") for mail in both]
    assert [plain(row) for row in pages[0].rows] == [plain(row) for row in pages[1].rows]
    assert len(pages[0].rows) == 50 and pages[0].total == pages[1].total == 54
    rest = [mail.list_page("INBOX", before=page.before) for mail, page in zip(both, pages, strict=True)]
    assert [row.uid for row in rest[0].rows] == [row.uid for row in rest[1].rows] == [4, 3, 2, 1]
    assert rest[0].before == rest[1].before == ""
    for view in (
        View(shows=("unread",)),
        View(shows=("starred",)),
        View(sort="subject", is_ascending=True),
        View(sort="size"),
        View(keyword="$Forwarded"),
    ):
        assert [row.uid for row in local.list_page("INBOX", view=view).rows] == [
            row.uid for row in imap.list_page("INBOX", view=view).rows
        ], view
        assert local.list_uids("INBOX", view) == imap.list_uids("INBOX", view)
    raws = {mail.read_raw("INBOX", 54) for mail in both}
    assert len(raws) == 1
    assert plain(local.find_row("INBOX", 54)) == plain(imap.find_row("INBOX", 54))
    opened = open_letter(raws.pop(), local.find_row("INBOX", 54))
    assert opened.attachments[0].filename == "plan.pdf" and opened.cc[0].address == "tom@x.example"


def test_searching_agrees(both: tuple[LocalMail, ImapMail]) -> None:
    for typed in (
        "plän",
        "from:ingrid number",
        'subject:"Number 5"',
        "has:attachment",
        "is:unread plän",
        "before:2023",
        "after:2023-01 tom",
        "number -number",
        "larger:100",
        "filename:plan",
        "label:$Forwarded",
        "is:read from:ingrid",
    ):
        found = [[row.uid for row in mail.search(parse_query(typed)).rows] for mail in both]
        assert found[0] == found[1], typed


@pytest.mark.parametrize("index", [0, 1])
def test_changing(both: tuple[LocalMail, ImapMail], index: int) -> None:
    mail: MailAccess = both[index]
    mail.set_flag("INBOX", [1, 2], flag=flags.FLAGGED, on=True)
    mail.set_flag("INBOX", [1], keyword="$Forwarded", on=True)
    assert [row.uid for row in mail.list_page("INBOX", view=View(shows=("starred",))).rows] == [2, 1]
    assert "$Forwarded" in mail.find_row("INBOX", 1).keywords
    mail.set_flag("INBOX", [1], flag=flags.FLAGGED, on=False)
    assert not mail.find_row("INBOX", 1).flags & flags.FLAGGED
    moved = mail.move("INBOX", [3, 4], "Work/Bridge")
    assert moved.uids == (1, 2)
    assert [row.subject for row in mail.list_page("Work/Bridge").rows] == ["Number 3", "Number 2"]
    mail.delete_for_good("Work/Bridge", [1])
    assert [row.uid for row in mail.list_page("Work/Bridge").rows] == [2]
    mail.set_subscribed("Work/Bridge", False)
    mail.create_folder("Paper")
    assert mail.copy("INBOX", [5], "Paper").uids == (1,)
    mail.rename_folder("Paper", "Work/Paper")
    found = {folder.name: folder for folder in mail.list_folders()}
    assert found["Work/Paper"].messages == 1 and not found["Work/Bridge"].is_subscribed and found["Work/Paper"].size > 0
    mail.delete_folder("Work/Paper")
    assert "Work/Paper" not in [folder.name for folder in mail.list_folders()]
    drafts = mail.find_special("\\Drafts")
    uid = mail.append(drafts, letter(subject="Draft"), flags=flags.DRAFT | flags.SEEN)
    assert mail.find_row(drafts, uid).flags == flags.DRAFT | flags.SEEN
    for call in (lambda: mail.find_row("INBOX", 999), lambda: mail.read_raw("INBOX", 999), lambda: mail.list_page("Nowhere")):
        with pytest.raises(NotFound):
            call()
