"""Who the tests of lists are about, and what goes round among them."""

from typing import Any

from mailcore.delivery import drain, intake
from mailcore.directory import mailboxes
from mailcore.kernel.envelope import Envelope, EnvelopeRecipient, Origin
from mailcore.kernel.ids import BlobId
from mailcore.lists import register, roster
from mailcore.lists.models import MailingList, Member
from mailcore.queue import journey
from mailcore.queue.models import Entry
from mailcore.store import blobs
from mailcore.store.models import Message
from mailcore.trust.zone import ZoneNames
from tests.delivery.cast import make_domain, make_mailbox

SMTP = Origin("smtp", peer="192.0.2.7", helo="mail.far.test", protocol="ESMTPS")
LOGIN = Origin("submission", peer="192.0.2.9", helo="laptop", protocol="ESMTPSA")


class NoNetwork:
    def find_hosts(self, domain: str) -> list[str]:
        raise AssertionError(f"nobody may ask for {domain}")

    def find_addresses(self, host: str) -> list[str]:
        raise AssertionError(f"nobody may ask for {host}")


def make_list(address: str = "team@here.test", **settings: Any) -> MailingList:
    """A list in here.test with an owner, olga@here.test, who has a mailbox."""
    make_domain()
    make_mailbox("olga@here.test")
    row = register.create(address=address, title="The Team", **settings)
    roster.add(row=row, email="olga@here.test", role="owner")
    return row


def join(row: MailingList, *emails: str, **options: Any) -> list[Member]:
    """Members with mailboxes here."""
    for email in emails:
        make_mailbox(email)
    return [roster.add(row=row, email=email, **options) for email in emails]


def letter(
    author: str, to: str = "team@here.test", *, subject: str = "Hello", number: int = 1, extra: str = "", body: str = "Hi."
) -> bytes:
    return (
        f"From: {author}\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <{number}@far.test>\r\n"
        f"Date: Tue, 1 Sep 2026 10:00:00 +0000\r\n{extra}\r\n{body}\r\n"
    ).encode()


def send(raw: bytes, *, to: str = "team@here.test", sender: str = "zoe@far.test", origin: Origin = SMTP) -> str:
    return intake.accept(envelope=Envelope(sender, (EnvelopeRecipient(to),)), raw=raw, origin=origin)


def run(now: int | None = None) -> int:
    total = 0
    while handled := drain.drain(owner="test", now=now, resolver=NoNetwork(), names=ZoneNames("")):
        total += handled
    return total


def said(trace_id: str) -> list[str]:
    return [f"{step.stage} {step.text}" for step in journey.list_steps(trace_id=trace_id)]  # type: ignore[arg-type]


def inbox(email: str) -> list[bytes]:
    """The messages in the inbox of a mailbox here, oldest first, whole."""
    mailbox = mailboxes.get(address=email)
    found = Message.objects.filter(folder__mailbox_id=mailbox.pk, folder__name="INBOX").order_by("uid")
    return [bytes(one.prefix or b"") + blobs.read(BlobId(one.blob_id)) for one in found]


def out_entries() -> list[Entry]:
    return list(Entry.objects.filter(source="list").order_by("id"))
