"""Scripts at local delivery: from the door to the folder, the queue and the journey."""

from typing import Any

import pytest

from mailcore.delivery import drain, local, sieving
from mailcore.directory import aliases, mailboxes
from mailcore.filtering import forgetting, memory, scripts
from mailcore.filtering.models import Answered, Carried
from mailcore.filtering.models import Script as ScriptModel
from mailcore.kernel.envelope import Origin
from mailcore.kernel.ids import BlobId, MailboxId, TraceId
from mailcore.queue import journey
from mailcore.queue.models import Entry, Recipient
from mailcore.store import blobs
from mailcore.store.models import Annotation, Folder, Message, Subscription
from tests.delivery.cast import RAW, make_domain, make_mailbox, send

pytestmark = pytest.mark.django_db
NOW = 1_800_000_000


@pytest.fixture
def ann() -> MailboxId:
    make_domain()
    return make_mailbox("ann@here.test")


def use(mailbox_id: MailboxId, text: str) -> None:
    scripts.put(mailbox_id=mailbox_id, name="main", text=text)
    scripts.activate(mailbox_id=mailbox_id, name="main")


def deliver(*recipients: str, now: int | None = None, **about: Any) -> TraceId:
    trace = send(*(recipients or ("ann@here.test",)), **about)
    drain.drain(owner="test", now=now)
    return trace


def folders_of(mailbox_id: MailboxId) -> dict[str, int]:
    """Messages by folder, empty ones left out."""
    return {row.name: row.messages for row in Folder.objects.filter(mailbox_id=mailbox_id) if row.messages}


def told(trace: TraceId) -> str:
    return "\n".join(f"{step.stage} {step.text}" for step in journey.list_steps(trace_id=trace))


def queued(source: str = "") -> list[tuple[str, str, bytes]]:
    """(sender, recipient, bytes) of what waits, of one source or all."""
    found = Recipient.objects.filter(state="queued").select_related("entry").order_by("id")
    return [
        (one.entry.sender, one.address, blobs.read(BlobId(one.entry.blob_id))) for one in found if not source or one.entry.source == source
    ]


def with_header(line: str) -> bytes:
    return line.encode() + b"\r\n" + RAW


def test_without_a_script_mail_goes_to_the_inbox(ann: MailboxId) -> None:
    deliver()
    assert folders_of(ann) == {"INBOX": 1}


def test_a_message_is_filed_with_flags_and_the_journey_names_the_line(ann: MailboxId) -> None:
    use(
        ann,
        'require ["fileinto", "mailbox", "imap4flags"];\nif header :contains "subject" "hello" {\n'
        ' fileinto :create :flags ["\\\\Seen", "work"] "Work/New";\n}',
    )
    trace = deliver()
    assert folders_of(ann) == {"Work/New": 1} and Subscription.objects.filter(name="Work/New").exists()
    row = Message.objects.get(folder__name="Work/New")
    assert row.flags == 1 and row.keywords == "work"
    assert "routed filed in Work/New by main, line 3" in told(trace)


def test_a_folder_that_is_not_there_is_not_guessed(ann: MailboxId) -> None:
    use(ann, 'require "fileinto"; fileinto "Wrok";')
    trace = deliver()
    assert folders_of(ann) == {"INBOX": 1}
    assert "there is no folder 'Wrok'" in told(trace)


def test_several_copies(ann: MailboxId) -> None:
    use(ann, 'require ["fileinto", "mailbox", "copy"]; fileinto :copy :create "A"; fileinto :create "B"; keep;')
    deliver()
    assert folders_of(ann) == {"A": 1, "B": 1, "INBOX": 1}


def test_discard_is_said_with_its_line(ann: MailboxId) -> None:
    use(ann, "\n\ndiscard;")
    trace = deliver()
    assert folders_of(ann) == {}
    assert "discarded 2.1.5 Discarded by main, line 3." in told(trace)
    assert Recipient.objects.get().state == "delivered"


def test_redirect_goes_by_the_one_door_and_marks_the_message(ann: MailboxId) -> None:
    use(ann, 'redirect "cy@far.test";')
    trace = deliver()
    assert folders_of(ann) == {}
    ((sender, recipient, raw),) = queued("forward")
    assert (sender, recipient) == ("zoe@far.test", "cy@far.test")
    assert raw.startswith(b"Delivered-To: ann@here.test\r\n") and raw.endswith(RAW)
    assert "sent on to cy@far.test by main, line 1" in told(trace)


def test_a_redirected_copy_names_the_address_it_was_sent_to(ann: MailboxId) -> None:
    use(ann, 'redirect "cy@far.test";')
    deliver("ann+x@here.test")
    row = Recipient.objects.get(address="cy@far.test")
    assert (row.orcpt, row.entry.sender) == ("rfc822;ann+2Bx@here.test", "zoe@far.test")


