"""The folders of one mailbox as its scripts know them: names and special uses, read once and only when asked."""

from mailcore.kernel.errors import BadSyntax
from mailcore.kernel.ids import MailboxId
from mailcore.store import names
from mailcore.store.models import Folder
from mailcore.store.writer.folders import DEFAULTS


class Folders:
    def __init__(self, mailbox_id: MailboxId) -> None:
        self._mailbox_id = mailbox_id
        self._uses: dict[str, str] | None = None

    def exists(self, name: str) -> bool:
        return _spell(name) in self._known()

    def is_possible(self, name: str) -> bool:
        """Whether a folder can be called so."""
        return _spell(name) != ""

    def add(self, name: str) -> None:
        """A folder that is about to be made."""
        self._known().setdefault(_spell(name), "")

    def has_use(self, name: str | None, use: str) -> bool:
        """Whether that folder, or with None any, has this special use (RFC 8579 §3)."""
        if name is None:
            return self.find_by_use(use) is not None
        return self._known().get(_spell(name), "").lower() == use.lower()

    def find_by_use(self, use: str) -> str | None:
        wanted = use.lower()
        return next((name for name, found in self._known().items() if found.lower() == wanted), None) if wanted else None

    def _known(self) -> dict[str, str]:
        if self._uses is None:
            rows = Folder.objects.filter(mailbox_id=self._mailbox_id).values_list("name", "special_use")
            # A mailbox that never got mail has its first folders made with the first delivery.
            self._uses = dict(rows) or dict(DEFAULTS)
        return self._uses


def _spell(name: str) -> str:
    try:
        return names.normalise(name)
    except BadSyntax:
        return ""
