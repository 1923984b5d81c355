"""Folders of others: who sees them, what each right opens, and whose \\Seen is whose (RFC 4314)."""

from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from mailcore.directory import domains, mailboxes
from mailcore.directory.models import Mailbox
from mailcore.kernel.errors import Denied, MailError, NotFound, OverQuota, Refused
from mailcore.kernel.flags import DELETED, FLAGGED, SEEN
from mailcore.kernel.ids import FolderId, MailboxId
from mailcore.kernel.mailstore import FlagMode, NewMessage, TextLeaf
from mailcore.store.models import Change, Grant, SeenBy
from mailcore.store.sharing.household import SharingMailStore
from mailcore.store.writer.folders import remove_mailbox
from tests.imap.builders import Client

ANN = "Other Users/ann@example.org"
Stores = dict[str, SharingMailStore]


@pytest.fixture
def stores(db: None) -> Stores:
    domains.create(name="example.org")
    made = {}
    for name in ("ann", "bo", "cy", "info"):
        row = mailboxes.create(address=f"{name}@example.org", password=None)
        if name == "info":
            Mailbox.objects.filter(pk=row.pk).update(user=None)
        made[name] = SharingMailStore(MailboxId(row.pk))
    for number in range(3):
        made["ann"].append("INBOX", f"Subject: {number}\r\n\r\nx".encode(), flags=0, keywords=frozenset(), internaldate=None)
    return made


def share(stores: Stores, rights: str, folder: str = "INBOX", who: str = "bo@example.org") -> None:
    stores["ann"].set_grant(folder, who, FlagMode.REPLACE, rights)


def flags_in(store: SharingMailStore, name: str) -> list[int]:
    return list(store.open(name, read_only=True).flags)


def test_nothing_is_seen_until_it_is_shared(stores: Stores) -> None:
    before = [info.name for info in stores["bo"].list_folders()]
    assert not any(name.startswith("Other Users") for name in before)
    for call in (stores["bo"].get_folder, stores["bo"].get_rights, stores["bo"].list_grants, stores["bo"].delete_folder):
        with pytest.raises(NotFound):
            call(f"{ANN}/INBOX")
    share(stores, "lr")
    assert [info.name for info in stores["bo"].list_folders()] == [*before, f"{ANN}/INBOX"]
    assert f"{ANN}/INBOX" not in [info.name for info in stores["cy"].list_folders()]
    assert stores["bo"].get_rights(f"{ANN}/INBOX") == "lr"
    assert stores["bo"].get_folder(f"{ANN}/INBOX").messages == 3


def test_anyone_and_what_is_taken_away(stores: Stores) -> None:
    share(stores, "lrs", who="anyone")
    share(stores, "rs", who="-cy@example.org")
    assert stores["bo"].get_rights(f"{ANN}/INBOX") == "lrs"
    assert stores["cy"].get_rights(f"{ANN}/INBOX") == "l"
    assert stores["ann"].list_grants("INBOX") == [
        ("ann@example.org", "lrswipkxtea"), ("anyone", "lrs"), ("-cy@example.org", "rs"),
    ]  # fmt: skip


def test_without_lookup_a_folder_is_not_listed_but_can_be_used(stores: Stores) -> None:
    share(stores, "i")
    assert not any(info.name.startswith("Other") for info in stores["bo"].list_folders())
    stores["bo"].append(f"{ANN}/INBOX", b"Subject: in\r\n\r\n", flags=SEEN | FLAGGED, keywords=frozenset(("k",)), internaldate=None)
    assert flags_in(stores["ann"], "INBOX")[-1] == 0
    # What there is to read is not told, not even that it may not be read.
    with pytest.raises(NotFound):
        stores["bo"].open(f"{ANN}/INBOX", read_only=True)


