"""Sweeping packs: the living are never lost, whatever step is the last one; the dead go, and so does their room."""

import fcntl
import hashlib
import io
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction

from mailcore.backup import databases, restoring, saving
from mailcore.kernel.errors import Conflict
from mailcore.kernel.ids import BlobId, FolderId, MailboxId
from mailcore.store import blobs, compacting, condemning, retiring
from mailcore.store.checking import check_mail
from mailcore.store.mailstore import LocalMailStore
from mailcore.store.models import Blob, Condemned, Content
from mailcore.store.packs import Packs
from mailcore.workers import tasks

pytestmark = pytest.mark.django_db(transaction=True)
NOON = 1_900_000_000
DAY = 86_400
MAILBOX = MailboxId(4_711)


class Killed(BaseException):
    """Nothing catches it, as nothing catches a kill."""


@pytest.fixture(autouse=True)
def packs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Packs]:
    """Packs of this test alone."""
    made = Packs(tmp_path / "packs")
    monkeypatch.setattr(blobs, "open_packs", lambda: made)
    monkeypatch.setattr(compacting, "MIN_DEAD", 1)
    yield made
    made.close()


def letter(number: int) -> bytes:
    return f"Message-ID: <{number}@here.test>\r\nSubject: {number}\r\n\r\n{chr(97 + number % 26) * 500}\r\n".encode()


class Box:
    """A mailbox of numbered letters, some of which were removed for good."""

    def __init__(self) -> None:
        self.store = LocalMailStore(MAILBOX)
        self.inbox: FolderId = self.store.get_folder("INBOX").id
        self.kept: dict[int, bytes] = {}

    def add(self, number: int) -> int:
        raw = letter(number)
        uid = self.store.append("INBOX", raw, flags=0, keywords=frozenset(), internaldate=None).uid
        self.kept[uid] = raw
        return uid

    def remove(self, *uids: int) -> None:
        self.store.expunge(self.inbox, uids, only_deleted=False)
        for uid in uids:
            del self.kept[uid]
        # As the archive does when its window has passed.
        with connection.cursor() as cursor:
            for table in condemning.list_references():
                if table.startswith("archive_"):
                    cursor.execute(f"DELETE FROM {table}")

    def read(self) -> dict[int, bytes]:
        return {uid: bytes(raw) for uid, raw in self.store.fetch(self.inbox, sorted(self.kept), ["raw"])}


@pytest.fixture
def box() -> Box:
    made = Box()
    uids = [made.add(number) for number in range(8)]
    made.remove(*uids[:6])
    return made


def sweep(now: int = NOON, **more: int) -> compacting.Swept:
    return compacting.sweep(percent=50, now=now, **more)


def sweep_all(start: int = NOON, days: int = 4) -> compacting.Swept:
    total = compacting.Swept()
    for day in range(days):
        done = sweep(start + day * DAY)
        for name in ("condemned", "removed", "moved", "freed"):
            setattr(total, name, getattr(total, name) + getattr(done, name))
    return total


def files(packs: Packs) -> set[str]:
    return {path.name for path in packs.folder.glob("*.pack")}


def test_the_dead_and_their_room_go_and_the_living_stay(box: Box, packs: Packs) -> None:
    (old,) = files(packs)
    before = {blob.digest: blob.pk for blob in Blob.objects.all()}
    first = sweep()
    assert (first.condemned, first.removed, first.freed) == (6, 0, 0)
    assert first.moved == sum(map(len, box.kept.values()))
    assert box.read() == box.kept
    assert Blob.objects.count() == 8

    second = sweep(NOON + DAY)
    assert (second.removed, second.freed) == (6, 0)
    assert Content.objects.count() == Blob.objects.count() == 2
    assert {blob.digest: blob.pk for blob in Blob.objects.all()}.items() <= before.items()

    third = sweep(NOON + 2 * DAY)
    assert third.freed > 6 * 500
    assert old not in files(packs)
    assert not list(packs.folder.glob(f"*{retiring.SUFFIX}"))
    assert box.read() == box.kept
    assert check_mail() == []
    assert sweep(NOON + 3 * DAY) == compacting.Swept()


