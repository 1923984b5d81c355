"""What every listener of a process shares."""

import ssl
from dataclasses import dataclass

from config.environment import Environment

from .bridge import Bridge
from .channel import Channel
from .hub import Hub


@dataclass(frozen=True, slots=True)
class Services:
    environment: Environment
    bridge: Bridge
    hub: Hub
    tls: ssl.SSLContext

    def may_log_in_clear(self, channel: Channel) -> bool:
        """Passwords in clear never leave the machine."""
        return channel.is_loopback
