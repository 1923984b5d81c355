"""The folders of one mailbox as its scripts know them: names and special uses, read once and only when asked."""

from collections.abc import Mapping

from mailcore.kernel.errors import BadSyntax, NotFound
from mailcore.kernel.ids import MailboxId
from mailcore.store import annotations, names
from mailcore.store.models import Folder
from mailcore.store.writer.folders import DEFAULTS


class Folders:
    def __init__(self, mailbox_id: MailboxId) -> None:
        self._mailbox_id = mailbox_id
        self._uses: dict[str, str] | None = None
        self._notes: dict[str, Mapping[str, bytes]] = {}

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

    def annotation(self, name: str | None, entry: str) -> str | None:
        """A note on a folder, or with None on the mailbox itself (RFC 5464)."""
        folder = "" if name is None else _spell(name)
        if name is not None and folder not in self._known():
            return None
        if folder not in self._notes:
            try:
                self._notes[folder] = annotations.load(self._mailbox_id, folder)
            except NotFound:
                # Named as if it were there, and not made yet.
                self._notes[folder] = {}
        value = self._notes[folder].get(entry.lower())
        return None if value is None else value.decode("utf-8", "replace")

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
