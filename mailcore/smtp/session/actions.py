"""What the rim tells a receiver at the start, and what the receiver asks of the rim."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from mailcore.kernel.envelope import Envelope
from mailcore.kernel.ids import TraceId
from mailcore.kernel.limits import SmtpLimits
from mailcore.kernel.principal import Principal


class Kind(Enum):
    MX = "mx"
    SUBMISSION = "submission"
    SUBMISSIONS = "submissions"
    LMTP = "lmtp"

    @property
    def needs_auth(self) -> bool:
        return self in (Kind.SUBMISSION, Kind.SUBMISSIONS)


@dataclass(frozen=True, slots=True)
class ReceiverConfig:
    hostname: str
    kind: Kind = Kind.MX
    limits: SmtpLimits = field(default_factory=SmtpLimits)
    tls_available: bool = False
    tls_active: bool = False
    """True from the first octet on port 465."""
    peer: str = ""
    auth_allowed_in_clear: bool = False
    """For loopback only."""
    clock: Callable[[], float] = time.time
    """Seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Reply:
    data: bytes


@dataclass(frozen=True, slots=True)
class StartTls:
    """Its reply went before. Do the handshake, then call `tls_started`."""


@dataclass(frozen=True, slots=True)
class Close:
    pass


@dataclass(frozen=True, slots=True)
class AskConnect:
    peer: str


@dataclass(frozen=True, slots=True)
class AskAuthenticate:
    """Answer with a Principal."""

    login: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AskSender:
    address: str
    """"" is the null sender."""
    size: int
    """As declared with SIZE=, 0 where it was not."""


@dataclass(frozen=True, slots=True)
class AskRecipient:
    address: str
    size: int


@dataclass(frozen=True, slots=True)
class AskAccept:
    """Answer only when the message is kept: 250 is said right after."""

    envelope: Envelope
    raw: bytes = field(repr=False)
    protocol: str
    """The `with` word of Received (RFC 3848, RFC 6531 §3.7.3)."""
    helo: str


Ask = AskConnect | AskAuthenticate | AskSender | AskRecipient | AskAccept
Action = Reply | StartTls | Close | Ask

Verdict = Principal | TraceId | Exception | None
"""None, a Principal or a TraceId is yes; an exception is no."""
Answer = Verdict | Sequence[TraceId | Exception | None]
"""A list, one item for each recipient of the envelope, may answer AskAccept on LMTP."""
