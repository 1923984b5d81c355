"""The journal holds every accepted message with its true envelope, and shows whoever touches it."""

import io
import json
import zipfile
from hashlib import sha256
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from mailcore.archive import held, levels
from mailcore.archive.holds import NewHold, place, release
from mailcore.archive.journal import exporting, finding, pruning, recording, verifying
from mailcore.archive.journal.chain import seal
from mailcore.archive.journal.finding import Query
from mailcore.archive.models import Chain, Record
from mailcore.audit.models import Event
from mailcore.delivery import intake
from mailcore.directory import domains
from mailcore.kernel.errors import BadSyntax, Deferred, LimitReached, NotFound
from mailcore.kernel.ids import BlobId
from mailcore.queue.models import Entry
from mailcore.store import blobs
from mailcore.store.models import Blob

from .cast import DAY, ROOT, look_after, make_domain, send, set_clock

pytestmark = pytest.mark.django_db
NOW = 1_800_000_000


@pytest.fixture
def journal() -> None:
    make_domain()
    make_domain("there.test")
    levels.put(owner="domain:here.test", name="journal", value=1)


def tamper(statement: str, *values: Any) -> None:
    """As somebody who may do everything in the database."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("DROP TRIGGER IF EXISTS archive_record_guard ON archive_record")
        else:
            for name in ("archive_record_unchanged", "archive_record_stays"):
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
        cursor.execute(statement, list(values))


def faults(**more: Any) -> list[str]:
    return [str(fault) for fault in verifying.verify(domain="here.test", **more).faults]


def test_a_record_has_the_envelope_and_the_same_bytes(journal: None) -> None:
    trace_id = send("ann@here.test", "secret@here.test", "far@far.test", subject="Café")
    record = Record.objects.get()
    assert (record.domain, record.seq, record.trace_id, record.sender) == ("here.test", 1, trace_id, "zoe@far.test")
    assert finding.list_recipients(record) == ["ann@here.test", "secret@here.test", "far@far.test"]
    assert (record.subject, record.message_id, record.peer) == ("Café", "Café@far.test", "192.0.2.7")
    assert record.blob_id == Entry.objects.get().blob_id
    assert sha256(blobs.read(BlobId(record.blob_id))).digest() == bytes(record.blob_digest)
    assert Blob.objects.count() == 1
    assert faults(read_bytes=True) == []


def test_what_goes_out_and_aliases_of_the_domain_are_written_too(journal: None) -> None:
    domains.create(name="alias.test", alias_of="here.test")
    send("far@far.test", sender="ann@here.test", source="submission")
    send("Ann@Alias.test")
    send("cy@there.test")
    assert list(Record.objects.values_list("seq", "sender")) == [(1, "ann@here.test"), (2, "zoe@far.test")]


def test_a_message_of_two_journals_stands_in_both(journal: None) -> None:
    levels.put(owner="domain:there.test", name="journal", value=1)
    send("ann@here.test", "cy@there.test")
    send("cy@there.test")
    assert sorted(Record.objects.values_list("domain", "seq")) == [("here.test", 1), ("there.test", 1), ("there.test", 2)]
    assert faults() == []


def test_no_record_without_the_message_and_no_message_without_the_record(journal: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise DatabaseError("killed")

    send("ann@here.test")
    with monkeypatch.context() as patch:
        patch.setattr(recording, "insert", fail)
        with pytest.raises(Deferred):
            send("ann@here.test", subject="Lost")
    with monkeypatch.context() as patch:
        patch.setattr(intake.bell, "ring", lambda: None)
        patch.setattr(intake.transaction, "on_commit", fail)
        with pytest.raises(Deferred):
            send("ann@here.test", subject="Lost too")
    assert (Record.objects.count(), Entry.objects.count()) == (1, 1)
    send("ann@here.test", subject="Next")
    assert list(Record.objects.order_by("seq").values_list("seq", flat=True)) == [1, 2]
    assert faults() == []


def test_the_database_refuses_changes(journal: None) -> None:
    send("ann@here.test")
    for change in (
        lambda: Record.objects.update(sender="other@far.test"),
        lambda: Record.objects.all().delete(),
        lambda: Blob.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
            connection.check_constraints()
    assert faults() == []


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE archive_record SET recipients = 'x@here.test' WHERE seq = 2", "record 2: it was changed"),
        ("UPDATE archive_record SET at = at + 1 WHERE seq = 3", "record 3: it was changed"),
        ("DELETE FROM archive_record WHERE seq = 2", "record 3: records 2 to 2 are missing"),
        ("DELETE FROM archive_record WHERE seq = 1", "record 2: records 1 to 1 are missing"),
        ("DELETE FROM archive_record WHERE seq = 5", "record 5: records 5 to 5 are missing at the end"),
        ("UPDATE archive_record SET seq = CASE seq WHEN 2 THEN -3 ELSE -2 END WHERE seq IN (2, 3)", "records 1 to 1 are missing"),
        ("UPDATE archive_record SET blob_id = (SELECT blob_id FROM archive_record WHERE seq = 1) WHERE seq = 4", "another message"),
        ("UPDATE archive_chain SET seq = 4", "the head of the journal is another one"),
        ("DELETE FROM archive_chain", "the journal has no head"),
    ],
)
def test_whatever_is_tampered_with_is_found(journal: None, statement: str, found: str) -> None:
    for number in range(5):
        send("ann@here.test", subject=f"Letter {number}")
    assert faults() == []
    tamper(statement)
    if "-3" in statement:
        tamper("UPDATE archive_record SET seq = -seq WHERE seq < 0")
        assert any("record 2: it does not follow" in fault for fault in faults()) and any("it was changed" in fault for fault in faults())
        return
    assert any(found in fault for fault in faults()), faults()


def test_damaged_bytes_are_found(journal: None) -> None:
    send("ann@here.test")
    send("ann@here.test", subject="Other")
    first, second = Blob.objects.order_by("pk")
    Blob.objects.filter(pk=second.pk).update(offset=first.offset)
    assert faults() == []
    assert "damaged" in faults(read_bytes=True)[0]


def test_a_chain_forged_from_end_to_end_is_betrayed_by_a_head_noted_before(journal: None) -> None:
    for number in range(3):
        send("ann@here.test", subject=f"Letter {number}")
    noted = verifying.verify(domain="here.test")
    send("ann@here.test", subject="Later")
    tamper("UPDATE archive_record SET subject = 'Forged' WHERE seq = 2")
    digest = bytes(Record.objects.get(seq=1).digest)
    for seq in (2, 3, 4):
        record = Record.objects.get(seq=seq)
        record.previous = digest
        digest = seal(record)
        tamper("UPDATE archive_record SET previous = %s, digest = %s WHERE seq = %s", record.previous, digest, seq)
    tamper("UPDATE archive_chain SET digest = %s", digest)
    assert faults() == []
    assert faults(noted=(noted.last, noted.head)) == ["here.test record 3: its digest is not the one that was noted"]


def test_old_records_go_from_the_front_and_the_rest_still_holds(journal: None, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = set_clock(monkeypatch, NOW)
    levels.put(owner="domain:here.test", name="journal_days", value=10)
    for number in range(4):
        send("ann@here.test", subject=f"Letter {number}")
        clock.now += 5 * DAY
    assert pruning.prune() == 2
    verified = verifying.verify(domain="here.test")
    assert (verified.first, verified.last, verified.faults) == (3, 4, ())
    assert Event.objects.get(action="archive.journal_pruned").after == {
        "first": 1,
        "last": 2,
        "head": bytes(Chain.objects.get().pruned_digest).hex(),
    }
    tamper("DELETE FROM archive_record WHERE seq = 3")
    assert "records 3 to 3 are missing" in faults()[0]


def test_a_hold_stops_pruning_until_it_is_released(journal: None, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = set_clock(monkeypatch, NOW)
    levels.put(owner="system", name="journal_days", value=10)
    send("ann@here.test", subject="Lunch")
    send("bo@here.test", subject="The merger")
    send("bo@here.test", subject="Lunch again")
    hold = place(ROOT, NewHold(name="Case 7", scope="here.test", who="BO@", words="MERGER"))
    clock.now += 11 * DAY
    assert pruning.prune() == 1
    assert pruning.prune() == 0
    release(ROOT, hold_id=hold.pk)
    assert pruning.prune() == 2
    assert not held.list_in_force()


def test_search_by_who_when_and_words(journal: None, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = set_clock(monkeypatch, NOW)
    for subject in ("Lunch on Friday", "ÉTÉ à Paris", "Lunch on Monday"):
        send("ann@here.test", subject=subject)
        clock.now += DAY

    def search(**query: Any) -> list[str]:
        return [row.subject for row in finding.search(ROOT, Query(**query)).rows]

    assert search(words="lunch ON") == ["Lunch on Monday", "Lunch on Friday"]
    assert search(words="été paris") == ["ÉTÉ à Paris"]
    assert search(who="ZOE@far ann") == ["Lunch on Monday", "ÉTÉ à Paris", "Lunch on Friday"]
    assert search(who="nobody") == []
    assert search(since=NOW + DAY, until=NOW + 2 * DAY) == ["ÉTÉ à Paris"]
    first = finding.search(ROOT, Query(), limit=2)
    assert first.older is not None
    assert [row.subject for row in finding.search(ROOT, Query(), before=first.older, limit=2).rows] == ["Lunch on Friday"]
    with pytest.raises(BadSyntax):
        search(since=2, until=1)
    assert Event.objects.filter(action="archive.journal_searched").count() == 7


def test_administrators_see_their_domains_only(journal: None) -> None:
    levels.put(owner="domain:there.test", name="journal", value=1)
    send("ann@here.test", subject="Ours")
    send("cy@there.test", subject="Theirs")
    assert [row.subject for row in finding.search(look_after("here.test"), Query()).rows] == ["Ours"]
    theirs = Record.objects.get(domain="there.test")
    for look in (
        lambda: finding.search(look_after("here.test"), Query(domain="there.test")),
        lambda: finding.open_record(look_after("here.test"), record_id=theirs.pk),
        lambda: exporting.export(look_after("here.test"), Query(domain="there.test"), file=io.BytesIO()),
    ):
        with pytest.raises(NotFound):
            look()
    record, raw = finding.open_record(look_after("there.test"), record_id=theirs.pk)
    assert record == theirs and b"Subject: Theirs" in raw
    event = Event.objects.get(action="archive.record_opened")
    assert (event.domain, event.object_name) == ("there.test", "there.test 1")


def test_an_export_can_be_checked_without_facteur(journal: None) -> None:
    send("ann@here.test", "hidden@here.test", subject="One")
    send("ann@here.test", subject="From here")
    with pytest.raises(LimitReached):
        exporting.export(ROOT, Query(), file=io.BytesIO(), limit=1)
    file = io.BytesIO()
    assert exporting.export(ROOT, Query(domain="here.test"), file=file) == 2
    with zipfile.ZipFile(file) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert manifest["messages"] == 2 and manifest["query"] == {"domain": "here.test"}
        for entry in manifest["records"]:
            assert sha256(archive.read(entry["file"])).hexdigest() == entry["sha256"]
        assert manifest["records"][0]["recipients"] == ["ann@here.test", "hidden@here.test"]
        assert manifest["records"][1]["previous"] == manifest["records"][0]["digest"]
    assert Event.objects.get(action="archive.journal_exported").after == {"domain": "here.test", "messages": 2, "form": "zip"}


def test_an_export_as_mbox(journal: None) -> None:
    send("ann@here.test", subject="One")
    file = io.BytesIO()
    exporting.export(ROOT, Query(), file=file, form=exporting.Form.MBOX)
    with zipfile.ZipFile(file) as archive:
        assert archive.read("messages.mbox").startswith(b"From MAILER-DAEMON ")
        assert json.loads(archive.read("manifest.json"))["records"][0]["subject"] == "One"
