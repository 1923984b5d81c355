"""The cast of the pages' tests: Ann with mail, Cy who must not see it, and root without a mailbox."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.test import Client

from mailcore.directory import domains, mailboxes, users
from mailcore.directory.models import Mailbox, User
from mailcore.kernel.ids import MailboxId
from mailcore.store.mailstore import LocalMailStore
from mailcore.store.search.index import open_index
from webmail.access.local import LocalMail

from .builders import letter

PASSWORD = "correct horse battery"
BACKEND = "mailcore.directory.backends.DirectoryBackend"


@dataclass(frozen=True)
class Actor:
    mailbox: Mailbox
    client: Client
    store: LocalMailStore
    mail: LocalMail

    def put(self, raw: bytes, folder: str = "INBOX", flags: int = 0) -> int:
        return self.store.append(folder, raw, flags=flags, keywords=frozenset(), internaldate=None).uid


@pytest.fixture(autouse=True)
def fresh_index() -> None:
    """Ids start anew with each test; the index would have to take them for a database that was put back."""
    open_index().set_progress(0)


@pytest.fixture(scope="session")
def hashed() -> str:
    from mailcore.directory.passwords import hash_password

    return hash_password(PASSWORD)


@pytest.fixture
def domain(db: None) -> None:
    domains.create(name="example.org")


def make_actor(name: str, hashed: str) -> Actor:
    mailbox = mailboxes.create(address=f"{name}@example.org", password=None, shown_name=name.capitalize())
    User.objects.filter(login=f"{name}@example.org").update(password=hashed)
    client = Client()
    client.force_login(User.objects.get(login=f"{name}@example.org"), backend=BACKEND)
    store = LocalMailStore(MailboxId(mailbox.id))
    return Actor(mailbox, client, store, LocalMail(store))


@pytest.fixture
def ann(domain: None, hashed: str) -> Actor:
    return make_actor("ann", hashed)


@pytest.fixture
def cy(domain: None, hashed: str) -> Actor:
    return make_actor("cy", hashed)


@pytest.fixture
def root(db: None) -> Iterator[Client]:
    user = users.create(login="root", password=None, role=User.Role.ROOT)
    client = Client()
    client.force_login(user, backend=BACKEND)
    yield client


@pytest.fixture
def seeded(ann: Actor) -> int:
    """One unread message in Ann's Inbox."""
    return ann.put(letter(subject="Handrail detail", text="The deck comes to 11,417 mm.\n> quoted\nSee https://example.net/x?a=1&b=2."))