# Transactions are steps by themselves; what is within one is undone with it.
STEPS: tuple[tuple[Any, str], ...] = (
    (condemning, "condemn"),
    (condemning, "remove_condemned"),
    (retiring, "retire"),
    (retiring, "set_emptied"),
    (retiring, "remove"),
    (retiring, "sync_folder"),
    (Path, "unlink"),
    (Packs, "append"),
    (Packs, "sync"),
    (compacting, "_move"),
    (compacting, "_is_pointed_at"),
)


@pytest.fixture
def kill_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Kill at the next "before NAME" or "after NAME" of a step, once; "" disarms."""
    armed = [""]

    def pass_by(place: str) -> None:
        if place == armed[0]:
            armed[0] = ""
            raise Killed

    def wrap(name: str, original: Any) -> Any:
        def stepping(*arguments: Any, **named: Any) -> Any:
            pass_by(f"before {name}")
            result = original(*arguments, **named)
            pass_by(f"after {name}")
            return result

        return stepping

    def arm(place: str) -> None:
        armed[0] = place

    for owner, name in STEPS:
        monkeypatch.setattr(owner, name, wrap(name, getattr(owner, name)))
    return arm


@pytest.mark.parametrize("side", ["before", "after"])
def test_killed_between_any_two_steps_it_is_gone_on_from(
    box: Box, packs: Packs, kill_at: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, side: str
) -> None:
    monkeypatch.setattr(compacting, "ROWS_AT_ONCE", 1)
    now, first = NOON, files(packs)
    for _, name in STEPS:
        for number in range(now, now + 4):
            box.add(number)
        box.remove(*sorted(box.kept)[1:])
        kill_at(f"{side} {name}")
        with pytest.raises(Killed):
            for _ in range(4):
                now += DAY
                sweep(now)
        # A new process: what it had open is gone, and nothing else.
        packs.close()
        assert box.read() == box.kept, name
    kill_at("")
    sweep_all(now + DAY)
    assert files(packs).isdisjoint(first)
    assert not list(packs.folder.glob(f"*{retiring.SUFFIX}"))
    assert box.read() == box.kept
    assert Blob.objects.count() == len(box.kept)
    assert check_mail() == []


def test_a_reader_with_an_old_place_reads_on(box: Box, packs: Packs) -> None:
    places = list(blobs.locate([BlobId(blob.pk) for blob in Blob.objects.all()]).values())
    before = list(packs.read_many(places))
    sweep_all(days=2)
    elsewhere = Packs(packs.folder)
    assert list(elsewhere.read_many(places)) == before
    elsewhere.close()


def test_what_is_removed_is_let_go_by_readers_too(box: Box, packs: Packs) -> None:
    reader = Packs(packs.folder)
    place = blobs.locate([BlobId(Blob.objects.latest("pk").pk)]).popitem()[1]
    reader.read(*place)
    held = reader._readers[place[0]].fd
    sweep_all()
    new = blobs.locate([BlobId(Blob.objects.latest("pk").pk)]).popitem()[1]
    reader.read(*new)
    assert list(reader._readers) == [new[0]]
    with pytest.raises(OSError):
        os.fstat(held)
    reader.close()


def test_mail_that_comes_meanwhile_is_kept(box: Box, packs: Packs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between any two batches, and as bytes that are condemned: the same letter once more."""
    dead = next(number for number in range(8) if letter(number) not in box.kept.values())
    move, numbers = compacting._move, iter([dead, 100, 101, 102])

    def move_and_deliver(*arguments: Any) -> int:
        moved = move(*arguments)
        for number in numbers:
            box.add(number)
            break
        return moved

    monkeypatch.setattr(compacting, "_move", move_and_deliver)
    monkeypatch.setattr(compacting, "ROWS_AT_ONCE", 1)
    sweep_all(days=5)
    assert next(numbers, None) in (101, 102, None)
    assert letter(dead) in box.kept.values()
    assert box.read() == box.kept
    assert check_mail() == []


