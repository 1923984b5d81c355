"""What a session is told by its listener; shared by all sessions of one listener where it can be."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mailcore.kernel.limits import ImapLimits
from mailcore.kernel.ports import ScramPort
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
    scram: ScramPort | None = None
    """None where not every login has a key for it."""
    bindings: Mapping[str, bytes] = field(default_factory=dict)
    """What a login can be bound to once there is TLS (RFC 5929)."""
