"""Accounts are collected: once each, through the filters or into a folder, and removed there only when here."""

import time

import pytest

from mailcore.delivery import intake
from mailcore.directory import mailboxes
from mailcore.directory.models import Mailbox
from mailcore.queue.models import Entry
from mailcore.retrieval import accounts, collecting, leases, placing, polling
from mailcore.retrieval.faults import LeaseLost
from mailcore.retrieval.models import Account, Collected
from mailcore.store import checking
from tests.builders import message

from .cast import bodies, letters, make, run, subjects
from .fakes import FakeFolder, FakeImap, FakePop3, Kept, Letter, serving

DAY = 86_400


def three(kind: str) -> FakePop3 | FakeImap:
    raws = letters(3)
    return FakePop3(raws) if kind == "pop3" else FakeImap([FakeFolder(b"INBOX", [Kept(at, raw) for at, raw in enumerate(raws, 5)])])


def left(server: FakePop3 | FakeImap) -> int:
    if isinstance(server, FakePop3):
        return sum(1 for one in server.letters if not one.is_deleted)
    return len(server.folders[b"INBOX"].kept)


@pytest.mark.parametrize("kind", ["pop3", "imap"])
@pytest.mark.parametrize("target", ["", "Old/House"])
def test_new_mail_comes_once(ann: Mailbox, kind: str, target: str) -> None:
    server = three(kind)
    with serving(server):
        account = make(ann, server, target=target)
        assert run(account).collected == 3
        assert subjects(ann, target or "INBOX") == ["Subject: Letter 1", "Subject: Letter 2", "Subject: Letter 3"]
        assert (account.fault, account.total, account.last_count) == ("", 3, 3)
        assert account.next_run_at > time.time() + 600
        assert run(account).collected == 0
        assert len(subjects(ann, target or "INBOX")) == 3
        assert left(server) == 3
    assert checking.check_mail() == []


@pytest.mark.parametrize("kind", ["pop3", "imap"])
def test_what_is_here_is_deleted_there(ann: Mailbox, kind: str) -> None:
    server = three(kind)
    with serving(server):
        account = make(ann, server, keep="delete")
        found = run(account)
        assert (found.collected, found.removed, left(server)) == (3, 3, 0)
        assert len(subjects(ann)) == 3
        run(account)
        assert not Collected.objects.exists()


def test_after_some_days_it_is_deleted_there(ann: Mailbox) -> None:
    server = three("pop3")
    now = int(time.time())
    with serving(server):
        account = make(ann, server, keep="days", keep_days=3)
        run(account, now=now)
        assert run(account, now=now + 3 * DAY - 10).removed == 0
        assert run(account, now=now + 3 * DAY + 10).removed == 3
        assert left(server) == 0
        assert len(subjects(ann)) == 3


def test_a_connection_lost_before_quit_deletes_the_next_time(ann: Mailbox) -> None:
    server = three("pop3")
    assert isinstance(server, FakePop3)
    with serving(server):
        account = make(ann, server, keep="delete")
        server.drop_at_quit = True
        run(account)
        assert (account.fault, left(server)) == ("broken", 3)
        server.drop_at_quit = False
        run(account)
        assert (account.fault, left(server)) == ("", 0)
        assert len(subjects(ann)) == 3


def test_the_bytes_are_those_of_the_other_server(ann: Mailbox) -> None:
    raw = message(subject="Dots", text=".one\r\n..two\r\n.\r\nend " + "x" * 5_000 + "\r\n", extra=[("Received", "from a by b; 1 Jan 2020")])
    server = FakePop3([raw])
    with serving(server):
        run(make(ann, server))
        [found] = bodies(ann)
        assert found.endswith(raw)
        head = found.removesuffix(raw)
        assert b"with POP3" in head and b"X-Facteur-Collected: " in head and b"Delivered-To: ann@here.test" in head


def test_mail_that_was_delivered_to_the_same_address_elsewhere_is_no_loop(ann: Mailbox) -> None:
    server = FakePop3([message(subject="Moved", extra=[("Delivered-To", "ann@here.test")])])
    with serving(server):
        run(make(ann, server))
    assert subjects(ann) == ["Subject: Moved"]


def test_what_was_collected_by_this_account_before_goes_no_second_round(ann: Mailbox) -> None:
    server = FakePop3(letters(1))
    with serving(server):
        account = make(ann, server)
        run(account)
        server.letters.append(Letter(bodies(ann)[0], "u-again"))
        assert run(account).collected == 0
    [refused] = accounts.list_refused(account=account)
    assert "loop" in refused.refusal


