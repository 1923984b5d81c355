"""Words the tests of retrieval share."""

import time
from typing import Any

from mailcore.delivery import drain
from mailcore.directory.models import Mailbox
from mailcore.kernel.ids import MailboxId
from mailcore.retrieval import accounts, collecting, leases, polling
from mailcore.retrieval.models import Account
from mailcore.store import exporting
from mailcore.store.found import FoundMessage
from mailcore.store.mailstore import LocalMailStore
from tests.builders import message

from .fakes import HOST, FakePop3, FakeServer


def letters(count: int, **more: Any) -> list[bytes]:
    return [message(subject=f"Letter {number}", message_id=f"<l{number}@there.test>", **more) for number in range(1, count + 1)]


def make(mailbox: Mailbox, server: FakeServer, **more: Any) -> Account:
    wanted = {
        "protocol": "pop3" if isinstance(server, FakePop3) else "imap", "host": HOST, "port": server.port, "security": "none",
        "login": "ann", "secret": "pw",
    }  # fmt: skip
    return accounts.create(mailbox_id=mailbox.pk, wanted=accounts.Wanted(**(wanted | more)))


def run(account: Account, *, now: int | None = None) -> collecting.Run:
    """One run as a worker makes it, and what it queued delivered."""
    Account.objects.filter(pk=account.pk).update(next_run_at=0)
    at = int(time.time()) if now is None else now
    [claimed] = leases.claim(polling.due_accounts(at).filter(pk=account.pk), now=at, limit=1)
    found = collecting.collect(claimed, now=at)
    account.refresh_from_db()
    while drain.drain(owner="test", limit=100, wait=True):
        pass
    return found


def subjects(mailbox: Mailbox, folder: str = "INBOX") -> list[str]:
    return sorted(line for raw in bodies(mailbox, folder) for line in raw.decode("latin-1").split("\r\n") if line.startswith("Subject:"))


def bodies(mailbox: Mailbox, folder: str = "INBOX") -> list[bytes]:
    return [one.raw for one in kept(mailbox, folder)]


def kept(mailbox: Mailbox, folder: str = "INBOX") -> list[FoundMessage]:
    found = [one for one in LocalMailStore(MailboxId(mailbox.pk)).list_folders() if one.name == folder]
    return [one for info in found for _, one in exporting.read(MailboxId(mailbox.pk), info)]
