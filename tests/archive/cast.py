"""Who the archive's tests are about, and a clock that they set."""

from dataclasses import dataclass

import pytest

from mailcore.delivery import intake
from mailcore.directory import domains, mailboxes
from mailcore.directory.access import Actor
from mailcore.directory.models import Domain
from mailcore.kernel.envelope import Envelope, EnvelopeRecipient, Origin
from mailcore.kernel.ids import FolderId, MailboxId, TraceId
from mailcore.store.mailstore import LocalMailStore
from tests.builders import message

DAY = 86_400
ROOT = Actor(1, "root", True, None)


@dataclass
class Clock:
    now: int

    def time(self) -> float:
        return float(self.now)

    def sleep(self, seconds: float) -> None:
        self.now += int(seconds) + 1


def set_clock(monkeypatch: pytest.MonkeyPatch, now: int) -> Clock:
    """What the store, the archive and the intake take for the time."""
    clock = Clock(now)
    for module in (
        "mailcore.store.writer.books", "mailcore.archive.undeleting", "mailcore.archive.sweeping", "mailcore.archive.retention",
        "mailcore.archive.holds", "mailcore.archive.rewinding.applying", "mailcore.archive.rewinding.planning",
        "mailcore.archive.journal.pruning", "mailcore.archive.journal.exporting", "mailcore.delivery.intake",
    ):  # fmt: skip
        monkeypatch.setattr(f"{module}.time", clock)
    return clock


def make_domain(name: str = "here.test") -> None:
    domains.create(name=name)


def look_after(name: str) -> Actor:
    """The administrator of one domain, which is made where it is missing."""
    domain = Domain.objects.filter(name=name).first() or domains.create(name=name)
    return Actor(2, f"administrator of {name}", False, frozenset({domain.pk}), frozenset({name}))


def make_mailbox(address: str = "ann@here.test") -> MailboxId:
    return MailboxId(mailboxes.create(address=address, password=None).pk)


def open_store(address: str = "ann@here.test") -> LocalMailStore:
    return LocalMailStore(make_mailbox(address))


def put(store: LocalMailStore, subject: str = "Lunch", folder: str = "INBOX", flags: int = 0, **more: str) -> int:
    raw = message(subject=subject, message_id=f"<{subject.replace(' ', '.')}@here.test>", **more)  # type: ignore[arg-type]
    return store.append(folder, raw, flags=flags, keywords=frozenset(), internaldate=1_700_000_000).uid


def folder_id(store: LocalMailStore, name: str = "INBOX") -> FolderId:
    return store.get_folder(name).id


def expunge(store: LocalMailStore, *uids: int, folder: str = "INBOX") -> None:
    store.expunge(folder_id(store, folder), list(uids), only_deleted=False)


def subjects(store: LocalMailStore, name: str = "INBOX") -> list[str]:
    snapshot = store.open(name, read_only=True)
    rows = store.fetch(folder_id(store, name), list(snapshot.uids), ["raw"])
    return sorted(raw.split(b"Subject: ")[1].split(b"\r\n")[0].decode() for _, raw in rows)


def send(*recipients: str, sender: str = "zoe@far.test", subject: str = "Hello", source: str = "smtp") -> TraceId:
    people = tuple(EnvelopeRecipient(one) for one in recipients)
    raw = message(sender=sender, to=recipients[0], subject=subject, message_id=f"<{subject.replace(' ', '.')}@far.test>")
    return intake.accept(envelope=Envelope(sender, people), raw=raw, origin=Origin(source, peer="192.0.2.7", helo="mail.far.test"))