def test_bytes_that_were_looked_up_before_their_row_went_are_kept(box: Box, packs: Packs) -> None:
    """The slowest writer there is: it finds the bytes stored, the row is removed, then it adds its own."""
    raw = letter(0)
    written = blobs.write([raw])
    sweep(NOON)
    sweep(NOON + DAY)
    assert not Blob.objects.filter(digest=hashlib.sha256(raw).digest()).exists()
    with transaction.atomic():
        (blob_id,) = blobs.record(written)
    sweep(NOON + 2 * DAY)
    assert blobs.read(blob_id) == raw


def test_who_stores_condemned_bytes_again_takes_the_sentence_back(box: Box) -> None:
    sweep(NOON)
    assert Condemned.objects.count() == 6
    blob_id = blobs.put(letter(0))
    assert not Condemned.objects.filter(pk=blob_id).exists()
    assert sweep(NOON + DAY).removed == 5
    assert blobs.read(blob_id) == letter(0)


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
def test_a_sweep_passes_by_what_somebody_else_is_about_to_point_at(box: Box) -> None:
    sweep(NOON)
    written = blobs.write([letter(0)])
    with transaction.atomic(), ThreadPoolExecutor(1) as elsewhere:
        (blob_id,) = blobs.record(written)

        def remove() -> int:
            try:
                return condemning.remove_condemned(now=NOON + DAY)
            finally:
                connections.close_all()

        assert elsewhere.submit(remove).result() == 5
    assert blobs.read(blob_id) == letter(0)
    assert not Condemned.objects.exists()


def test_what_is_pointed_at_again_is_spared(box: Box) -> None:
    sweep(NOON)
    blob = Blob.objects.get(digest=hashlib.sha256(letter(0)).digest())
    with connection.cursor() as cursor:
        cursor.execute("UPDATE store_message SET blob_id = %s WHERE uid = %s", [blob.pk, min(box.kept)])
    # One letter takes the place of another: that other one is dead now, and found in a day's time.
    assert sweep(NOON + DAY).removed == 5
    assert blobs.read(BlobId(blob.pk)) == letter(0)


def test_a_damaged_message_stays_where_it_is(box: Box, packs: Packs) -> None:
    pack, offset, length = blobs.locate([BlobId(Blob.objects.latest("pk").pk)]).popitem()[1]
    with (packs.folder / pack).open("r+b") as file:
        file.seek(offset + length - 10)
        file.write(b"#")
    sweep_all()
    assert (packs.folder / pack).exists()
    assert [str(finding) for finding in check_mail()] == [
        f"blob {Blob.objects.latest('pk').pk} (pack {pack} at {offset}): its bytes are not those of its digest"
    ]


def test_one_run_does_so_much_and_no_more(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20, 23):
        box.add(number)
    monkeypatch.setattr(compacting, "AT_ONCE", 1)
    assert sweep(limit=1).moved == len(letter(7))
    assert compacting.sweep(percent=1, now=NOON, limit=1_500).moved < 1_500 + len(letter(20))
    assert box.read() == box.kept


