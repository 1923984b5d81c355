"""A folder of another mailbox as one reader sees it."""

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mailcore.kernel.flags import DELETED, SEEN
from mailcore.kernel.ids import FolderId, MailboxId
from mailcore.kernel.mailstore import FolderInfo, MessageState, Snapshot

from .. import folders, names, snapshots
from ..mailstore import LocalMailStore
from ..models import Folder
from ..writer import sharing as writing


@dataclass(frozen=True, slots=True)
class Visit:
    owner_id: MailboxId
    reader_id: MailboxId
    row: Folder
    name: str
    """As the reader calls it."""
    rights: str

    @property
    def store(self) -> LocalMailStore:
        return LocalMailStore(self.owner_id)

    @property
    def folder_id(self) -> FolderId:
        return FolderId(self.row.pk)

    def describe(self, *, subscribed: bool) -> FolderInfo:
        info = folders.describe(self.row, subscribed=subscribed)
        unseen = info.messages - self._count_seen() if "r" in self.rights else 0
        return replace(info, name=self.name, special_use="", unseen=unseen, rights=self.rights)

    def _count_seen(self) -> int:
        seen = writing.read_seen(self.row.pk, self.reader_id)
        if not seen:
            return 0
        there = snapshots.load(self.owner_id, self.folder_id).uids
        return sum(place < len(there) and there[place] == uid for uid in seen for place in (bisect_left(there, uid),))

    def see_all(self, snapshot: Snapshot) -> "array[int]":
        """The snapshot's flags with the reader's \\Seen in the place of the owner's."""
        flags = array("B", snapshot.flags.tobytes().translate(_WITHOUT_SEEN))
        for uid in writing.read_seen(self.row.pk, self.reader_id):
            place = bisect_left(snapshot.uids, uid)
            if place < len(flags) and snapshot.uids[place] == uid:
                flags[place] |= SEEN
        return flags

    def see_states(self, states: Sequence[MessageState]) -> list[MessageState]:
        seen = writing.read_seen(self.row.pk, self.reader_id) if states else set()
        return [replace(state, flags=state.flags & ~SEEN | (SEEN if state.uid in seen else 0)) for state in states]

    def allow(self, flags: int, keywords: frozenset[str]) -> tuple[int, frozenset[str]]:
        """Those of flags that the rights let through: "s" \\Seen, "t" \\Deleted, "w" the others (RFC 4314 §4)."""
        allowed = (SEEN if "s" in self.rights else 0) | (DELETED if "t" in self.rights else 0)
        allowed |= ~(SEEN | DELETED) if "w" in self.rights else 0
        return flags & allowed, keywords if "w" in self.rights else frozenset()


_WITHOUT_SEEN = bytes(bits & ~SEEN for bits in range(256))


def find_parent(name: str) -> str:
    return name.rpartition(names.SEPARATOR)[0]
