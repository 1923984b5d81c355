"""How long mail may lie in an inbox, for POP3 to tell: the archive's period of the inbox, mailbox over domain over server."""

from mailcore.archive import levels
from mailcore.kernel.ids import MailboxId

_PERIOD = "inbox_days"


class ArchiveExpiry:
    """`pop3.ports.Expiry`."""

    def find_shortest(self) -> int:
        return levels.shortest(_PERIOD)

    def find_days(self, mailbox_id: MailboxId) -> int:
        return levels.find_all([_PERIOD], [mailbox_id])[mailbox_id][_PERIOD]
