"""From one Facteur to another: collected by POP3 and IMAP, and moved whole."""

import dataclasses
import imaplib
from typing import Any

import pytest

from mailcore.directory import domains, mailboxes
from mailcore.directory.models import Mailbox
from mailcore.retrieval import accounts, transfers
from mailcore.store.search.index import open_index
from tests.builders import message
from tests.retrieval.cast import bodies, kept, run
from tests.retrieval.test_transferring import counts, go_on

from .house import HOST, Person

pytestmark = pytest.mark.processes


@pytest.fixture
def ann(transactional_db: None, settings: Any) -> Mailbox:
    settings.FACTEUR = dataclasses.replace(settings.FACTEUR, retrieval_networks=("127.0.0.0/8",), retrieval_plain=True)
    open_index().set_progress(0)
    domains.create(name="here.test")
    return mailboxes.create(address="ann@here.test", password=None)


@pytest.mark.parametrize("protocol", ["pop3", "imap"])
def test_mail_is_collected_once(person: Person, ann: Mailbox, protocol: str) -> None:
    person.is_sent(*(message(subject=f"Letter {number}", message_id=f"<{number}@x>") for number in range(3)))
    before = person.inbox()
    wanted = accounts.Wanted(
        protocol=protocol, host=HOST, port=person.house.ports[protocol], security="none", login=person.address, secret=person.password,
        keep="delete",
    )  # fmt: skip
    account = accounts.create(mailbox_id=ann.pk, wanted=wanted)
    assert (run(account).collected, account.last_text) == (3, "")
    assert all(any(one.endswith(raw) for one in bodies(ann)) for raw in before)
    assert person.inbox() == []
    assert run(account).collected == 0


def test_an_account_is_moved(person: Person, ann: Mailbox) -> None:
    person.is_sent(*(message(subject=f"Letter {number}", message_id=f"<{number}@x>") for number in range(3)))
    with imaplib.IMAP4(HOST, person.house.ports["imap"]) as client:
        client.login(person.address, person.password)
        client.create('"Projets &AOk-t&AOk-/2024"')
        client.append('"Projets &AOk-t&AOk-/2024"', "(\\Flagged work)", '"01-Feb-2003 04:05:06 +0000"', message(subject="Old"))
    wanted = transfers.Wanted(
        address="ann@here.test", host=HOST, port=person.house.ports["imap"], login=person.address, secret=person.password, security="none"
    )
    [transfer] = transfers.ask_for([wanted])
    go_on(transfer)
    assert (transfer.state, transfer.last_text, counts(transfer).here) == ("done", "", 4)
    assert bodies(ann) == person.inbox()
    [old] = kept(ann, "Projets été/2024")
    assert (old.raw, old.keywords, old.internaldate) == (message(subject="Old"), frozenset({"work"}), 1_044_072_306)
    [again] = transfers.ask_for([wanted])
    go_on(again)
    assert (counts(again).copied, counts(again).already) == (0, 4)
