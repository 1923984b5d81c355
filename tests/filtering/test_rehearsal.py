"""A script tried on past mail, and the command around it."""

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from mailcore.delivery import drain
from mailcore.filtering import rehearsal, scripts
from mailcore.filtering.models import Answered, Carried, SeenMessage
from mailcore.kernel.errors import NotFound
from mailcore.kernel.ids import MailboxId
from mailcore.queue.models import Entry
from mailcore.sieve.faults import ScriptFault
from mailcore.store.models import Folder
from tests.delivery.cast import RAW, make_domain, make_mailbox, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann() -> MailboxId:
    make_domain()
    mailbox_id = make_mailbox("ann@here.test")
    for subject in ("Bill 1", "Hello", "Bill 2"):
        send("ann@here.test", raw=RAW.replace(b"Subject: Hello", f"Subject: {subject}".encode()))
    drain.drain(owner="test")
    return mailbox_id


SCRIPT = 'require ["fileinto", "mailbox"];\nif header :contains "subject" "bill" {\n fileinto :create "Bills";\n}\n'


def test_each_message_gets_an_account(ann: MailboxId) -> None:
    accounts = rehearsal.rehearse(SCRIPT, ann)
    told = [(one.subject, [(effect.kind, effect.target, effect.line) for effect in one.effects]) for one in accounts]
    assert told == [
        ("Bill 2", [("file", "Bills", 3)]),
        ("Hello", [("stay", "INBOX", 0)]),
        ("Bill 1", [("file", "Bills", 3)]),
    ]
    notes = [(note.line, note.result) for note in accounts[0].notes]
    assert notes == [(2, True), (3, None)]
    assert [(note.line, note.result) for note in accounts[1].notes] == [(2, False)]


def test_nothing_is_changed(ann: MailboxId) -> None:
    before = list(Folder.objects.values_list("id", "messages", "highestmodseq"))
    script = (
        'require ["vacation", "duplicate", "reject", "editheader", "copy"]; if duplicate { discard; } vacation "away"; addheader "X" "y";'
        ' redirect :copy "cy@far.test";'
    )
    accounts = rehearsal.rehearse(script, ann)
    assert [effect.kind for effect in accounts[0].effects] == ["answer", "redirect", "stay"]
    assert [effect.kind for effect in accounts[1].effects] == ["discard", "answer", "redirect"], "the same Message-ID again"
    assert list(Folder.objects.values_list("id", "messages", "highestmodseq")) == before
    assert Entry.objects.count() == 3
    assert not Answered.objects.exists() and not Carried.objects.exists() and not SeenMessage.objects.exists()


def test_every_kind_of_effect_is_told(ann: MailboxId) -> None:
    def kinds(script: str) -> list[tuple[str, str]]:
        (account,) = rehearsal.rehearse(script, ann, limit=1)
        return [(effect.kind, effect.text) for effect in account.effects]

    assert kinds("keep;") == [("keep", "is kept in the inbox")]
    assert kinds('require "fileinto"; fileinto "None";') == [("keep", "stays in the inbox: there is no folder None")]
    assert kinds('require "reject"; reject "no";') == [("refuse", "is refused: no")]
    assert kinds('require ["enotify"]; notify "mailto:a@b.example"; discard;') == [
        ("notify", "is announced to mailto:a@b.example"),
        ("discard", "is thrown away"),
    ]
    assert kinds('require "imap4flags"; keep :flags "\\\\Seen";') == [("keep", "is kept in the inbox, with \\Seen")]
    assert kinds('require ["variables"]; redirect "${x}";') == [("stay", "stays in the inbox")]


def test_a_failure_is_told(ann: MailboxId) -> None:
    (account,) = rehearsal.rehearse('require ["variables"];\nredirect "${x}";', ann, limit=1)
    assert account.error.startswith("script, line 2: ")


def test_bad_input_is_said(ann: MailboxId) -> None:
    with pytest.raises(ScriptFault):
        rehearsal.rehearse("nosuch;", ann)
    with pytest.raises(NotFound):
        rehearsal.rehearse("keep;", ann, "None")
    assert rehearsal.rehearse("keep;", ann, limit=0) == []


# -- the command -------------------------------------------------------------------------------


def command(*words: str) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command("sieve", *words, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_scripts_by_command(ann: MailboxId, tmp_path: Path) -> None:
    path = tmp_path / "main.sieve"
    path.write_text(SCRIPT)
    assert "It requires: fileinto, mailbox." in command("check", str(path))[0]
    assert "stored and switched on" in command("put", "ann@here.test", "main", str(path), "--activate")[0]
    assert command("list", "ann@here.test")[0].startswith("* main\t")
    assert command("get", "ann@here.test", "main")[0] == SCRIPT
    assert "file" in command("rehearse", "ann@here.test", str(path), "--tests")[0]
    command("activate", "ann@here.test")
    assert scripts.find_active(mailbox_id=ann) is None
    command("activate", "ann@here.test", "main")
    command("activate", "ann@here.test")
    command("remove", "ann@here.test", "main")
    assert command("list", "ann@here.test")[0] == ""


def test_scripts_of_administrators_by_command(tmp_path: Path) -> None:
    make_domain()
    path = tmp_path / "house.sieve"
    path.write_text("keep;")
    command("put", "*", "house", str(path), "--stage", "before")
    command("put", "here.test", "ours", str(path), "--stage", "after")
    assert command("list", "*")[0] == "before\thouse\n" and command("list", "here.test")[0] == "after\tours\n"
    assert command("get", "*", "house", "--stage", "before")[0] == "keep;"
    command("remove", "*", "house", "--stage", "before")
    assert command("list", "*")[0] == ""


def test_mistakes_are_one_clear_line(ann: MailboxId, tmp_path: Path) -> None:
    path = tmp_path / "bad.sieve"
    path.write_text("keep;\nnosuch;")
    for words in (("check", str(path)), ("put", "ann@here.test", "x", str(path)), ("rehearse", "ann@here.test", str(path))):
        with pytest.raises(CommandError, match="line 2, column 1: there is no command “nosuch”"):
            command(*words)
    with pytest.raises(CommandError, match="No such file"):
        command("check", str(tmp_path / "none"))
    with pytest.raises(CommandError):
        command("list", "nobody@here.test")
    with pytest.raises(CommandError, match="no script of that name"):
        command("activate", "ann@here.test", "none")


def test_conversions_by_command(tmp_path: Path) -> None:
    path = tmp_path / ".procmailrc"
    path.write_text(":0\n* ^Subject:.*bill\nbills/\n:0\n| prog\n")
    out, err = command("procmail", str(path))
    assert 'fileinto :create "bills";' in out and "1 carried over, 1 left out." in err and "line 4: recipe left out" in err
    path.write_text("cy@x.example\n")
    assert 'redirect "cy@x.example";' in command("forward", "ann@here.test", str(path))[0]
