"""Keep what a change takes away: called by the store's writer inside its transaction, and by nothing else.

Imports nothing of the store but its tables, so that the writer can stand on it. One statement a stretch of UIDs adds
4 ms to the 10 that removing 1,000 messages takes, and 0.1 ms to one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from mailcore.store.inserting import insert

from .models import FormerFlags, Removal, Rewind

FIRST_LOOK = 86_400
"""Seconds after which the sweep looks at a removal for the first time; no window is shorter."""
_KEEP = """INSERT INTO archive_removal
    (mailbox_id, folder_id, folder, uid, flags, keywords, internaldate, savedate, size, thread_id, prefix, blob_id,
     kind, at, went_folder_id, went_uid, look_at)
    SELECT mailbox_id, folder_id, %s, uid, flags, keywords, internaldate, savedate, size, thread_id, prefix, blob_id,
    %s, CAST(%s AS bigint), CAST(%s AS bigint), {went}, CAST(%s AS bigint) FROM store_message"""
_NOWHERE = "CAST(%s AS bigint)"
_IN_A_ROW = "CAST(%s AS bigint) + ROW_NUMBER() OVER (ORDER BY uid)"
_RESTORED = "UPDATE archive_removal SET went_folder_id = %s, went_uid = %s WHERE id = %s"


@dataclass(frozen=True, slots=True)
class Leaving:
    """How messages leave a folder."""

    kind: Removal.Kind = Removal.Kind.EXPUNGED
    went_folder_id: int = 0
    first_uid: int = 0
    """In that folder, of the first; those of the others follow one by one."""

    def after(self, count: int) -> "Leaving":
        return Leaving(self.kind, self.went_folder_id, self.first_uid + count) if self.first_uid else self


EXPUNGED = Leaving()


def keep(*, folder: str, condition: str, values: Sequence[int], leaving: Leaving, at: int) -> None:
    """Copy the rows of `store_message` for which `condition` holds, in the order of their UIDs."""
    went = _IN_A_ROW if leaving.first_uid else _NOWHERE
    start = leaving.first_uid - 1 if leaving.first_uid else 0
    head: list[str | int] = [folder, leaving.kind.value, at, leaving.went_folder_id, start, at + FIRST_LOOK]
    with connection.cursor() as cursor:
        cursor.execute(f"{_KEEP.format(went=went)} WHERE {condition}", [*head, *values])


def keep_flags(rows: Sequence[FormerFlags]) -> None:
    insert(rows)


def note_return(pairs: Sequence[tuple[int, int, int]]) -> None:
    """(removal, folder, UID) of what was brought back, and is therefore no longer missing."""
    with connection.cursor() as cursor:
        cursor.executemany(_RESTORED, [(folder_id, uid, removal_id) for removal_id, folder_id, uid in pairs])


def forget_mailbox(mailbox_id: int) -> None:
    """With the mailbox itself. The journal is the domain's and stays."""
    for model in (Removal, FormerFlags, Rewind):
        model._default_manager.filter(mailbox_id=mailbox_id).delete()
