from collections.abc import Callable

import pytest

from mailcore.kernel.ids import MailboxId
from mailcore.store.mailstore import LocalMailStore

MAILBOX = MailboxId(4_711)


@pytest.fixture
def store(db: None) -> LocalMailStore:
    return LocalMailStore(MAILBOX)


@pytest.fixture
def add(store: LocalMailStore) -> Callable[..., int]:
    def add(raw: bytes, folder: str = "INBOX", flags: int = 0, keywords: frozenset[str] = frozenset()) -> int:
        return store.append(folder, raw, flags=flags, keywords=keywords, internaldate=None).uid

    return add
