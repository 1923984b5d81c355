"""Backup and restore: a drill from snapshot to a Facteur that shows the same mail, and everything that may go wrong."""

import io
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from builders import message
from directory.cast import Cast, make_cast
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from config.environment import BASE
from mailcore.backup import databases, mailboxes, manifest, restoring, saving
from mailcore.directory import mailboxes as directory
from mailcore.directory.models import User
from mailcore.kernel.errors import Conflict, NotFound
from mailcore.kernel.flags import SEEN
from mailcore.kernel.ids import MailboxId
from mailcore.store import blobs, fetching, folders, snapshots, writer

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'sqlite'", reason="PostgreSQL is backed up by pg_dump; see test_backup_postgresql"),
]
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def put(mailbox_id: int, *subjects: str, folder: str = "INBOX") -> None:
    raws = [message(subject=subject, message_id=f"<{subject}@example.org>") for subject in subjects]
    writer.ensure_defaults(mailbox_id=MailboxId(mailbox_id))
    writer.deliver(
        [
            writer.Delivery(
                mailbox_id=MailboxId(mailbox_id), folder=folder, blob_id=blob_id, key="", prefix=b"Delivered-To: ann@example.test\r\n",
                flags=SEEN, keywords=frozenset({"kept"}), internaldate=1_700_000_000,
            )
            for blob_id in blobs.put_many(raws)
        ]
    )  # fmt: skip


def letters(mailbox_id: int) -> dict[str, list[bytes]]:
    held: dict[str, list[bytes]] = {}
    for info in folders.list_folders(MailboxId(mailbox_id)):
        uids = list(snapshots.load(MailboxId(mailbox_id), info.id).uids)
        if uids:
            held[info.name] = sorted(bytes(raw) for _, raw in fetching.fetch(info.id, uids, ["raw"]))
    return held