def test_two_mailboxes_that_redirect_to_each_other_do_not_go_round(ann: MailboxId) -> None:
    bo = make_mailbox("bo@here.test")
    use(ann, 'redirect "bo@here.test";')
    use(bo, 'redirect "ann@here.test";')
    send("ann@here.test")
    for _ in range(10):
        drain.drain(owner="test")
    # The report to the author, whose domain does not exist, comes to our postmaster, and goes no further round than the letter did.
    for sender in ("zoe@far.test", ""):
        assert Entry.objects.filter(source="forward", sender=sender).count() == 2
        assert Recipient.objects.filter(state="failed", destination="here.test", entry__sender=sender).count() == 1


def test_redirect_to_oneself_keeps(ann: MailboxId) -> None:
    use(ann, 'redirect "Ann+x@here.test";')
    deliver()
    assert folders_of(ann) == {"INBOX": 1} and queued("forward") == []


def test_refused_mail_is_reported_with_the_reason(ann: MailboxId) -> None:
    use(ann, 'require "reject"; reject "Please write to the office.";')
    deliver()
    assert folders_of(ann) == {}
    ((sender, recipient, raw),) = queued("dsn")
    assert (sender, recipient) == ("", "zoe@far.test") and b"Please write to the office." in raw


def test_mail_from_nobody_and_spam_are_refused_in_silence(ann: MailboxId) -> None:
    use(ann, 'require "ereject"; ereject "no";')
    deliver(sender="")
    trace = deliver(origin=Origin("smtp", filing="junk"))
    assert queued() == [] and "nobody is told" in told(trace)


AWAY = 'require ["vacation", "vacation-seconds"]; vacation :seconds 3600 :subject "Away" :handle "h" "Back in May.";'


def test_vacation_answers_once_in_a_period(ann: MailboxId) -> None:
    use(ann, AWAY)
    trace = deliver(now=NOW)
    ((sender, recipient, raw),) = queued("local")
    assert (sender, recipient) == ("", "zoe@far.test")
    assert b"Auto-Submitted: auto-replied (vacation)" in raw and b"In-Reply-To: <one@far.test>" in raw
    assert b"Subject: Away\r\n" in raw and b"Back in May." in raw and b"To: zoe@far.test\r\n" in raw
    assert "answered by main, line 1" in told(trace) and folders_of(ann) == {"INBOX": 1}
    again = deliver(now=NOW + 1_800)
    assert "zoe@far.test was answered already" in told(again)
    deliver(now=NOW + 3_700)
    assert Entry.objects.filter(source="local").count() == 2


@pytest.mark.parametrize(
    ("line", "sender"),
    [
        ("List-Id: <l.far.test>", "zoe@far.test"),
        ("Precedence: bulk", "zoe@far.test"),
        ("Auto-Submitted: auto-generated", "zoe@far.test"),
        ("X-Auto-Response-Suppress: OOF", "zoe@far.test"),
        ("X-A: b", ""),
        ("X-A: b", "owner-list@far.test"),
        ("X-A: b", "list-request@far.test"),
        ("X-A: b", "no-reply@far.test"),
        ("X-A: b", "ann@here.test"),
    ],
)
def test_what_is_never_answered(ann: MailboxId, line: str, sender: str) -> None:
    use(ann, AWAY)
    deliver(sender=sender, raw=with_header(line))
    assert queued("local") == []


def test_mail_to_an_alias_is_answered_and_blind_copies_are_not(ann: MailboxId) -> None:
    aliases.create(address="office@here.test", targets=["ann@here.test"])
    use(ann, AWAY)
    deliver(raw=RAW.replace(b"To: ann@here.test", b"To: office@here.test"))
    assert len(queued("local")) == 1
    deliver(sender="yan@far.test", raw=RAW.replace(b"To: ann@here.test", b"To: others@far.test"))
    assert Entry.objects.filter(source="local").count() == 1


def test_a_mime_answer(ann: MailboxId) -> None:
    use(ann, 'require "vacation"; vacation :mime text:\nContent-Type: text/html\nBcc: x@far.test\n\n<p>Away</p>\n.\n;')
    deliver()
    ((_, _, raw),) = queued("local")
    assert b"Content-Type: text/html\r\n" in raw and b"Bcc" not in raw and raw.rstrip().endswith(b"<p>Away</p>")
    assert b"Subject: Auto: Hello\r\n" in raw


