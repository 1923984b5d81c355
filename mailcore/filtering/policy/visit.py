"""One session of a stranger, as far as the rules know it: kept by the listener, filled stage by stage. Pure."""

from dataclasses import dataclass, field
from enum import StrEnum

from mailcore.kernel.addresses import MailAddress
from mailcore.kernel.errors import BadSyntax
from mailcore.kernel.ids import MailboxId

from ..spam.sample import Sample
from .verdicts import Verdict


class Stage(StrEnum):
    CONNECT = "connect"
    HELO = "helo"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"


@dataclass(frozen=True, slots=True)
class Addressee:
    """One recipient and whose lists and thresholds hold for it, the nearest first."""

    address: str
    owners: tuple[str, ...]
    """e.g. ("mailbox:7", "domain:example.org", "system")."""
    mailbox_id: MailboxId | None = None
    """None where it stands for several."""


@dataclass(slots=True)
class Visit:
    peer: str
    hostname: str
    helo: str = ""
    spoke_early: bool = False
    sender: str = ""
    of_session: list[Verdict] = field(default_factory=list)
    """Of CONNECT and HELO."""
    of_message: list[Verdict] = field(default_factory=list)
    """Of MAIL."""
    of_recipients: dict[str, list[Verdict]] = field(default_factory=dict)
    addressees: dict[str, Addressee] = field(default_factory=dict)
    greeted_as: str = ""
    """The HELO the rules of that stage were asked about last."""
    is_listed_good: bool = False
    """A list of trusted hosts knows it."""
    altered: bytes | None = None
    """The message, where a milter changed header fields of it."""

    def begin(self, sender: str) -> None:
        self.sender = sender
        self.of_message, self.of_recipients, self.addressees, self.altered = [], {}, {}, None

    @property
    def sender_domain(self) -> str:
        return self.folded_sender.rpartition("@")[2]

    @property
    def folded_sender(self) -> str:
        return fold(self.sender)


@dataclass(slots=True)
class Letter:
    """The message itself, at DATA."""

    raw: bytes
    """As received, but for header fields a milter changed."""
    sample: Sample
    recipients: tuple[str, ...] = ()
    refused_for: dict[str, Verdict] = field(default_factory=dict)
    """What a milter said of single recipients."""


def fold(address: str) -> str:
    """In the spelling lists are kept in; what is no address, in lower case."""
    try:
        return MailAddress.parse(address).folded if address else ""
    except BadSyntax:
        return address.lower()
