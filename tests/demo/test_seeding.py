"""Seeding fills the directory and the store, once."""

from datetime import UTC, datetime

import pytest

from mailcore.demo.people import ANN, BO
from mailcore.demo.seeding import PASSWORD, seed
from mailcore.directory import mailboxes
from mailcore.directory.authentication import authenticate
from mailcore.kernel.ids import MailboxId
from mailcore.kernel.principal import Role, Service
from mailcore.store.mailstore import LocalMailStore

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.mark.django_db(transaction=True)
def test_seeding_twice_makes_one_world() -> None:
    assert seed(now=NOW, letters=120)
    assert not seed(now=NOW, letters=120)
    store = LocalMailStore(MailboxId(mailboxes.get(address=ANN.address).id))
    counts = {folder.name: folder.messages for folder in store.list_folders()}
    assert sum(counts.values()) == 120
    assert counts["INBOX"] > 30 and counts["Sent"] > 5
    bo = authenticate(login=BO.address, secret=PASSWORD, service=Service.WEB, peer="127.0.0.1")
    assert bo.role is Role.DOMAIN_ADMIN