def act(stores: Stores) -> dict[str, tuple[str, Callable[[FolderId], object]]]:
    """What can be done in a folder of Ann's, and the rights it takes."""
    bo, inbox, none = stores["bo"], f"{ANN}/INBOX", frozenset[str]()
    return {
        "read": ("r", lambda _: bo.open(inbox, read_only=False)),
        "append": ("i", lambda _: bo.append(inbox, b"Subject: x\r\n\r\n", flags=0, keywords=none, internaldate=None)),
        "copy in": ("i", lambda _: bo.copy(bo.get_folder("INBOX").id, [1], inbox)),
        "copy out": ("r", lambda folder: bo.copy(folder, [1], "INBOX")),
        "move out": ("rte", lambda folder: bo.move(folder, [1], "INBOX")),
        "seen": ("rs", lambda folder: bo.store_flags(folder, [1], mode=FlagMode.ADD, flags=SEEN, keywords=none)),
        "deleted": ("rt", lambda folder: bo.store_flags(folder, [1], mode=FlagMode.ADD, flags=DELETED, keywords=none)),
        "flagged": ("rw", lambda folder: bo.store_flags(folder, [1], mode=FlagMode.ADD, flags=FLAGGED, keywords=none)),
        "keyword": ("rw", lambda folder: bo.store_flags(folder, [1], mode=FlagMode.ADD, flags=0, keywords=frozenset(("k",)))),
        "expunge": ("e", lambda folder: bo.expunge(folder, None)),
        "create": ("k", lambda _: bo.create_folder(f"{inbox}/New")),
        "delete": ("x", lambda _: bo.delete_folder(f"{ANN}/Archive")),
        "rename": ("xk", lambda _: bo.rename_folder(f"{ANN}/Archive", f"{ANN}/INBOX/Old")),
        "grants": ("a", lambda _: bo.list_grants(inbox)),
        "grant": ("a", lambda _: bo.set_grant(inbox, "cy@example.org", FlagMode.ADD, "r")),
        "search": ("r", lambda folder: bo.match(folder, TextLeaf("subject", "1"), [1, 2, 3])),
        "sort": ("r", lambda folder: bo.sort(folder, [("date", False)], [1])),
        "thread": ("r", lambda folder: bo.thread(folder, "references", [1])),
        "fetch": ("r", lambda folder: list(bo.fetch(folder, [1], ["raw"]))),
        "changes": ("r", lambda folder: bo.changes_since(folder, 0)),
        "deleted ones": ("r", lambda folder: bo.count_deleted(folder)),
        "replace": ("irte", lambda folder: bo.append_many(inbox, [NewMessage(b"Subject: y\r\n\r\n")], replacing=(folder, 1))),
        "notes": ("r", lambda _: bo.get_annotations(inbox)),
    }


@pytest.mark.parametrize("what", [
    "read", "append", "copy in", "copy out", "move out", "seen", "deleted", "flagged", "keyword", "expunge", "create", "delete", "rename",
    "grants", "grant", "search", "sort", "thread", "fetch", "changes", "deleted ones", "replace", "notes",
])  # fmt: skip
def test_each_act_takes_its_rights_and_no_others(stores: Stores, what: str) -> None:
    needed, run = act(stores)[what]
    stores["bo"].append("INBOX", b"Subject: mine\r\n\r\n", flags=0, keywords=frozenset(), internaldate=None)
    share(stores, "l", "Archive")
    share(stores, "l")
    folder_id = stores["bo"].get_folder(f"{ANN}/INBOX").id
    for missing in needed:
        given = "l" + "".join(right for right in "rswipkxtea" if right != missing)
        share(stores, given, "Archive")
        share(stores, given)
        with pytest.raises(Denied):
            run(folder_id)
    share(stores, "l" + needed, "Archive")
    share(stores, "l" + needed)
    run(folder_id)


