"""manage.py archive, from the shell's side."""

import zipfile
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from mailcore.archive import levels
from mailcore.store.models import Message

from .cast import expunge, make_domain, open_store, put, send, subjects
from .test_journal import tamper

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("archive", *arguments, stdout=out)
    return out.getvalue()


def test_removed_mail_comes_back() -> None:
    make_domain()
    store = open_store()
    expunge(store, put(store, "Lunch"), put(store, "Tea"))
    assert run("removed", "ann@here.test", "--search", "lunch").count("\n") == 1
    row_id = run("removed", "ann@here.test", "--search", "tea").split("\t")[0]
    assert run("restore", "ann@here.test", row_id) == "1 messages restored.\n"
    assert run("restore", "ann@here.test", "--folder", "Saved") == "1 messages restored.\n"
    assert (subjects(store), subjects(store, "Saved")) == (["Tea"], ["Lunch"])
    for wrong in (("removed", "nobody@here.test"), ("removed", "ann"), ("restore", "ann@here.test", row_id)):
        with pytest.raises(CommandError):
            run(*wrong)


def test_periods_and_preview() -> None:
    make_domain()
    store = open_store()
    put(store, "Old", "Junk")
    Message.objects.update(savedate=1)
    assert "1 messages would go." in run("preview", "--for", "here.test")
    assert "junk_days\t0\tdomain:here.test" in run("set", "--for", "here.test", "junk_days", "0")
    assert run("preview") == "0 messages would go.\n"
    assert "junk_days\t30\tdefault" in run("reset", "--for", "here.test", "junk_days")
    with pytest.raises(CommandError, match="cannot be set"):
        run("set", "--for", "ann@here.test", "journal", "1")


def test_holds() -> None:
    make_domain()
    assert "in force" in run("hold", "Case 7", "--for", "here.test", "--since", "2026-01-01")
    hold_id = run("holds").split("\t")[0]
    assert "released" in run("release", hold_id)
    for wrong in (("release", hold_id), ("hold", "x", "--since", "soon"), ("hold", "x", "--for", "nowhere.test")):
        with pytest.raises(CommandError):
            run(*wrong)


def test_the_journal(tmp_path: Path) -> None:
    make_domain()
    levels.put(owner="domain:here.test", name="journal", value=1)
    for number in range(3):
        send("ann@here.test", "hidden@here.test", subject=f"Letter {number}")
    assert "zoe@far.test to ann@here.test, hidden@here.test\tLetter 1" in run("search", "--words", "letter 1", "--who", "ann")
    path = tmp_path / "out.zip"
    assert run("export", str(path), "--domain", "here.test").startswith("3 messages written")
    assert len(zipfile.ZipFile(path).namelist()) == 4
    with pytest.raises(CommandError, match="exists"):
        run("export", str(path))
    head = run("verify", "--bytes").split("head ")[1].strip()
    send("ann@here.test", subject="Later")
    assert "records 1 to 4" in run("verify", "here.test", "--noted", head)
    with pytest.raises(CommandError, match="as it was printed"):
        run("verify", "here.test", "--noted", "nonsense")
    tamper("UPDATE archive_record SET subject = 'x' WHERE seq = 2")
    with pytest.raises(CommandError, match="1 faults"):
        run("verify")


def test_rewind_and_undo() -> None:
    make_domain()
    store = open_store()
    uid = put(store, "Lunch")
    Message.objects.update(savedate=1_700_000_000)
    expunge(store, uid)
    from mailcore.archive.models import Beginning, Removal

    Beginning.objects.update(at=0)
    Removal.objects.update(at=Removal.objects.get().at + 60)
    moment = _write_moment(Removal.objects.get().at - 61)
    assert run("rewind", "ann@here.test", moment).startswith("1 to restore, 0 to move back, 0 to set flags of")
    assert subjects(store) == []
    number = run("rewind", "ann@here.test", moment, "--apply").rsplit("undo ann@here.test ")[1].split("`")[0]
    assert subjects(store) == ["Lunch"]
    assert "1 removed" in run("undo", "ann@here.test", number)
    assert subjects(store) == []
    with pytest.raises(CommandError, match="no date"):
        run("rewind", "ann@here.test", "yesterday")


def _write_moment(at: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at, UTC).isoformat()
