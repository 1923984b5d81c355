"""What every listener of a process shares."""

import ssl
from dataclasses import dataclass, field

from config.environment import Environment

from .bridge import Bridge
from .channel import Channel
from .hub import Hub
from .keyring import Keyring
from .scram import ScramOffer
from .turns import Turns

EXAMINERS, EXAMINERS_FOR_ONE = 12, 4
"""Messages examined at once, and those of one address: slow name servers must leave threads for everything else."""


@dataclass(frozen=True, slots=True)
class Services:
    environment: Environment
    bridge: Bridge
    hub: Hub
    keyring: Keyring
    examining: Turns = field(default_factory=lambda: Turns(at_once=EXAMINERS, for_one=EXAMINERS_FOR_ONE))
    """Held while a message is examined: who waits for it waits in the loop, not in a thread."""
    scram: ScramOffer = field(default_factory=ScramOffer)

    @property
    def tls(self) -> ssl.SSLContext:
        return self.keyring.tls

    def may_log_in_clear(self, channel: Channel) -> bool:
        """Passwords in clear never leave the machine."""
        return channel.is_loopback
