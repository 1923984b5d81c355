"""What a POP3 session asks of the world."""

from collections.abc import Callable
from typing import Protocol

from mailcore.kernel.ids import MailboxId
from mailcore.kernel.mailstore import MailStore
from mailcore.kernel.ports import Authenticator

OpenStore = Callable[[MailboxId], MailStore]


class Maildrops(Protocol):
    """One POP3 session a mailbox at a time (RFC 1939 §8)."""

    def lock(self, mailbox_id: MailboxId) -> Callable[[], None] | None:
        """What releases the lock, or None where another session holds it."""
        ...


__all__ = ["Authenticator", "MailStore", "Maildrops", "OpenStore"]
