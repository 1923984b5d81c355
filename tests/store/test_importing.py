"""Mail goes out and comes in again as it was; what is broken is named."""

import mailbox
from collections.abc import Callable
from pathlib import Path

import pytest

from mailcore.kernel.errors import Conflict, NotFound
from mailcore.kernel.flags import ANSWERED, DELETED, FLAGGED, SEEN
from mailcore.kernel.ids import MailboxId
from mailcore.store import checking
from mailcore.store.exporting import Form, export_mailbox
from mailcore.store.importing import import_path
from mailcore.store.mailstore import LocalMailStore

from .conftest import MAILBOX
from .letters import letter

OTHER = MailboxId(MAILBOX + 7)
Add = Callable[..., int]


def read_all(store: LocalMailStore, *, flags: bool = True) -> set[tuple[object, ...]]:
    found: set[tuple[object, ...]] = set()
    for info in store.list_folders():
        snapshot = store.open(info.name, read_only=True)
        state = dict(zip(snapshot.uids, snapshot.flags, strict=True))
        for uid, raw, received in store.fetch(info.id, list(snapshot.uids), ["raw", "internaldate"]):
            found.add((info.name, raw, *((state[uid], snapshot.keywords.get(uid, ""), received) if flags else ())))
    return found


@pytest.fixture
def filled(store: LocalMailStore) -> LocalMailStore:
    store.create_folder("Été/Sub & co")
    for folder, flags, words in (("INBOX", SEEN | FLAGGED, "a b"), ("INBOX", 0, ""), ("Été/Sub & co", ANSWERED | DELETED, "b c")):
        raw = letter(body="From the start\r\n\r\nFrom here\r\n>From there\r\n")
        store.append(folder, raw, flags=flags, keywords=frozenset(words.split()), internaldate=1_000_000_000 + flags)
    return store


def test_maildir_there_and_back(filled: LocalMailStore, tmp_path: Path) -> None:
    assert export_mailbox(MAILBOX, tmp_path / "out") == 3
    report = import_path(OTHER, tmp_path / "out")
    assert (report.stored, report.failures) == (3, [])
    assert read_all(LocalMailStore(OTHER)) == read_all(filled)
    assert checking.check_mail() == []
    with pytest.raises(Conflict):
        export_mailbox(MAILBOX, tmp_path / "out")


def test_eml_there_and_back(filled: LocalMailStore, tmp_path: Path) -> None:
    export_mailbox(MAILBOX, tmp_path / "out", form=Form.EML)
    assert import_path(OTHER, tmp_path / "out").stored == 3
    assert read_all(LocalMailStore(OTHER), flags=False) == read_all(filled, flags=False)


def test_mbox_keeps_text_flags_and_dates(filled: LocalMailStore, tmp_path: Path) -> None:
    export_mailbox(MAILBOX, tmp_path / "out", form=Form.MBOX)
    assert len(mailbox.mbox(tmp_path / "out" / "INBOX.mbox")) == 2
    assert import_path(OTHER, tmp_path / "out").stored == 3
    before, after = read_all(filled), read_all(LocalMailStore(OTHER))
    assert {(row[0], *row[2:]) for row in before} == {(row[0], *row[2:]) for row in after}
    bodies = {str(row[1]).partition("\\r\\n\\r\\n")[2] for row in before}
    assert {str(row[1]).partition("\\r\\n\\r\\n")[2] for row in after} == bodies


def test_a_maildir_of_another_program(db: None, tmp_path: Path) -> None:
    box = mailbox.Maildir(tmp_path / "md")
    message = mailbox.MaildirMessage(letter().replace(b"\r\n", b"\n"))
    message.set_flags("FRS")
    message.set_subdir("cur")
    message.set_date(1_200_000_000)
    box.add(message)
    folder = box.add_folder("Lists.&AMk-t&AOk-")
    folder.add(letter(subject="new one").replace(b"\r\n", b"\n"))
    report = import_path(OTHER, tmp_path / "md")
    assert (report.stored, report.folders) == (2, {"INBOX", "Lists/Été"})
    store = LocalMailStore(OTHER)
    assert list(store.open("INBOX", read_only=True).flags) == [FLAGGED | ANSWERED | SEEN]
    rows = list(store.fetch(store.get_folder("INBOX").id, [1], ["internaldate", "raw"]))
    assert rows[0][1] == 1_200_000_000
    assert b"\n" not in rows[0][2].replace(b"\r\n", b"")
    assert store.get_folder("Lists/Été").unseen == 1


def test_broken_files_are_named_and_the_rest_comes_in(db: None, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "good.eml").write_bytes(letter())
    (tmp_path / "empty.eml").write_bytes(b"")
    (tmp_path / "picture.eml").write_bytes(bytes(range(256)) * 10)
    (tmp_path / "sub" / "also good.eml").write_bytes(letter())
    (tmp_path / "folder.mbox").write_bytes(b"From a@b Mon Jan  5 10:00:00 2026\n" + letter() + b"\nFrom broken\n\nFrom c@d\n" + letter())
    report = import_path(OTHER, tmp_path)
    assert report.stored == 4
    assert sorted(Path(failure.source.split(" (")[0]).name for failure in report.failures) == ["empty.eml", "folder.mbox", "picture.eml"]
    assert report.folders == {"INBOX", "sub", "folder"}
    assert checking.check_mail() == []


def test_importing_again_adds_only_what_is_missing(db: None, tmp_path: Path) -> None:
    raw = letter()
    (tmp_path / "1.eml").write_bytes(raw)
    (tmp_path / "copy of 1.eml").write_bytes(raw)
    assert import_path(OTHER, tmp_path).stored == 1
    (tmp_path / "2.eml").write_bytes(letter())
    report = import_path(OTHER, tmp_path)
    assert (report.stored, report.already_there) == (1, 2)
    with pytest.raises(NotFound):
        import_path(OTHER, tmp_path / "nowhere")