def test_seen_is_everybodys_own(stores: Stores) -> None:
    share(stores, "lrsw")
    share(stores, "lr", who="cy@example.org")
    inbox = f"{ANN}/INBOX"
    bo, cy, ann = stores["bo"], stores["cy"], stores["ann"]
    opened = bo.open(inbox, read_only=False)
    [state] = bo.store_flags(opened.folder.id, [2], mode=FlagMode.ADD, flags=SEEN | FLAGGED, keywords=frozenset())
    assert state.flags == SEEN | FLAGGED
    assert flags_in(bo, inbox) == [0, SEEN | FLAGGED, 0]
    assert flags_in(cy, inbox) == flags_in(ann, "INBOX") == [0, FLAGGED, 0]
    assert [bo.get_folder(inbox).unseen, cy.get_folder(inbox).unseen, ann.get_folder("INBOX").unseen] == [2, 3, 3]
    # The reader's other sessions hear of it by the journal.
    delta = bo.changes_since(opened.folder.id, opened.folder.highestmodseq)
    assert [(one.uid, one.flags) for one in delta.changed] == [(2, SEEN | FLAGGED)]
    ann.store_flags(opened.folder.id, [1, 2, 3], mode=FlagMode.ADD, flags=SEEN, keywords=frozenset())
    assert flags_in(bo, inbox) == [0, SEEN | FLAGGED, 0]
    bo.store_flags(opened.folder.id, [2], mode=FlagMode.REPLACE, flags=0, keywords=frozenset())
    assert flags_in(bo, inbox) == [0, 0, 0]
    assert flags_in(ann, "INBOX") == [SEEN, SEEN, SEEN]


def test_flags_out_of_reach_stay_as_they_are(stores: Stores) -> None:
    share(stores, "lrt")
    ann, bo = stores["ann"], stores["bo"]
    folder_id = bo.get_folder(f"{ANN}/INBOX").id
    ann.store_flags(folder_id, [1], mode=FlagMode.ADD, flags=FLAGGED, keywords=frozenset(("work",)))
    bo.store_flags(folder_id, [1, 2], mode=FlagMode.REPLACE, flags=DELETED | SEEN, keywords=frozenset())
    assert flags_in(ann, "INBOX") == [FLAGGED | DELETED, DELETED, 0]
    assert ann.open("INBOX", read_only=True).keywords == {1: "work"}
    with pytest.raises(Denied):
        bo.store_flags(folder_id, [1], mode=FlagMode.REMOVE, flags=FLAGGED, keywords=frozenset())


def test_a_change_that_was_overtaken_is_held_back(stores: Stores) -> None:
    share(stores, "lrsw")
    bo = stores["bo"]
    opened = bo.open(f"{ANN}/INBOX", read_only=False)
    stores["ann"].store_flags(opened.folder.id, [1], mode=FlagMode.ADD, flags=FLAGGED, keywords=frozenset())
    changed = bo.store_flags(
        opened.folder.id, [1, 2], mode=FlagMode.ADD, flags=SEEN, keywords=frozenset(), unchanged_since=opened.folder.highestmodseq
    )
    assert [state.uid for state in changed] == [2]


def test_mail_goes_from_one_mailbox_to_another(stores: Stores) -> None:
    share(stores, "lrstewi")
    ann, bo, inbox = stores["ann"], stores["bo"], f"{ANN}/INBOX"
    folder_id = bo.get_folder(inbox).id
    bo.store_flags(folder_id, [1], mode=FlagMode.ADD, flags=SEEN | FLAGGED, keywords=frozenset(("k",)))
    assert bo.copy(folder_id, [1, 99], "Archive").pairs == [(1, 1)]
    assert flags_in(bo, "Archive") == [SEEN | FLAGGED]
    assert bo.move(folder_id, [1, 2], "Archive").pairs == [(1, 2), (2, 3)]
    assert ann.get_folder("INBOX").messages == ann.quota().messages == 1
    assert bo.quota().messages == 3
    assert dict(bo.fetch(bo.get_folder("Archive").id, [2], ["raw"]))[2].startswith(b"Subject: 0")
    back = bo.copy(bo.get_folder("Archive").id, [1, 3], inbox)
    assert [new for _, new in back.pairs] == [4, 5]
    assert flags_in(bo, inbox) == [0, SEEN | FLAGGED, 0]
    assert flags_in(ann, "INBOX") == [0, FLAGGED, 0]


