"""One mailbox, and leave to collect from this machine without TLS."""

import dataclasses
from typing import Any

import pytest

from mailcore.directory import domains, mailboxes
from mailcore.directory.models import Mailbox
from mailcore.store.search.index import open_index


@pytest.fixture(autouse=True)
def house(settings: Any) -> None:
    settings.FACTEUR = dataclasses.replace(
        settings.FACTEUR, retrieval_networks=("127.0.0.0/8", "::1/128"), retrieval_plain=True, max_message_bytes=2_000_000
    )
    open_index().set_progress(0)


@pytest.fixture
def ann(transactional_db: None) -> Mailbox:
    domains.create(name="here.test")
    return mailboxes.create(address="ann@here.test", password=None)