def manage(data: Path, *arguments: str) -> str:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("FACTEUR_")}
    environ |= {"FACTEUR_DATA": str(data), "DJANGO_SETTINGS_MODULE": "config.settings"}
    command = [sys.executable, "manage.py", arguments[0], "--skip-checks", *arguments[1:]]
    done = subprocess.run(command, cwd=BASE, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_drill(cast: Cast, tmp_path: Path) -> None:
    """Snapshot, more mail, a second snapshot, everything lost, restored, and the same letters are there."""
    put(cast.ann.id, "first")
    first = saving.take(tmp_path / "backup", now=NOON)
    put(cast.ann.id, "second", folder="Work/Plans")
    put(cast.cy.id, "third")
    second = saving.take(tmp_path / "backup", now=NOON + timedelta(days=1))
    assert first.kept == 0 < first.copied
    assert second.kept == first.copied + first.kept
    assert saving.verify(tmp_path / "backup") == []

    restoring.restore(tmp_path / "backup", tmp_path / "new")
    assert manage(tmp_path / "new", "check_mail") == "All mail is as it should be.\n"
    assert "ann@example.test" in manage(tmp_path / "new", "mailbox", "list")
    manage(tmp_path / "new", "export", "ann@example.test", str(tmp_path / "out"), "--form", "eml")
    assert sorted(path.read_bytes() for path in (tmp_path / "out").rglob("*.eml")) == sorted(
        raw for raws in letters(cast.ann.id).values() for raw in raws
    )
    assert (tmp_path / "new" / "secret.key").read_bytes() == (settings.FACTEUR.data / "secret.key").read_bytes()

    restoring.restore(tmp_path / "backup", tmp_path / "older", stamp=first.stamp)
    assert manage(tmp_path / "older", "check_mail") == "All mail is as it should be.\n"
    assert manage(tmp_path / "older", "export", "ann@example.test", str(tmp_path / "out2")).startswith("1 messages")


def test_one_mailbox_gets_back_what_it_lost(cast: Cast, tmp_path: Path) -> None:
    put(cast.ann.id, "one", "two")
    put(cast.ann.id, "three", folder="Work")
    before = letters(cast.ann.id)
    saving.take(tmp_path / "backup", now=NOON)
    writer.remove_mailbox(mailbox_id=MailboxId(cast.ann.id))
    put(cast.ann.id, "one")
    report = mailboxes.restore_mailbox(tmp_path / "backup", address="Ann@example.test", into=MailboxId(cast.ann.id))
    assert (report.stored, report.already_there) == (2, 1)
    assert letters(cast.ann.id) == before
    again = mailboxes.restore_mailbox(tmp_path / "backup", address="ann@example.test", into=MailboxId(cast.ann.id))
    assert (again.stored, again.already_there) == (0, 3)
    restored = next(info for info in folders.list_folders(MailboxId(cast.ann.id)) if info.name == "INBOX")
    snapshot = snapshots.load(MailboxId(cast.ann.id), restored.id)
    assert (set(snapshot.flags), set(snapshot.keywords.values())) == ({SEEN}, {"kept"})
    with pytest.raises(NotFound):
        mailboxes.restore_mailbox(tmp_path / "backup", address="nobody@example.test", into=MailboxId(cast.ann.id))


def test_a_domain_gets_back_what_it_lost_and_who_is_gone_is_back(cast: Cast, tmp_path: Path) -> None:
    put(cast.ann.id, "one", "two")
    put(cast.bo.id, "of bo", folder="Work")
    put(cast.cy.id, "elsewhere")
    ann, bo, password = letters(cast.ann.id), letters(cast.bo.id), User.objects.get(login="ann@example.test").password
    saving.take(tmp_path / "backup", now=NOON)
    directory.remove(mailbox_id=cast.ann.id)
    writer.remove_mailbox(mailbox_id=MailboxId(cast.ann.id))
    for mailbox_id in (cast.bo.id, cast.cy.id):
        writer.remove_mailbox(mailbox_id=MailboxId(mailbox_id))

    report = mailboxes.restore_domain(tmp_path / "backup", name="Example.test")
    assert (report.mailboxes, report.made, report.mail.stored) == (2, ["ann@example.test"], 3)
    assert letters(directory.get(address="ann@example.test").id) == ann
    assert letters(cast.bo.id) == bo
    assert letters(cast.cy.id) == {}
    assert User.objects.get(login="ann@example.test").password == password
    out = io.StringIO()
    call_command("restore", str(tmp_path / "backup"), "--domain", "example.test", stdout=out)
    assert "0 messages restored, 3 were there already." in out.getvalue()
    with pytest.raises(NotFound, match="no mailbox in nowhere"):
        mailboxes.restore_domain(tmp_path / "backup", name="nowhere.test")


def test_a_snapshot_of_another_kind_of_database_is_not_restored(cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saving.take(tmp_path / "backup", now=NOON)
    monkeypatch.setattr(databases, "kind", lambda: "postgresql")
    with pytest.raises(Conflict, match="of sqlite, and FACTEUR_DATABASE_URL is set"):
        restoring.restore(tmp_path / "backup", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_folder_that_holds_something_is_left_alone(cast: Cast, tmp_path: Path) -> None:
    saving.take(tmp_path / "backup", now=NOON)
    full = tmp_path / "full"
    full.mkdir()
    (full / "letter").write_text("precious")
    with pytest.raises(Conflict, match="not empty: it holds letter"):
        restoring.restore(tmp_path / "backup", full)
    assert [path.name for path in full.iterdir()] == ["letter"]
    with pytest.raises(CommandError, match="not empty"):
        call_command("restore", str(tmp_path / "backup"), str(full))


def test_damage_is_found_and_never_restored(cast: Cast, tmp_path: Path) -> None:
    put(cast.ann.id, "one")
    saving.take(tmp_path / "backup", now=NOON)
    pack = max((tmp_path / "backup" / "packs").glob("*.pack"), key=lambda path: path.stat().st_size)
    data = bytearray(pack.read_bytes())
    data[len(data) // 2] ^= 1
    pack.write_bytes(data)
    assert [one.path for one in saving.verify(tmp_path / "backup")] == [pack.name]
    with pytest.raises(CommandError, match="damaged in 1 places"):
        call_command("backup", str(tmp_path / "backup"), "--verify", stderr=io.StringIO())
    with pytest.raises(Conflict, match="damaged"):
        restoring.restore(tmp_path / "backup", tmp_path / "new")
    assert not (tmp_path / "new" / "facteur.sqlite3").exists()


def test_a_run_that_was_cut_short_leaves_no_snapshot(cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(cast.ann.id, "one")

    def cut(*values: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(manifest, "save", cut)
        saving.take(tmp_path / "backup", now=NOON)
    assert manifest.list_stamps(tmp_path / "backup") == []
    with pytest.raises(NotFound):
        restoring.restore(tmp_path / "backup", tmp_path / "new")
    saving.take(tmp_path / "backup", now=NOON)
    assert saving.verify(tmp_path / "backup") == []


def test_older_snapshots_go_and_the_others_stay_whole(cast: Cast, tmp_path: Path) -> None:
    for day in range(4):
        put(cast.ann.id, f"day {day}")
        saving.take(tmp_path / "backup", keep=2, now=NOON + timedelta(days=day))
    stamps = manifest.list_stamps(tmp_path / "backup")
    assert len(stamps) == 2
    assert all(saving.verify(tmp_path / "backup", stamp) == [] for stamp in stamps)


def test_a_row_without_its_bytes_is_not_backed_up_in_silence(cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(databases, "look_over", lambda path: {"gone.pack": 10})
    with pytest.raises(Conflict, match=r"gone\.pack"):
        saving.take(tmp_path / "backup", now=NOON)
    assert manifest.list_stamps(tmp_path / "backup") == []


def test_the_commands(cast: Cast, tmp_path: Path) -> None:
    put(cast.ann.id, "one")
    out = io.StringIO()
    call_command("backup", str(tmp_path / "backup"), stdout=out)
    call_command("backup", str(tmp_path / "backup"), "--verify", stdout=out)
    call_command("restore", str(tmp_path / "backup"), "--mailbox", "ann@example.test", stdout=out)
    assert "can be restored" in out.getvalue()
    assert "0 messages restored, 1 were there already." in out.getvalue()
    with pytest.raises(CommandError, match="Name the data folder"):
        call_command("restore", str(tmp_path / "backup"))


def test_nobody_else_may_read_it(cast: Cast, tmp_path: Path) -> None:
    put(cast.ann.id, "one")
    saving.take(tmp_path / "backup", now=NOON)
    modes = {path.stat().st_mode & 0o077 for path in (tmp_path / "backup").rglob("*") if path.is_file() and path.suffix != ".json"}
    assert modes == {0}
    assert connection.vendor == "sqlite"
