"""Changes of several threads in one commit: all of them made, a failure the asker's alone, nothing said that is not kept."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, connections, transaction

from mailcore.kernel.errors import NotFound
from mailcore.kernel.ids import MailboxId
from mailcore.store import checking
from mailcore.store.mailstore import LocalMailStore
from mailcore.store.writer import together

from .letters import letter

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL shares flushes itself"),
]
MAILBOX = MailboxId(8_800)


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many changes each commit held."""
    sizes: list[int] = []
    make_all = together._make_all

    def watched(turn: list[Any]) -> None:
        sizes.append(len(turn))
        make_all(turn)

    monkeypatch.setattr(together, "_make_all", watched)
    return sizes


def run_while_locked(jobs: list[Callable[[], Any]]) -> list[Future[Any]]:
    """Start jobs in threads while the database is being written to, and let them go on when all of them wait."""
    started = threading.Semaphore(0)

    def run(job: Callable[[], Any]) -> Any:
        started.release()
        try:
            return job()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(jobs)) as pool:
        with transaction.atomic():
            LocalMailStore(MailboxId(MAILBOX + 1))
            futures = [pool.submit(run, job) for job in jobs]
            for _ in jobs:
                started.acquire()
            while len(together._queue._waiting) < len(jobs) - 1:
                if any(future.done() for future in futures):
                    break
        return futures


def append(name: str, number: int) -> Callable[[], int]:
    raw = letter(subject=f"Number {number}")
    return lambda: LocalMailStore(MAILBOX).append(name, raw, flags=0, keywords=frozenset(), internaldate=None).uid


def test_those_who_waited_share_a_commit(turns: list[int]) -> None:
    store = LocalMailStore(MAILBOX)
    futures = run_while_locked([append("INBOX", number) for number in range(6)])
    assert sorted(future.result() for future in futures) == [1, 2, 3, 4, 5, 6]
    assert sum(turns) == 6
    assert len(turns) < 6
    assert store.get_folder("INBOX").messages == 6
    assert checking.check_mail() == []


def test_a_failure_is_its_askers_alone(turns: list[int]) -> None:
    store = LocalMailStore(MAILBOX)
    names = ["INBOX", "Nowhere", "INBOX", "Nowhere", "INBOX"]
    futures = run_while_locked([append(name, number) for number, name in enumerate(names)])
    outcomes = [future.exception() for future in futures]
    assert [isinstance(outcome, NotFound) for outcome in outcomes] == [False, True, False, True, False]
    assert store.get_folder("INBOX").messages == 3
    assert checking.check_mail() == []


def test_a_commit_that_fails_fails_for_all_of_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    LocalMailStore(MAILBOX)
    make = together._Change.make

    def make_and_spoil(change: Any, *, in_company: bool) -> None:
        make(change, in_company=in_company)
        if in_company:
            transaction.set_rollback(True)

    monkeypatch.setattr(together._Change, "make", make_and_spoil)
    futures = run_while_locked([append("INBOX", number) for number in range(5)])
    kept = [future.result() for future in futures if future.exception() is None]
    assert len(kept) < 5
    assert LocalMailStore(MAILBOX).get_folder("INBOX").messages == len(kept)


def test_inside_a_transaction_nothing_is_put_off(turns: list[int]) -> None:
    LocalMailStore(MAILBOX)
    with transaction.atomic():
        assert append("INBOX", 1)() == 1
    assert turns == []
