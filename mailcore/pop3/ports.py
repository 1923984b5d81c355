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


class Expiry(Protocol):
    """How many days a message stays at the least, read or not; 0 is for ever (RFC 2449 §6.7)."""

    def find_shortest(self) -> int:
        """Of all mailboxes; 0 where every one keeps for ever."""
        ...

    def find_days(self, mailbox_id: MailboxId) -> int: ...


class Never:
    """Nothing goes by itself."""

    def find_shortest(self) -> int:
        return 0

    def find_days(self, mailbox_id: MailboxId) -> int:
        return 0


__all__ = ["Authenticator", "Expiry", "MailStore", "Maildrops", "Never", "OpenStore"]
