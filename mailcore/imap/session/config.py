"""What a session is told by its listener; shared by all sessions of one listener where it can be."""

from dataclasses import dataclass, field

from mailcore.kernel.limits import ImapLimits
from mailcore.kernel.principal import Service


@dataclass(frozen=True, slots=True)
class SessionConfig:
    peer: str = ""
    """The client's address, for the authenticator."""
    tls: bool = False
    """The connection is encrypted already."""
    starttls: bool = False
    """The listener can upgrade it."""
    clear_login: bool = False
    """A password may be sent without TLS (loopback)."""
    server_name: str = "Facteur"
    limits: ImapLimits = field(default_factory=ImapLimits)
    service: Service = Service.IMAP