def test_room_is_the_owners(stores: Stores) -> None:
    share(stores, "lri")
    bo = stores["bo"]
    bo.append("INBOX", b"Subject: large\r\n\r\n" + b"x" * 2_000, flags=0, keywords=frozenset(), internaldate=None)
    mailboxes.set_quota(mailbox_id=stores["ann"].mailbox_id, quota_bytes=1_000)
    with pytest.raises(OverQuota):
        bo.copy(bo.get_folder("INBOX").id, [1], f"{ANN}/INBOX")
    with pytest.raises(OverQuota):
        bo.append(f"{ANN}/INBOX", b"x" * 2_000, flags=0, keywords=frozenset(), internaldate=None)
    assert stores["ann"].get_folder("INBOX").messages == 3


def test_new_folders_take_the_rights_of_the_one_around_them(stores: Stores) -> None:
    share(stores, "lrk")
    assert stores["bo"].create_folder(f"{ANN}/INBOX/Below").name == f"{ANN}/INBOX/Below"
    assert stores["bo"].get_rights(f"{ANN}/INBOX/Below") == "lrk"
    stores["ann"].create_folder("INBOX/Other")
    assert stores["bo"].get_rights(f"{ANN}/INBOX/Other") == "lrk"


@pytest.mark.parametrize("name", ["Other Users/x", "Shared", "Shared/ann@example.org/New", f"{ANN}/New", f"{ANN}/INBOX/a/b", "Other Users"])
def test_names_that_cannot_be_made(stores: Stores, name: str) -> None:
    share(stores, "lrk")
    with pytest.raises(MailError):
        stores["bo"].create_folder(name)
    assert Change.objects.filter(mailbox_id=stores["bo"].mailbox_id).count() == 0


def test_folders_stay_in_their_mailbox(stores: Stores) -> None:
    share(stores, "lrswipkxtea")
    share(stores, "lrswipkxtea", "Archive")
    for old, new in ((f"{ANN}/Archive", "Mine"), ("Archive", f"{ANN}/INBOX/Mine"), (f"{ANN}/Archive", "Shared/info@example.org/INBOX/x")):
        with pytest.raises((Refused, NotFound)):
            stores["bo"].rename_folder(old, new)


def test_what_is_nobodys_own_is_shared(stores: Stores) -> None:
    stores["info"].set_grant("INBOX", "bo@example.org", FlagMode.REPLACE, "lr")
    assert stores["bo"].list_folders()[-1].name == "Shared/info@example.org/INBOX"
    assert stores["bo"].open("Shared/info@example.org/INBOX", read_only=True).folder.messages == 0
    with pytest.raises(NotFound):
        stores["bo"].open("Other Users/info@example.org/INBOX", read_only=True)


def test_what_is_taken_back_ends_at_once(stores: Stores) -> None:
    share(stores, "lr")
    client = Client(stores["bo"])
    assert b"[READ-ONLY]" in client.run(f'SELECT "{ANN}/INBOX"'.encode())
    share(stores, "")
    assert b"* BYE" in client.run(b"NOOP")
    assert not Grant.objects.exists()


def test_nobody_of_that_name(stores: Stores) -> None:
    for who in ("dora@example.org", "", "-", "group", "$admins", "ann@elsewhere.example"):
        with pytest.raises(NotFound):
            stores["ann"].set_grant("INBOX", who, FlagMode.REPLACE, "l")
    with pytest.raises(Denied):
        stores["ann"].set_grant("INBOX", "ann@example.org", FlagMode.REMOVE, "a")