def test_nothing_is_doubled_when_a_worker_dies_before_the_commit(ann: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def keep_and_die(*args: object) -> None:
        keep(*args)  # type: ignore[arg-type]
        raise Killed

    server, keep = three("pop3"), intake.keep
    with serving(server):
        account = make(ann, server, keep="delete")
        monkeypatch.setattr(intake, "keep", keep_and_die)
        with pytest.raises(Killed):
            run(account)
        assert (Entry.objects.count(), Collected.objects.count(), left(server)) == (0, 0, 3)
        monkeypatch.setattr(intake, "keep", keep)
        Account.objects.update(lease="", lease_until=0)
        assert run(account).collected == 3
    assert len(subjects(ann)) == 3


def test_nothing_is_doubled_when_a_worker_dies_after_the_commit(ann: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def place_and_die(*args: object, **named: object) -> int:
        place(*args, **named)  # type: ignore[arg-type]
        raise Killed

    server, place = three("pop3"), placing.place
    with serving(server):
        account = make(ann, server, keep="delete")
        monkeypatch.setattr(placing, "place", place_and_die)
        with pytest.raises(Killed):
            run(account)
        monkeypatch.setattr(placing, "place", place)
        Account.objects.update(lease="", lease_until=0)
        found = run(account)
        assert (found.collected, found.removed) == (0, 3)
    assert len(subjects(ann)) == 3


def test_a_run_that_lost_its_lease_keeps_nothing(ann: Mailbox) -> None:
    server = three("pop3")
    with serving(server):
        make(ann, server)
        now = int(time.time())
        [old] = leases.claim(polling.due_accounts(now), now=now, limit=1)
        assert not leases.claim(polling.due_accounts(now), now=now, limit=1)
        later = now + leases.LEASE + 1
        [new] = leases.claim(polling.due_accounts(later), now=later, limit=1)
        with pytest.raises(LeaseLost):
            collecting.collect(old)
        assert not Collected.objects.exists() and not Entry.objects.exists()
        assert collecting.collect(new).collected == 3


def test_the_lease_of_a_dead_process_of_this_host_is_free() -> None:
    assert leases.is_orphan(f"{leases._HOST}:{2**22 + 17}:ab")
    assert not leases.is_orphan(f"elsewhere:{2**22 + 17}:ab")


def test_new_numbers_do_not_bring_old_mail_again(ann: Mailbox) -> None:
    server = three("imap")
    assert isinstance(server, FakeImap)
    with serving(server):
        account = make(ann, server)
        run(account)
        folder = server.folders[b"INBOX"]
        folder.uidvalidity = 99
        folder.kept = [Kept(at, one.raw) for at, one in enumerate(folder.kept, 1)]
        folder.kept.append(Kept(9, message(subject="New", message_id="<new@there.test>")))
        assert run(account).collected == 1
    assert subjects(ann) == ["Subject: Letter 1", "Subject: Letter 2", "Subject: Letter 3", "Subject: New"]


def test_messages_of_one_uidl_are_told_apart(ann: Mailbox) -> None:
    server = three("pop3")
    assert isinstance(server, FakePop3)
    for one in server.letters:
        one.uidl = "same"
    with serving(server):
        account = make(ann, server)
        assert run(account).collected == 3
        server.letters[0].is_deleted = True
        server.letters.append(Letter(message(subject="New", message_id="<new@there.test>"), "same"))
        assert run(account).collected == 1
    assert len(subjects(ann)) == 4


def test_many_messages_take_several_runs(ann: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "PER_RUN", 2)
    server = three("pop3")
    with serving(server):
        account = make(ann, server)
        found = run(account)
        assert (found.collected, found.is_complete) == (2, False)
        assert account.next_run_at <= time.time()
        assert run(account).collected == 1
        assert account.next_run_at > time.time()


def test_a_domain_is_collected_by_its_envelope_header(ann: Mailbox) -> None:
    bo = mailboxes.create(address="bo@here.test", password=None)
    raws = [
        message(subject="To Bo", message_id="<1@x>", extra=[("Delivered-To", "bo@here.test"), ("Delivered-To", "ann@here.test")]),
        message(subject="To both", message_id="<2@x>", extra=[("Delivered-To", "Bo@here.test, <ann@here.test>")]),
        message(subject="To nobody", message_id="<3@x>", extra=[("Delivered-To", "nobody@here.test")]),
        message(subject="Outside", message_id="<4@x>", extra=[("Delivered-To", "victim@elsewhere.test")]),
        message(subject="None", message_id="<5@x>"),
    ]
    server = FakePop3(raws)
    with serving(server):
        run(make(ann, server, envelope_header="Delivered-To", domain="here.test"))
    assert subjects(bo) == ["Subject: To Bo", "Subject: To both"]
    assert subjects(ann) == ["Subject: None", "Subject: Outside", "Subject: To both", "Subject: To nobody"]


def test_the_ring_starts_each_account_in_a_thread(ann: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    # SQLite in memory is one connection: what the thread does is shown elsewhere.
    seen: list[str] = []
    monkeypatch.setattr(collecting, "collect", lambda row: seen.append(row.host))
    monkeypatch.setattr("mailcore.retrieval.polling.connection.close", lambda: None)
    monkeypatch.setattr(polling, "PER_HOST", 2)
    server = FakePop3([])
    with serving(server):
        for number in range(4):
            make(ann, server, login=f"ann{number}")
        threads = polling.run_due()
        for thread in threads:
            thread.join(10)
    assert seen == ["127.0.0.1", "127.0.0.1"]
    assert polling._busy.total() == 0
    assert Account.objects.filter(lease="").count() == 2
