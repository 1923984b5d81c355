"""Flags in folders of others, and mail between mailboxes: each with the reader's own \\Seen (RFC 4314 §4)."""

from collections.abc import Sequence
from typing import Protocol

from django.db import transaction

from mailcore.kernel.errors import Denied
from mailcore.kernel.flags import SEEN, join_keywords, split_keywords
from mailcore.kernel.ids import FolderId, MailboxId
from mailcore.kernel.mailstore import Copied, FlagMode, MessageState

from .. import fetching, folders
from ..models import Usage
from ..writer import sharing as writing
from . import places
from .visits import Visit

_STATE = ("m.uid", "m.modseq", "m.flags", "m.keywords")


class Visitor(Protocol):
    @property
    def mailbox_id(self) -> MailboxId: ...
    def visit(self, name: str, needed: str) -> Visit: ...


def mark(visit: Visit, uids: Sequence[int], *, seen: bool) -> None:
    if uids and "s" in visit.rights:
        writing.mark_seen(mailbox_id=visit.owner_id, folder_id=visit.folder_id, reader_id=visit.reader_id, uids=uids, seen=seen)


def store_flags(
    visit: Visit, uids: Sequence[int], mode: FlagMode, flags: int, keywords: frozenset[str], unchanged_since: int | None
) -> list[MessageState]:
    """What the rights allow is changed and the rest passed over; Denied where nothing of it is allowed (RFC 4314 §4)."""
    bits, words = visit.allow(flags, keywords)
    if (flags or keywords) and not (bits or words):
        raise Denied("You have no right to change these flags.", f"{flags} in folder {visit.row.pk} with {visit.rights}")
    if mode is FlagMode.REPLACE and not set("stw") & set(visit.rights):
        raise Denied("You have no right to change flags.", f"folder {visit.row.pk} with {visit.rights}")
    with transaction.atomic():
        # The lock every writer takes first, so that what is compared here is what is changed.
        Usage.objects.select_for_update().filter(mailbox_id=visit.owner_id).first()
        before = {row[0]: row[1:] for row in fetching.select(visit.folder_id, sorted(set(uids)), _STATE)} if uids else {}
        chosen = [uid for uid, state in before.items() if unchanged_since is None or state[0] <= unchanged_since]
        _change(visit, chosen, before, mode, bits, words)
        after = [MessageState(*row) for row in fetching.select(visit.folder_id, chosen, _STATE)] if chosen else []
        return visit.see_states([state for state in after if state.modseq != before[state.uid][0]])


def _change(
    visit: Visit, uids: list[int], before: dict[int, tuple[int, int, str]], mode: FlagMode, bits: int, words: frozenset[str]
) -> None:
    if mode is FlagMode.REPLACE:
        if "s" in visit.rights:
            mark(visit, uids, seen=bool(bits & SEEN))
        # Bits the rights do not reach stay as they are with each message, so each group of them is a change of its own.
        groups: dict[tuple[int, str], list[int]] = {}
        for uid in uids:
            kept = before[uid][1] & ~visit.allow(0xFF & ~SEEN, words)[0]
            groups.setdefault((kept | bits & ~SEEN, "" if "w" in visit.rights else before[uid][2]), []).append(uid)
        for (flags, stored), some in groups.items():
            visit.store.store_flags(visit.folder_id, some, mode=mode, flags=flags, keywords=words | split_keywords(stored))
        return
    if bits & SEEN:
        mark(visit, uids, seen=mode is FlagMode.ADD)
    if bits & ~SEEN or words:
        visit.store.store_flags(visit.folder_id, uids, mode=mode, flags=bits & ~SEEN, keywords=words)


def transfer(visitor: Visitor, folder_id: FolderId, source: Visit | None, uids: Sequence[int], target: str, *, moving: bool) -> Copied:
    """Copy or move where one side at least is another's. `source` is None where it is the visitor's own."""
    goal = visitor.visit(target, "i") if places.is_others(target) else None
    row = goal.row if goal else folders.get_folder(visitor.mailbox_id, target)
    owner_id = goal.owner_id if goal else visitor.mailbox_id
    seen = writing.read_seen(folder_id, visitor.mailbox_id) if source else set()
    read: set[int] = set()

    def flags(uid: int, bits: int, keywords: str) -> tuple[int, str]:
        is_seen = uid in seen if source else bool(bits & SEEN)
        if goal is None:
            return bits & ~SEEN | (SEEN if is_seen else 0), keywords
        if is_seen:
            read.add(uid)
        allowed, words = goal.allow(bits & ~SEEN, split_keywords(keywords))
        return allowed, join_keywords(words)

    with transaction.atomic():
        pairs = writing.copy_between(
            source=(source.owner_id if source else visitor.mailbox_id, folder_id),
            uids=uids,
            target=(owner_id, FolderId(row.pk)),
            flags=flags,
            moving=moving,
        )
        if goal:
            mark(goal, [new for old, new in pairs if old in read], seen=True)
    return Copied(row.uidvalidity, pairs)