def test_notify_sends_short_word(ann: MailboxId) -> None:
    use(ann, 'require "enotify"; notify :message "Mail!" "mailto:pager@far.test";')
    deliver()
    ((sender, recipient, raw),) = queued("local")
    assert (sender, recipient) == ("", "pager@far.test") and b"Auto-Submitted: auto-notified" in raw
    deliver(raw=with_header("Auto-Submitted: auto-replied"))
    assert Entry.objects.filter(source="local").count() == 1


def test_a_failing_script_keeps_the_message_and_tells_the_owner_once(ann: MailboxId) -> None:
    use(ann, 'require ["variables", "fileinto"];\nset "a" "";\nfileinto "${a}";')
    traces = [deliver(now=NOW + minute) for minute in (0, 60)]
    for _ in range(3):
        drain.drain(owner="test", now=NOW + 120)
    assert folders_of(ann) == {"INBOX": 3}, "two messages and one notice"
    assert "filter failed, main, line 3" in told(traces[0])
    assert ScriptModel.objects.get().failed_text.startswith("main, line 3")


def test_edited_headers_are_kept_in_the_copy_only(ann: MailboxId) -> None:
    use(ann, 'require ["editheader"]; addheader "X-Sorted" "yes"; deleteheader "subject";')
    deliver()
    row = Message.objects.get(folder__name="INBOX")
    raw = bytes(row.prefix) + blobs.read(BlobId(row.blob_id))
    assert b"\r\nX-Sorted: yes\r\n" in raw and b"Subject:" not in raw
    assert b"Subject: Hello" in blobs.read(BlobId(Entry.objects.get().blob_id))


def test_notes_on_folders_are_asked_for(ann: MailboxId) -> None:
    use(ann, 'require ["mboxmetadata", "servermetadata"]; if metadata "INBOX" "/private/Vacation" "on" { discard; }')
    deliver()
    inbox = Folder.objects.get(mailbox_id=ann, name="INBOX")
    Annotation.objects.create(mailbox_id=ann, folder_id=inbox.pk, entry="/private/vacation", value=b"on", version=1)
    deliver()
    assert folders_of(ann) == {"INBOX": 1}


def test_duplicates_are_known_and_a_repeated_delivery_is_not_one(ann: MailboxId) -> None:
    use(ann, 'require "duplicate"; if duplicate { discard; }')
    deliver()
    deliver()
    assert folders_of(ann) == {"INBOX": 1}
    Recipient.objects.update(state="queued", next_attempt_at=0)
    drain.drain(owner="test")
    assert folders_of(ann) == {"INBOX": 1} and "discarded" not in told(TraceId(Entry.objects.order_by("id")[0].trace_id))


def test_a_delivery_repeated_after_a_crash_sends_nothing_twice(ann: MailboxId) -> None:
    use(ann, f'require "copy"; {AWAY} redirect :copy "cy@far.test";'.replace('require "copy"; require [', 'require ["copy", '))
    deliver()
    assert len(queued()) == 2 and Carried.objects.count() == 1
    Answered.objects.all().delete()
    Recipient.objects.filter(address="ann@here.test").update(state="queued", next_attempt_at=0)
    drain.drain(owner="test", now=0)
    drain.drain(owner="test")
    assert Entry.objects.filter(source__in=["local", "forward"]).count() == 2
    assert folders_of(ann) == {"INBOX": 1}


def test_a_crash_in_the_transaction_leaves_nothing(ann: MailboxId, monkeypatch: pytest.MonkeyPatch) -> None:
    use(ann, 'redirect "cy@far.test";')
    monkeypatch.setattr("mailcore.delivery.settling.settle", _raise)
    send("ann@here.test")
    with pytest.raises(RuntimeError):
        drain.drain(owner="test")
    assert Carried.objects.count() == 0 and Entry.objects.count() == 1


def _raise(*_: object, **__: object) -> None:
    raise RuntimeError("the machine stopped")


def test_a_message_to_a_person_and_to_an_alias_of_theirs_is_answered_once(ann: MailboxId) -> None:
    aliases.create(address="office@here.test", targets=["ann@here.test"])
    use(ann, AWAY)
    deliver("ann@here.test", "office@here.test")
    assert len(queued("local")) == 1 and folders_of(ann) == {"INBOX": 1}


def test_spam_goes_to_junk_unless_a_script_says_otherwise(ann: MailboxId) -> None:
    junk = Origin("smtp", filing="junk")
    use(ann, 'require ["fileinto", "spamtest", "relational", "mailbox"]; if header "subject" "none" { keep; }')
    deliver(origin=junk)
    assert folders_of(ann) == {"Junk": 1}
    use(ann, 'require ["spamtest", "relational", "fileinto", "mailbox"]; if spamtest :value "ge" "5" { fileinto :create "Spam"; }')
    deliver(origin=junk)
    assert folders_of(ann) == {"Junk": 1, "Spam": 1}
    use(ann, "keep;")
    deliver(origin=junk)
    assert folders_of(ann) == {"Junk": 1, "Spam": 1, "INBOX": 1}


