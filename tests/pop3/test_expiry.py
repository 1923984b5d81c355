"""EXPIRE says what the archive's period of the inbox does (RFC 2449 §6.7)."""

import pytest

from mailcore.archive import levels
from mailcore.directory import domains, mailboxes
from mailcore.kernel.ids import MailboxId
from mailcore.kernel.peers import Peer
from mailcore.pop3.session import Ports, Session
from mailcore.servers.expiry import ArchiveExpiry

from .fakes import Inbox, Locks, authenticate, session
from .test_session import say


class Fixed:
    def find_shortest(self) -> int:
        return 30

    def find_days(self, mailbox_id: MailboxId) -> int:
        return {7: 60}.get(mailbox_id, 0)


def test_before_and_after_the_login() -> None:
    peer = Peer(address="127.0.0.1", hostname="mx.example.org", may_log_in_clear=True)
    inbox = Inbox([b"\r\nbody\r\n"])
    talk = Session(ports=Ports(authenticate, lambda _: inbox, Locks(), expiry=Fixed()), peer=peer)  # type: ignore[arg-type,return-value]
    assert b"\r\nEXPIRE 30 USER\r\n" in say(talk, "CAPA")
    say(talk, "USER ann@example.org")
    say(talk, "PASS a pass word")
    assert b"\r\nEXPIRE 60\r\n" in say(talk, "CAPA")
    assert b"\r\nEXPIRE NEVER\r\n" in say(session(inbox), "CAPA")


@pytest.mark.django_db(transaction=True)
def test_what_the_archive_says() -> None:
    domains.create(name="expiry.test")
    ann, bo = (mailboxes.create(address=f"{name}@expiry.test", password="a good long password") for name in ("ann", "bo"))
    expiry = ArchiveExpiry()
    assert (expiry.find_shortest(), expiry.find_days(MailboxId(ann.id))) == (0, 0)
    levels.put(owner="domain:expiry.test", name="inbox_days", value=90)
    levels.put(owner=f"mailbox:{bo.id}", name="inbox_days", value=14)
    assert (expiry.find_shortest(), expiry.find_days(MailboxId(ann.id)), expiry.find_days(MailboxId(bo.id))) == (14, 90, 14)
    levels.put(owner=f"mailbox:{bo.id}", name="inbox_days", value=0)
    assert (expiry.find_shortest(), expiry.find_days(MailboxId(bo.id))) == (90, 0)
