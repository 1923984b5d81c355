"""The sessions over the store that is really used: several on one mailbox, interleaved, and expunging at once."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from mailcore.kernel.errors import NotFound
from mailcore.kernel.ids import MailboxId
from mailcore.store.mailstore import LocalMailStore

from .builders import Client, message
from .test_interleaving import Model, act

pytestmark = pytest.mark.django_db(transaction=True)


def filled(mailbox: int, count: int) -> LocalMailStore:
    store = LocalMailStore(MailboxId(mailbox))
    for number in range(count):
        store.append("INBOX", message(f"Number {number}"), flags=0, keywords=frozenset(), internaldate=None)
    return store


def opened(store: LocalMailStore, count: int) -> list[Model]:
    """Sessions with a store object each, as the listeners make them."""
    models = [Model(Client(LocalMailStore(store.mailbox_id))) for _ in range(count)]
    for model in models:
        model.run(b"SELECT INBOX")
        model.learn_new()
    return models


def assert_all_know_the_truth(store: LocalMailStore, models: list[Model]) -> None:
    fresh = Model(Client(store))
    fresh.run(b"EXAMINE INBOX")
    fresh.learn_new()
    for model in models:
        model.run(b"NOOP")
        model.learn_new()
        assert model.messages == fresh.messages


@pytest.mark.parametrize("seed", range(3))
def test_what_was_told_adds_up_to_the_truth(seed: int) -> None:
    chance = random.Random(seed)
    store = filled(800 + seed, 5)
    models = opened(store, 3)
    for _ in range(40):
        model = chance.choice(models)
        act(model, chance.randrange(10), chance.randrange(1_000))
        model.learn_new()
    assert_all_know_the_truth(store, models)


def at_once(jobs: list[Callable[[], None]]) -> None:
    def run(job: Callable[[], None]) -> None:
        try:
            job()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(jobs)) as pool:
        for done in [pool.submit(run, job) for job in jobs]:
            done.result()


def test_sessions_that_expunge_at_once() -> None:
    """Each marks and expunges its own share while the others do; nobody's numbers go astray, nothing else is lost."""
    store = filled(900, 24)
    models = opened(store, 4)

    def work(model: Model, share: int) -> Callable[[], None]:
        def run() -> None:
            for uid in range(1 + share, 17, 4):
                model.run(b"UID STORE %d +FLAGS.SILENT (\\Deleted)" % uid)
                model.run(b"UID EXPUNGE %d" % uid)
                model.run(b"NOOP")

        return run

    at_once([work(model, share) for share, model in enumerate(models)])
    for model in models:
        model.run(b"NOOP")
        assert [entry[0] for entry in model.messages] == list(range(17, 25))
    assert_all_know_the_truth(store, models)
    assert store.quota().messages == 8


def test_two_expunges_of_the_same_messages_at_once() -> None:
    store = filled(901, 12)
    models = opened(store, 3)
    models[0].run(b"STORE 1:8 +FLAGS.SILENT (\\Deleted)")
    at_once([lambda model=model: model.run(b"EXPUNGE") for model in models])  # type: ignore[misc]
    for model in models:
        model.run(b"NOOP")
        assert [entry[0] for entry in model.messages] == list(range(9, 13))
    assert store.quota().messages == store.get_folder("INBOX").messages == 4


def test_a_message_moved_by_two_arrives_once() -> None:
    store = filled(902, 6)
    models = opened(store, 3)
    at_once([lambda model=model: model.run(b"UID MOVE 1:6 Archive") for model in models])  # type: ignore[misc]
    assert store.get_folder("INBOX").messages == 0
    assert store.get_folder("Archive").messages == store.quota().messages == 6
    for model in models:
        model.run(b"NOOP")
        assert model.messages == []


def test_arrivals_and_flags_while_others_read() -> None:
    store = filled(903, 6)
    models = opened(store, 3)

    def arrive() -> None:
        mine = LocalMailStore(store.mailbox_id)
        for number in range(10):
            mine.append("INBOX", message(f"Later {number}"), flags=0, keywords=frozenset(), internaldate=None)

    def flag() -> None:
        for number in range(20):
            models[0].run(b"STORE %d FLAGS (\\Flagged k%d)" % (number % 6 + 1, number % 3))

    def read() -> None:
        for _ in range(20):
            models[1].run(b"FETCH 1:* (FLAGS BODY[])")
            models[1].learn_new()

    at_once([arrive, flag, read])
    assert_all_know_the_truth(store, models)
    assert len(models[2].messages) == 16


def test_a_folder_removed_under_a_session_ends_it() -> None:
    store = filled(904, 1)
    one, two = Client(LocalMailStore(store.mailbox_id)), Client(LocalMailStore(store.mailbox_id))
    one.ok(b"CREATE Work")
    one.ok(b"SELECT Work")
    two.ok(b"DELETE Work")
    assert b"* BYE" in one.run(b"NOOP")
    assert one.session.close


def test_other_peoples_folders_are_not_there() -> None:
    ann, bo = filled(905, 1), LocalMailStore(MailboxId(906))
    client = Client(bo)
    assert b"* 0 EXISTS" in client.ok(b"SELECT INBOX")
    with pytest.raises(NotFound):
        bo.changes_since(ann.get_folder("INBOX").id, 0)
    with pytest.raises(NotFound):
        list(bo.fetch(ann.get_folder("INBOX").id, [1], ["raw"]))