def test_special_use_finds_the_folder_whatever_it_is_called(ann: MailboxId) -> None:
    use(ann, 'require ["fileinto", "special-use"]; fileinto :specialuse "\\\\Archive" "Nowhere";')
    deliver()
    assert folders_of(ann) == {"Archive": 1}


def test_scripts_of_the_house_run_around_the_owners(ann: MailboxId) -> None:
    scripts.put_shared(
        domain="",
        stage="before",
        name="house",
        text='require "imap4flags"; if header :contains "subject" "hello" { addflag "seen-by-house"; }',
    )
    scripts.put_shared(domain="here.test", stage="after", name="last", text='require ["fileinto", "mailbox"]; fileinto :create "Last";')
    deliver()
    assert folders_of(ann) == {"Last": 1}
    use(ann, 'require ["fileinto", "mailbox"]; fileinto :create "Own";')
    deliver()
    assert folders_of(ann) == {"Last": 1, "Own": 1}, "filed by the owner, it is no longer to be kept"


def test_over_quota_is_tried_again_without_a_second_letter() -> None:
    make_domain()
    full = make_mailbox("full@here.test", quota_bytes=10)
    use(full, 'require "copy"; redirect :copy "cy@far.test";')
    deliver("full@here.test")
    assert Recipient.objects.get(address="full@here.test").state == "queued"
    Recipient.objects.filter(address="full@here.test").update(next_attempt_at=0)
    drain.drain(owner="test")
    assert Entry.objects.filter(source="forward").count() == 1


def test_a_fault_of_the_house_never_loses_mail(ann: MailboxId, monkeypatch: pytest.MonkeyPatch) -> None:
    use(ann, "discard;")
    monkeypatch.setattr("mailcore.delivery.filtered.decide", _raise)
    deliver()
    assert folders_of(ann) == {"INBOX": 1}


def test_mailboxes_without_scripts_cost_one_query_a_batch(ann: MailboxId, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert sieving.plan([(None, ann, "ann@here.test")] * 3, now=NOW) == [None] * 3  # type: ignore[list-item]


def test_what_is_remembered_is_forgotten_in_time(ann: MailboxId) -> None:
    use(ann, AWAY)
    deliver(now=NOW)
    assert forgetting.forget(now=NOW + 10) == 0
    assert forgetting.forget(now=NOW + 40 * memory.DAY) == 2
    mailboxes.remove(mailbox_id=ann)
    assert forgetting.forget(now=NOW + 40 * memory.DAY) == 1, "the script of a mailbox that is gone"


def test_long_folder_names_have_short_keys(ann: MailboxId) -> None:
    use(ann, f'require ["fileinto", "mailbox"]; fileinto :create "{"x" * 500}";')
    deliver()
    assert list(folders_of(ann).values()) == [1]
    assert local.MAX_KEY < 400


@pytest.mark.parametrize(
    ("sender", "shown"), [("Ann <ann@here.test>", b"From: Ann <ann@here.test>"), ("boss@far.test", b"From: ann@here.test")]
)
def test_an_answer_is_written_from_the_owners_addresses_only(ann: MailboxId, sender: str, shown: bytes) -> None:
    use(ann, f'require "vacation"; vacation :from "{sender}" "Away.";')
    trace = deliver()
    ((_, _, raw),) = queued("local")
    assert shown in raw
    assert ("is not an address of this mailbox" in told(trace)) is ("boss" in sender)


@pytest.mark.parametrize("name", ["a//b", "/", " ", "x" * 900 + "/" + "y" * 900])
def test_names_that_no_folder_can_have_mean_the_inbox(ann: MailboxId, name: str) -> None:
    use(ann, f'require ["fileinto", "mailbox", "variables"]; set "n" "{name}"; fileinto :create "${{n}}";')
    deliver()
    assert folders_of(ann) == {"INBOX": 1}


@pytest.mark.parametrize(
    "command", ['error "a${hex:00}b";', 'reject "a${hex:00 0d 0a}b";', 'fileinto "a${hex:00}b";', 'vacation "a${hex:00}b";']
)
def test_octets_that_no_database_and_no_header_takes(ann: MailboxId, command: str) -> None:
    use(ann, f'require ["ihave", "encoded-character", "reject", "fileinto", "vacation"]; {command}')
    deliver()
    assert Recipient.objects.get(address="ann@here.test", entry__source="smtp").state in ("delivered", "failed")
    assert not any(b"\0" in raw for _, _, raw in queued())
    assert "\0" not in ScriptModel.objects.get().failed_text
