"""What the rim gives a client session, and what the session asks of the rim."""

from dataclasses import dataclass, field
from enum import Enum

from mailcore.kernel.envelope import Envelope


class TlsUse(Enum):
    NEVER = "never"
    IF_OFFERED = "if offered"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class ClientConfig:
    helo: str
    lmtp: bool = False
    tls: TlsUse = TlsUse.IF_OFFERED
    tls_active: bool = False
    """True where the handshake came first (port 465)."""
    login: str = ""
    """Not empty: authenticate before the first message, or send nothing."""
    secret: str = field(default="", repr=False)
    auth_allowed_in_clear: bool = False


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    envelope: Envelope
    raw: bytes = field(repr=False)
    by_left: int = 0
    """Seconds until the envelope's `deliver_by`, negative once it has passed."""


@dataclass(frozen=True, slots=True)
class RecipientResult:
    address: str
    """As in the envelope."""
    ok: bool
    code: int
    """The peer's, or the one we would have given where the peer said none."""
    enhanced: str
    text: str
    permanent: bool
    """Never true together with ok. False and not ok: try again later."""


@dataclass(frozen=True, slots=True)
class Send:
    data: bytes = field(repr=False)
    final: bool = False
    """The end of a message is in it. Record that before writing: from here on a lost reply may cost a duplicate."""


@dataclass(frozen=True, slots=True)
class StartTls:
    """Do the handshake, then call `tls_started`; where it fails, `connection_lost`."""


@dataclass(frozen=True, slots=True)
class Finished:
    """One message is settled; in the order of the envelope's recipients."""

    results: tuple[RecipientResult, ...]
    session_failed: bool = False
    """The server, not this message, was at fault: another host of the domain may do better."""


@dataclass(frozen=True, slots=True)
class Close:
    pass


Action = Send | StartTls | Finished | Close