def test_what_goes_with_a_folder_and_with_a_mailbox(stores: Stores) -> None:
    share(stores, "lrs")
    share(stores, "lrs", "Archive")
    folder_id = stores["bo"].open(f"{ANN}/INBOX", read_only=False).folder.id
    stores["bo"].store_flags(folder_id, [1], mode=FlagMode.ADD, flags=SEEN, keywords=frozenset())
    stores["ann"].delete_folder("Archive")
    assert Grant.objects.count() == SeenBy.objects.count() == 1
    remove_mailbox(mailbox_id=stores["ann"].mailbox_id)
    assert Grant.objects.count() == SeenBy.objects.count() == 0


def test_a_session_in_a_folder_of_another(stores: Stores) -> None:
    share(stores, "lrsti")
    client = Client(stores["bo"])
    name = f'"{ANN}/INBOX"'.encode()
    listed = client.ok(b'LIST "" "*" RETURN (MYRIGHTS STATUS (MESSAGES UNSEEN))')
    assert b'* LIST (\\HasChildren) "/" "Other Users/ann@example.org"' not in listed
    assert b"* MYRIGHTS " + name + b" lrsitd\r\n" in listed
    assert b"* STATUS " + name + b" (MESSAGES 3 UNSEEN 3)\r\n" in listed
    answer = client.run(b"SELECT " + name)
    assert b"PERMANENTFLAGS (\\Deleted \\Seen)" in answer
    assert b"* 0 RECENT" in answer
    assert b"FLAGS (\\Seen)" in client.ok(b"FETCH 1 (BODY[])")
    assert b" NO [NOPERM]" in client.run(b"STORE 1 +FLAGS (\\Flagged)")
    assert client.ok(b"SEARCH SEEN") == b"* SEARCH 1\r\n"
    assert client.ok(b"GETQUOTAROOT " + name) == b"* QUOTAROOT " + name + b"\r\n"
    assert client.session.watched_mailbox_ids == {stores["ann"].mailbox_id, stores["bo"].mailbox_id}
    assert client.ok(b"CLOSE") == b""
    assert stores["ann"].get_folder("INBOX").messages == 3


def test_private_notes_are_the_readers_own_and_shared_ones_need_a_right(stores: Stores) -> None:
    share(stores, "lr")
    name = f"{ANN}/INBOX"
    stores["ann"].set_annotations("INBOX", {"/private/comment": b"ann's", "/shared/comment": b"for all"})
    stores["bo"].set_annotations(name, {"/private/comment": b"bo's"})
    assert dict(stores["bo"].get_annotations(name)) == {"/private/comment": b"bo's", "/shared/comment": b"for all"}
    assert stores["ann"].get_annotations("INBOX")["/private/comment"] == b"ann's"
    with pytest.raises(Denied):
        stores["bo"].set_annotations(name, {"/private/comment": b"x", "/shared/comment": b"mine"})
    assert stores["bo"].get_annotations(name)["/private/comment"] == b"bo's"
    with pytest.raises(NotFound):
        stores["cy"].get_annotations(name)
    share(stores, "lrw")
    stores["bo"].set_annotations(name, {"/private/comment": None, "/shared/comment": b"both"})
    assert dict(stores["bo"].get_annotations(name)) == {"/shared/comment": b"both"}
    assert stores["ann"].get_annotations("INBOX")["/shared/comment"] == b"both"
    assert stores["bo"].annotation_changes(0) == []


def test_rights_are_set_from_the_command_line(stores: Stores) -> None:
    out = StringIO()
    call_command("share", "set", "info@example.org", "INBOX", "bo@example.org", "lrd", stdout=out)
    assert stores["bo"].get_rights("Shared/info@example.org/INBOX") == "lrxte"
    call_command("share", "list", "info@example.org", "INBOX", stdout=out)
    assert "bo@example.org\tlrxte\n" in out.getvalue()
    call_command("share", "remove", "info@example.org", "INBOX", "bo@example.org", stdout=out)
    assert not Grant.objects.exists()
    for wrong in (("INBOX", "nobody@example.org", "l"), ("INBOX", "bo@example.org", "lz"), ("Nowhere", "bo@example.org", "l")):
        with pytest.raises(CommandError):
            call_command("share", "set", "info@example.org", *wrong, stdout=out)