def test_looking_goes_round_and_round(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(condemning, "AT_ONCE", 3)
    monkeypatch.setattr(condemning, "REMOVE_AT_ONCE", 2)
    assert [condemning.condemn(now=NOON, limit=3) for _ in range(4)] == [3, 3, 0, 0]
    assert condemning.condemn(now=NOON, limit=3) == 0
    assert condemning.condemn(now=NOON, limit=condemning.EVERYTHING) == 0
    assert condemning.remove_condemned(now=NOON + DAY, limit=1) == 2
    assert condemning.remove_condemned(now=NOON + DAY) == 4
    box.remove(max(box.kept))
    assert condemning.condemn(now=NOON, limit=condemning.EVERYTHING) == 1


def test_a_pack_with_little_dead_in_it_is_left_alone(packs: Packs) -> None:
    box = Box()
    uids = [box.add(number) for number in range(10)]
    box.remove(uids[0])
    assert sweep_all().moved == 0
    assert len(files(packs)) == 1


def test_a_retired_pack_is_added_to_by_nobody(box: Box, packs: Packs) -> None:
    (old,) = files(packs)
    retiring.retire(packs.folder / old)
    other = Packs(packs.folder)
    assert {packs.append(b"one")[0], other.append(b"two")[0]}.isdisjoint({old})
    other.close()


def test_a_pack_that_somebody_holds_is_not_removed(box: Box, packs: Packs) -> None:
    (old,) = files(packs)
    with (packs.folder / old).open("rb") as holder:
        sweep(NOON)
        fcntl.flock(holder, fcntl.LOCK_EX)
        for day in range(1, 4):
            sweep(NOON + day * DAY)
        assert old in files(packs)
    assert sweep(NOON + 4 * DAY).freed
    assert old not in files(packs)


def test_a_writer_does_not_claim_what_was_removed_under_its_hands(packs: Packs, monkeypatch: pytest.MonkeyPatch) -> None:
    name, _ = packs.append(b"first")
    packs.close()
    flock = fcntl.flock

    def remove_first(fd: int, operation: int) -> None:
        (packs.folder / name).unlink(missing_ok=True)
        flock(fd, operation)

    monkeypatch.setattr(fcntl, "flock", remove_first)
    new, offset = packs.append(b"second")
    assert new != name
    assert Packs(packs.folder).read(new, offset, 6) == b"second"


def test_two_sweeps_do_not_meet(box: Box, packs: Packs) -> None:
    with (packs.folder / ".sweeping").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Conflict):
            sweep()
        with pytest.raises(CommandError, match="Another sweep"):
            call_command("sweep")
        tasks.sweep()
    assert not Condemned.objects.exists()


def test_every_column_that_names_a_blob_keeps_it_alive() -> None:
    """A table that keeps blob ids under another name would see its messages go."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        columns = {(table, column.name) for table in tables for column in connection.introspection.get_table_description(cursor, table)}
    naming = {table for table, column in columns if "blob" in column and column.endswith("id")}
    assert naming - {"store_content", "store_condemned"} == set(condemning.list_references())
    assert {table for table, column in columns if column == "blob_id"} >= naming
    assert {"queue_entry", "store_message"} <= naming


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="the drill on PostgreSQL is in tests/operations")
def test_a_backup_taken_meanwhile_is_whole(box: Box, packs: Packs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """The worst moment: the database is copied, then everything moves, then the packs are copied."""
    monkeypatch.setattr(saving, "settings", type("Settings", (), {"FACTEUR": type("Facteur", (), {"data": tmp_path})}))
    save = databases.save

    def save_and_sweep(path: Path) -> databases.Ends:
        ends = save(path)
        sweep(NOON)
        sweep(NOON + DAY)
        return ends

    monkeypatch.setattr(databases, "save", save_and_sweep)
    saving.take(tmp_path / "backup", now=datetime(2026, 3, 2, tzinfo=UTC))
    assert saving.verify(tmp_path / "backup") == []
    restoring.restore(tmp_path / "backup", tmp_path / "new")
    kept = {(blob.pack, blob.offset, blob.length) for blob in Blob.objects.all()}
    restored = Packs(tmp_path / "new" / "packs")
    assert all(restored.read(*place) for place in kept)
    restored.close()

    # A day later the pack is gone, and in time it is from the backup too.
    sweep(NOON + 2 * DAY)
    monkeypatch.setattr(databases, "save", save)
    for day in (3, 4):
        saving.take(tmp_path / "backup", keep=2, now=datetime(2026, 3, day, tzinfo=UTC))
    assert {path.name for path in (tmp_path / "backup" / "packs").glob("*.pack")} == files(packs)
    assert saving.verify(tmp_path / "backup") == []


def test_the_command(box: Box) -> None:
    out = io.StringIO()
    call_command("sweep", "--list", stdout=out)
    call_command("sweep", "--percent", "60", stdout=out)
    assert "dead" in out.getvalue()
    assert "6 messages nobody has any more were found" in out.getvalue()
    with pytest.raises(CommandError, match="1 to 100"):
        call_command("sweep", "--percent", "101")
