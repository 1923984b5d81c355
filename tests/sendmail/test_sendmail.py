"""The sendmail command: its words, the message it makes, and what it answers."""

import dataclasses
import os
import subprocess
import sys
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcore.directory import aliases, mailboxes
from mailcore.directory.models import User
from mailcore.filtering.policy import levels, shelf
from mailcore.kernel.errors import BadSyntax
from mailcore.kernel.ids import BlobId
from mailcore.queue.models import Entry
from mailcore.sendmail import __main__, arguments, letter
from mailcore.sendmail.arguments import Mode, Wanted
from mailcore.store import blobs
from tests.delivery.cast import make_domain

ROOT = Path(__file__).resolve().parents[2]
SHORT = b"Subject: Hello\n\nHi\n"


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("-t -i", Wanted(reads_header=True, ignores_dots=True)),
        ("-ti", Wanted(reads_header=True, ignores_dots=True)),
        ("-oi -oem -odb a@b.test", Wanted(ignores_dots=True, recipients=("a@b.test",))),
        ("-fann@b.test -t", Wanted(sender="ann@b.test", reads_header=True)),
        ("-f <> a@b.test", Wanted(sender="", recipients=("a@b.test",))),
        ("-r ann@b.test -F Ann a@b.test c@b.test", Wanted(sender="ann@b.test", full_name="Ann", recipients=("a@b.test", "c@b.test"))),
        ("-N success,failure -R hdrs -V id7 a@b.test", Wanted(notify="SUCCESS,FAILURE", ret="HDRS", envid="id7", recipients=("a@b.test",))),
        ("-i -- -odd@b.test", Wanted(ignores_dots=True, recipients=("-odd@b.test",))),
        ("-bm -B8BITMIME -O x=y -G -v a@b.test", Wanted(recipients=("a@b.test",))),
        ("-bp", Wanted(mode=Mode.LIST)),
        ("-bv a@b.test", Wanted(mode=Mode.VERIFY, recipients=("a@b.test",))),
        ("-bi", Wanted(mode=Mode.REBUILD)),
        ("-q", Wanted(mode=Mode.FLUSH)),
    ],
)
def test_words(words: str, wanted: Wanted) -> None:
    assert arguments.read(words.split()) == wanted


@pytest.mark.parametrize("words", ["-bs", "-bd", "-Z", "-f", "-N sometimes", "-N never,success", "-R some"])
def test_words_nobody_understands(words: str) -> None:
    with pytest.raises(BadSyntax):
        arguments.read(words.split())


def test_other_names_of_the_program() -> None:
    assert arguments.read([], called="mailq").mode is Mode.LIST
    assert arguments.read([], called="newaliases").mode is Mode.REBUILD


@given(st.lists(st.text("-tiofFbq a@", max_size=5), max_size=5))
def test_any_words_are_understood_or_not(words: list[str]) -> None:
    try:
        arguments.read(words)
    except BadSyntax:
        return


def make(data: bytes, **more: Any) -> letter.Letter:
    return letter.read(data, **({"reads_header": True, "ignores_dots": True, "sender": "ann@b.test", "full_name": ""} | more))


def test_recipients_of_the_header_and_no_bcc() -> None:
    found = make(b"From: Ann <ann@b.test>\nTo: Bo <bo@b.test>,\n cy@b.test\nBCC: dee@b.test\nX: 1\n\nHi\n.\nlast")
    assert found.recipients == ("bo@b.test", "cy@b.test", "dee@b.test")
    assert found.raw == b"From: Ann <ann@b.test>\r\nTo: Bo <bo@b.test>,\r\n cy@b.test\r\nX: 1\r\n\r\nHi\r\n.\r\nlast\r\n"


def test_resent_fields_alone_are_meant() -> None:
    found = make(b"From: a@b.test\nTo: bo@b.test\nBcc: eve@b.test\nResent-To: cy@b.test\nResent-Bcc: dee@b.test\n\nHi\n")
    assert found.recipients == ("cy@b.test", "dee@b.test")
    assert b"dee" not in found.raw


@pytest.mark.parametrize(
    ("data", "raw"),
    [
        (b"Subject: x\n\na\n.\nb\n", b"Subject: x\r\n\r\na\r\n"),
        (b"From ann Tue Sep  1 10:00:00 2026\nSubject: x\n\na\n", b"Subject: x\r\n\r\na\r\n"),
        (b"just text\nmore\n", b"\r\njust text\r\nmore\r\n"),
        (b"", b"\r\n"),
        (b"Subject: x\r\n\r\na\r\n", b"Subject: x\r\n\r\na\r\n"),
        (b"Subject: x\n", b"Subject: x\r\n\r\n"),
    ],
)
def test_the_message_that_is_made(data: bytes, raw: bytes) -> None:
    found = make(data, reads_header=False, ignores_dots=False)
    assert found.raw == b"From: ann@b.test\r\n" + raw
    assert found.recipients == ()


