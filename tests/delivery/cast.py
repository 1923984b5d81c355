"""Who the delivery tests are about, and how their mail comes in."""

from mailcore.delivery import intake
from mailcore.directory import domains, mailboxes
from mailcore.kernel.envelope import Envelope, EnvelopeRecipient, Origin
from mailcore.kernel.ids import MailboxId, TraceId
from mailcore.store.models import Folder, Message

RAW = (
    b"From: Zoe <zoe@far.test>\r\nTo: ann@here.test\r\nSubject: Hello\r\nMessage-ID: <one@far.test>\r\n"
    b"Date: Tue, 1 Sep 2026 10:00:00 +0000\r\n\r\nHello.\r\n"
)
SMTP = Origin("smtp", peer="192.0.2.7", helo="mail.far.test", protocol="ESMTPS")


def make_domain(name: str = "here.test") -> None:
    domains.create(name=name)


def make_mailbox(address: str, *, quota_bytes: int | None = None) -> MailboxId:
    return MailboxId(mailboxes.create(address=address, password=None, quota_bytes=quota_bytes).pk)


def send(
    *recipients: str | EnvelopeRecipient, sender: str = "zoe@far.test", raw: bytes = RAW, origin: Origin = SMTP, ret: str = ""
) -> TraceId:
    people = tuple(one if isinstance(one, EnvelopeRecipient) else EnvelopeRecipient(one) for one in recipients)
    return intake.accept(envelope=Envelope(sender, people, ret=ret), raw=raw, origin=origin)


def count_messages(mailbox_id: MailboxId) -> int:
    inbox = Folder.objects.filter(mailbox_id=mailbox_id, name="INBOX")
    return Message.objects.filter(folder__in=inbox).count()
