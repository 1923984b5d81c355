"""What mailboxes hold, for a page of rows at once."""

from collections.abc import Iterable
from dataclasses import dataclass

from mailcore.directory.models import Mailbox
from mailcore.store.models import Usage


@dataclass(frozen=True, slots=True)
class Space:
    mailbox: Mailbox
    used: int
    messages: int
    limit: int
    """0 is none."""

    @property
    def is_full(self) -> bool:
        return 0 < self.limit <= self.used

    @property
    def is_tight(self) -> bool:
        return 0 < self.limit * 9 <= self.used * 10

    @property
    def low(self) -> int:
        return self.limit * 8 // 10

    @property
    def high(self) -> int:
        return self.limit * 9 // 10


def with_space(mailboxes: Iterable[Mailbox]) -> list[Space]:
    """Each mailbox with what it holds and may hold. One query besides that of the mailboxes."""
    rows = list(mailboxes)
    found = Usage.objects.in_bulk([row.id for row in rows])
    return [_space(row, found.get(row.id)) for row in rows]


def _space(mailbox: Mailbox, usage: Usage | None) -> Space:
    own = mailbox.quota_bytes
    limit = mailbox.address.domain.default_quota_bytes if own is None else own
    return Space(mailbox, usage.bytes if usage else 0, usage.messages if usage else 0, limit)