@pytest.mark.parametrize("data", [b"Subject: x\n\na\rb\n", b"To: <<>>\n\nHi\n", b"To: ann at home <\n\nHi\n"])
def test_what_cannot_be_a_message(data: bytes) -> None:
    with pytest.raises(BadSyntax):
        make(data)


@given(st.binary(max_size=200))
def test_lines_end_in_crlf_whatever_came(data: bytes) -> None:
    try:
        raw = make(data, reads_header=False).raw
    except BadSyntax:
        return
    assert raw.count(b"\r") == raw.count(b"\n") == raw.count(b"\r\n")
    assert raw.endswith(b"\r\n")


@pytest.fixture
def here(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    make_domain()
    mailboxes.create(address="ann@here.test", password=None)
    User.objects.create(login="root", role=User.Role.ROOT)
    monkeypatch.setenv("SUDO_USER", "ann")
    shelf.forget()


def run(words: str, data: bytes = SHORT) -> tuple[int, str]:
    errors, out = StringIO(), StringIO()
    code = __main__.main(words.split(), source=BytesIO(data), out=out, errors=errors)
    return code, errors.getvalue() + out.getvalue()


def test_it_goes_in_by_the_one_door(here: None) -> None:
    assert run("-F Ann ann zoe@far.test") == (0, "")
    entry = Entry.objects.get()
    assert (entry.source, entry.sender) == ("local", "ann@here.test")
    assert sorted(one.address for one in entry.recipients.all()) == ["ann@here.test", "zoe@far.test"]
    raw = blobs.read(BlobId(entry.blob_id))
    assert raw.startswith(b"Received: from ann\r\n\tby mx.facteur.test with local id ")
    assert b"\r\nFrom: Ann <ann@here.test>\r\nSubject: Hello\r\n" in raw
    assert b"Message-ID:" in raw and b"Date:" in raw


@pytest.mark.parametrize(
    ("words", "data", "code", "said"),
    [
        ("-bs", SHORT, 64, "-bs"),
        ("", SHORT, 64, "no recipient"),
        ("-t", SHORT, 64, "no recipient"),
        ("nobody@here.test", SHORT, 67, "nobody@here.test: There is no such mailbox here."),
        ("ann zoe@far.test nobody@here.test", SHORT, 67, "nobody@here.test"),
        ("-f zoe@far.test ann", SHORT, 77, "may not send as zoe@far.test"),
        ("not..an@address", SHORT, 65, "not..an@address"),
        ("ann", b"Subject: x\n\na\rb\n", 65, "carriage return"),
        ("-f a@b@c ann", SHORT, 65, ""),
    ],
)
def test_what_is_refused_and_with_which_status(here: None, words: str, data: bytes, code: int, said: str) -> None:
    found = run(words, data)
    assert found[0] == code and said in found[1], found
    assert not Entry.objects.exists()


def test_too_much_is_refused(here: None, settings: Any) -> None:
    settings.FACTEUR = dataclasses.replace(settings.FACTEUR, max_message_bytes=1_000)
    assert run("ann", b"x" * 2_000)[0] == 65


def test_a_full_day_is_a_temporary_failure(here: None) -> None:
    levels.put(owner="system", name="login_messages_hour", value=1)
    assert run("zoe@far.test")[0] == 0
    code, said = run("zoe@far.test")
    assert code == 75 and "1 messages an hour" in said
    assert Entry.objects.count() == 1


def test_reports_and_programs_may_send_as_nobody_and_as_any_name_here(here: None) -> None:
    aliases.create(address="cron@here.test", targets=("ann@here.test",))
    assert run("-f <> ann")[0] == 0
    assert run("-f cron ann")[0] == 0
    assert run("-f daemon@here.test ann")[0] == 0
    assert {one.sender for one in Entry.objects.all()} == {"", "cron@here.test", "daemon@here.test"}


def test_a_suspended_sender_sends_nothing(here: None) -> None:
    User.objects.filter(login="ann@here.test").update(is_active=False)
    assert run("zoe@far.test")[0] == 77


def test_verify_list_flush_rebuild(here: None) -> None:
    code, said = run("-bv ann zoe@far.test")
    assert code == 0 and "ann@here.test: Kept in the mailbox ann@here.test." in said and "MX records" in said
    assert run("-bv nobody")[0] == 67
    run("zoe@far.test")
    assert "zoe@far.test" in run("-bp")[1]
    assert run("-q") == (0, "") and run("-bi") == (0, "")


def test_as_a_program(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "FACTEUR_DATA": str(tmp_path), "FACTEUR_HOSTNAME": "mx.test"}
    done = subprocess.run(
        [sys.executable, "-m", "mailcore.sendmail", "a@b.test"], env=environment, cwd=ROOT, input=SHORT, capture_output=True, timeout=60
    )
    assert done.returncode == 75 and b"cannot be reached" in done.stderr, done.stderr
    assert subprocess.run(["sh", "-n", str(ROOT / "deploy/sendmail")]).returncode == 0
