"""Whole accounts come with folders, flags and dates; killed and repeated, nothing is doubled."""

import dataclasses
import time
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from mailcore.directory import mailboxes
from mailcore.directory.models import Mailbox
from mailcore.kernel.flags import ANSWERED, DELETED, FLAGGED, SEEN
from mailcore.kernel.ids import MailboxId
from mailcore.kernel.mailstore import FlagMode
from mailcore.retrieval import csvlist, foldernames, leases, polling, transferring, transfers
from mailcore.retrieval.imapside import RemoteFolder
from mailcore.retrieval.models import Transfer, TransferMessage
from mailcore.store import checking
from mailcore.store.mailstore import LocalMailStore
from tests.builders import message

from .cast import kept, letters, subjects
from .fakes import HOST, FakeFolder, FakeImap, Kept, Lying, serving


def account() -> list[FakeFolder]:
    first, second, third, fourth = letters(4)
    return [
        FakeFolder(b"INBOX", [Kept(3, first, "\\Seen \\Answered work $Forwarded"), Kept(8, second, "\\Deleted \\Strange")]),
        FakeFolder(b"Envoy&AOk-s", [Kept(1, third, "\\Seen", "01-Feb-2003 04:05:06 +0200")], attributes="\\Sent"),
        FakeFolder(b"A.b/c", [Kept(1, fourth)]),
        FakeFolder(b"Empty"),
        FakeFolder(b"Only", attributes="\\Noselect"),
    ]


def wanted(server: FakeImap, **more: object) -> transfers.Wanted:
    base = transfers.Wanted(address="ann@here.test", host=HOST, port=server.port, login="ann", secret="pw", security="none")
    return dataclasses.replace(base, **more)  # type: ignore[arg-type]


def bring(server: FakeImap, **more: object) -> Transfer:
    [transfer] = transfers.ask_for([wanted(server, **more)])
    return go_on(transfer)


def go_on(transfer: Transfer) -> Transfer:
    now = int(time.time())
    Transfer.objects.filter(pk=transfer.pk).update(next_run_at=0)
    [claimed] = leases.claim(polling.due_transfers(now), now=now, limit=1)
    transferring.run(claimed)
    transfer.refresh_from_db()
    return transfer


def counts(transfer: Transfer) -> transfers.Totals:
    return transfers.add_up([transfer])[transfer.pk]


def test_an_account_comes_with_all_it_has(ann: Mailbox) -> None:
    server = FakeImap(account())
    server.delimiter = "."
    with serving(server):
        transfer = bring(server)
    assert (transfer.state, transfer.fault, transfer.runs) == ("done", "", 1)
    one, two = kept(ann)
    assert (one.flags, one.keywords) == (SEEN | ANSWERED, frozenset({"work", "$Forwarded"}))
    assert (two.flags, two.keywords) == (DELETED, frozenset())
    assert one.internaldate == 1_752_720_265
    [sent] = kept(ann, "Sent")
    assert (sent.internaldate, sent.raw) == (1_044_065_106, letters(3)[2])
    assert len(kept(ann, "A/b_c")) == 1
    names = {row.shown: (row.target, bool(row.note)) for row in transfers.list_folders(transfer)}
    assert names["Envoyés"] == ("Sent", False) and names["Only"] == ("", True)
    assert counts(transfer) == transfers.Totals(there=4, here=4, copied=4, folders=4, done=4)
    assert checking.check_mail() == []


def test_a_second_run_brings_only_what_is_new_and_what_changed(ann: Mailbox) -> None:
    server = FakeImap(account())
    with serving(server):
        transfer = bring(server)
        inbox = server.folders[b"INBOX"]
        inbox.kept[0].flags = "\\Seen \\Flagged"
        inbox.kept.append(Kept(9, message(subject="New", message_id="<new@there.test>")))
        store = LocalMailStore(MailboxId(ann.pk))
        # What was changed here and not there stays as it is.
        store.store_flags(store.get_folder("INBOX").id, [2], mode=FlagMode.REPLACE, flags=SEEN, keywords=frozenset())
        again = bring(server)
    assert again.pk == transfer.pk
    found = counts(again)
    assert (found.copied, found.already, found.changed, found.there, found.here) == (1, 4, 1, 5, 5)
    assert [one.flags for one in kept(ann)] == [SEEN | FLAGGED, SEEN, 0]
    assert subjects(ann) == ["Subject: Letter 1", "Subject: Letter 2", "Subject: New"]
    fetched = [one for one in server.commands if "BODY.PEEK[]" in one]
    assert fetched[-1].startswith("UID FETCH 9 ")


def test_new_uids_do_not_bring_it_all_again(ann: Mailbox) -> None:
    server = FakeImap(account())
    with serving(server):
        bring(server)
        for folder in server.folders.values():
            folder.uidvalidity += 1
            folder.kept = [Kept(at + 100, one.raw, one.flags, one.date) for at, one in enumerate(reversed(folder.kept))]
        again = bring(server)
        third = bring(server)
    for transfer in (again, third):
        assert counts(transfer).copied == 0
    assert len(kept(ann)) == 2
    assert sorted(TransferMessage.objects.values_list("uid", flat=True)) == [100, 100, 100, 101]


def test_a_run_that_is_killed_goes_on_where_it_was(ann: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    monkeypatch.setattr(transferring, "WINDOW", 3)
    folder = FakeFolder(b"INBOX", [Kept(at, raw) for at, raw in enumerate(letters(20), 1)])
    server = FakeImap([folder])
    keep, windows = transferring._Folder._keep, 0

    def keep_and_die(self: transferring._Folder, *args: object) -> None:
        nonlocal windows
        windows += 1
        if windows == 3:
            raise Killed
        keep(self, *args)  # type: ignore[arg-type]
        if windows == 5:
            raise Killed

    monkeypatch.setattr(transferring._Folder, "_keep", keep_and_die)
    with serving(server):
        [transfer] = transfers.ask_for([wanted(server)])
        for _ in range(2):
            with pytest.raises(Killed):
                go_on(transfer)
            Transfer.objects.update(lease="", lease_until=0)
        go_on(transfer)
    assert len(subjects(ann)) == 20 == len(set(subjects(ann)))
    assert counts(transfer) == transfers.Totals(there=20, here=20, copied=20, folders=1, done=1)


def test_a_break_is_tried_again_and_a_wrong_password_is_not(ann: Mailbox) -> None:
    server = FakeImap(account(), lying=Lying(drop_in=8))
    with serving(server):
        transfer = bring(server)
        assert (transfer.state, transfer.fault) == ("running", "broken")
        assert time.time() + 30 < transfer.next_run_at < time.time() + 90
        server.lying = Lying()
        assert go_on(transfer).state == "done"
        server.lying = Lying(refuse_login="no")
        again = bring(server)
        assert (again.state, again.fault) == ("failed", "login")


def test_a_message_without_end_is_refused_alone(ann: Mailbox) -> None:
    server = FakeImap(account(), lying=Lying(size=150, flood_in=3))
    with serving(server):
        transfer = bring(server)
    assert transfer.state == "done"
    assert subjects(ann) == ["Subject: Letter 2"]
    [refused] = transfers.list_refused(transfer)
    assert (refused.uid, refused.folder.shown) == (3, "INBOX")


def test_too_large_and_over_quota_are_named_and_tried_again(ann: Mailbox) -> None:
    folder = FakeFolder(
        b"INBOX", [Kept(1, b"Subject: Big\r\n\r\n" + b"x" * 2_000_001), *(Kept(at, raw) for at, raw in enumerate(letters(4), 2))]
    )
    server = FakeImap([folder])
    Mailbox.objects.filter(pk=ann.pk).update(quota_bytes=1_000)
    with serving(server):
        transfer = bring(server)
        reasons = [one.refusal for one in transfers.list_refused(transfer)]
        assert "larger" in reasons[0] and all("quota" in one for one in reasons[1:]) and len(reasons) > 1
        Mailbox.objects.filter(pk=ann.pk).update(quota_bytes=0)
        again = bring(server)
    assert len(subjects(ann)) == 4
    assert counts(again).refused == 1


def test_folders_are_left_out_by_pattern(ann: Mailbox) -> None:
    server = FakeImap(account())
    with serving(server):
        transfer = bring(server, excluded=("a.*", "envoy*"))
    assert {row.shown for row in transfers.list_folders(transfer) if row.note == "It was excluded."} == {"A.b/c", "Envoyés"}


def test_a_stopped_one_keeps_nothing_more(ann: Mailbox) -> None:
    server = FakeImap(account())
    with serving(server):
        [transfer] = transfers.ask_for([wanted(server)])
        [claimed] = leases.claim(polling.due_transfers(int(time.time())), now=int(time.time()), limit=1)
        transfers.stop(transfer=transfer)
        with pytest.raises(leases.LeaseLost):
            transferring.run(claimed)
        assert not polling.due_transfers(int(time.time()))
        transfers.again(transfer=transfer)
        assert go_on(transfer).state == "done"


NAMES = [
    # server's name, delimiter, attributes, prefix → here
    (b"INBOX", ".", "", "INBOX.", "INBOX"),
    (b"INBOX.Work.2024", ".", "", "INBOX.", "Work/2024"),
    (b"INBOX.Sent", ".", "", "INBOX.", "Sent"),
    (b"Sent Items", "/", "", "", "Sent"),
    (b"Papierkorb", "/", "\\trash", "", "Trash"),
    (b"inbox/Below", "/", "", "", "INBOX/Below"),
    (b"a/b", ".", "", "", "a_b"),
    (b"~mail/x", "/", "", "~mail/", "x"),
    (b"&ZeVnLIqe-", "/", "", "", "日本語"),
    (b"R&-D", "/", "", "", "R&D"),
    (b"a//b", "/", "", "", "a/_/b"),
    (b"Odd&AAk-tab", "/", "", "", "Odd_tab"),
    (b"Bad&utf", "/", "", "", "Bad&utf"),
    (b"NoDelimiter.x", "", "", "", "NoDelimiter.x"),
]


@pytest.mark.parametrize(("raw", "delimiter", "attributes", "prefix", "target"), NAMES)
def test_names_of_folders(raw: bytes, delimiter: str, attributes: str, prefix: str, target: str) -> None:
    found = RemoteFolder(raw, delimiter, frozenset(attributes.split()))
    [place] = foldernames.plan([found], prefix=prefix, foreign=(), excluded=(), uses={"\\Sent": "Sent", "\\Trash": "Trash"})
    assert (place.target, place.note) == (target, "")


def test_no_two_folders_become_one() -> None:
    found = [RemoteFolder(raw, ".", frozenset()) for raw in (b"a/b", b"a_b", b"A_b", b"Sent", b"Sent Items", b"INBOX", b"inbox")]
    places = foldernames.plan(found, prefix="", foreign=(), excluded=(), uses={"\\Sent": "Sent"})
    targets = [place.target.casefold() for place in places]
    assert len(set(targets)) == len(targets) == 7


@pytest.mark.parametrize(
    ("raw", "attributes"),
    [(b"x\r\ny", ""), (b"caf\xe9", ""), (b"All Mail", "\\all"), (b"Users.bo.Sent", ""), (b"Shared", "\\noselect")],
)
def test_folders_that_are_not_brought(raw: bytes, attributes: str) -> None:
    found = RemoteFolder(raw, ".", frozenset(attributes.split()))
    [place] = foldernames.plan([found], prefix="", foreign=("Users.",), excluded=(), uses={})
    assert not place.target and place.note


def test_a_csv_file_names_what_is_wrong_with_each_line(ann: Mailbox) -> None:
    mailboxes.create(address="bo@here.test", password=None)
    base = transfers.Wanted(address="", host="old.test", login="", secret="", security="tls")
    text = "address;login;password;port\nann@here.test;ann;one;\nbo@here.test;;two;1143\n"
    text += "no@here.test;x;y;\nann@here.test;x;y;\nbo@elsewhere;x;y;z\n"
    lines = csvlist.read(text.encode(), base=base)
    assert [bool(line.wanted) for line in lines] == [True, True, False, False, False]
    assert lines[1].wanted is not None
    assert (lines[1].wanted.login, lines[1].wanted.secret, lines[1].wanted.port) == ("bo@here.test", "two", 1143)
    assert [line.number for line in lines] == [2, 3, 4, 5, 6]
    with pytest.raises(transfers.BadField):
        csvlist.read(b"\0", base=base)
    with pytest.raises(transfers.BadField):
        csvlist.read(b"name,login\nx,y\n", base=base)


def test_the_command_brings_many_and_says_what_became_of_each(ann: Mailbox, tmp_path: Path) -> None:
    mailboxes.create(address="bo@here.test", password=None)
    server = FakeImap(account())
    path = tmp_path / "accounts.csv"
    path.write_text("ann@here.test,ann,one\nbo@here.test,bo,two\n")
    more = {"csv": path, "port": server.port, "security": "none"}
    with serving(server):
        out = StringIO()
        call_command("migrate_account", HOST, dry_run=True, stdout=out, **more)
        assert "Envoyés\tSent" in out.getvalue()
        assert not Transfer.objects.exists()
        call_command("migrate_account", HOST, stdout=out, **more)
        assert "INBOX -> INBOX\t2 there, 2 here, 2 copied, 0 already here, 0 flags changed, 0 refused" in out.getvalue()
        assert Transfer.objects.filter(state="done").count() == 2
        path.write_text("ann@here.test,ann,one\nnobody@here.test,bo,two\n")
        with pytest.raises(CommandError, match="Nothing was done"):
            call_command("migrate_account", HOST, stdout=out, stderr=StringIO(), **more)
