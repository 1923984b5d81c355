"""Learning from what people move into and out of Junk, after the fact: by the journal, in a worker, each message once.

Into Junk says spam. Out of it says ham, except into Trash; so does filing by hand from anywhere else into a folder of one's own.
"""

import logging
import time
from dataclasses import dataclass
from hashlib import sha256

from django.db import transaction

from mailcore.kernel.ids import BlobId
from mailcore.store import blobs
from mailcore.store.models import Change, Folder, Message
from mailcore.store.uidsets import split

from ..models import Lesson, Progress
from . import teaching, tokens
from .sample import read

log = logging.getLogger(__name__)

READER = "spam"
BATCH = 200
OVERLAP = 500
"""Journal lines that are looked at again: on PostgreSQL a line may be committed after one with a higher id."""
MAX_BYTES = 4_000_000
KEPT_FOR = 180 * 86_400
_SILENT = frozenset(("\\Trash", "\\Drafts", "\\Sent"))


@dataclass(frozen=True, slots=True)
class _Said:
    change_id: int
    mailbox_id: int
    folder_id: int
    uids: str
    is_spam: bool


def learn_new(*, limit: int = BATCH) -> int:
    """Learn from the next lines of the journal; how many messages were counted. Repeating it changes nothing."""
    progress, _ = Progress.objects.get_or_create(name=READER)
    lines = list(
        Change.objects.filter(source_id__gt=0, id__gt=max(0, progress.change_id - OVERLAP))
        .order_by("id")
        .values_list("id", "mailbox_id", "folder_id", "source_id", "uids")[: limit + OVERLAP]
    )
    uses = dict(Folder.objects.filter(pk__in={one for line in lines for one in line[2:4]}).values_list("pk", "special_use"))
    learned = 0
    for change_id, mailbox_id, folder_id, source_id, uids in lines:
        verdict = _read_move(uses.get(source_id, ""), uses.get(folder_id, ""))
        if verdict is not None:
            learned += _learn_from(_Said(change_id, mailbox_id, folder_id, uids, verdict))
    if lines:
        Progress.objects.filter(name=READER, change_id__lt=lines[-1][0]).update(change_id=lines[-1][0])
    return learned


def forget(*, now: int) -> int:
    """Old lessons can no longer be taken back; rare clues go where there are too many."""
    return Lesson.objects.filter(at__lt=now - KEPT_FOR).delete()[0] + teaching.forget_rare()


def _read_move(source: str, goal: str) -> bool | None:
    """True spam, False ham, None says nothing."""
    if goal == "\\Junk":
        return None if source == "\\Junk" else True
    if goal in _SILENT or source in _SILENT:
        return None
    return False


def _learn_from(said: _Said) -> int:
    rows = Message.objects.filter(folder_id=said.folder_id, uid__in=list(split(said.uids))[:1_000]).values_list(
        "blob_id", "blob__digest", "size"
    )
    return sum(_teach(said, BlobId(blob_id), bytes(digest)) for blob_id, digest, size in rows if size <= MAX_BYTES)


def _teach(said: _Said, blob_id: BlobId, digest: bytes) -> bool:
    key = sha256(digest).hexdigest()
    known = Lesson.objects.filter(mailbox_id=said.mailbox_id, digest=key).first()
    if known is not None and known.change_id >= said.change_id:
        return False
    changes_mind = known is not None and known.is_spam != said.is_spam
    hashed = tokens.find_hashed(read(blobs.read(blob_id))) if known is None or changes_mind else []
    with transaction.atomic():
        owners = [said.mailbox_id, teaching.SITE]
        if changes_mind:
            teaching.learn(mailbox_ids=owners, hashed=hashed, is_spam=not said.is_spam, sign=-1)
        if hashed:
            teaching.learn(mailbox_ids=owners, hashed=hashed, is_spam=said.is_spam)
        Lesson.objects.update_or_create(
            mailbox_id=said.mailbox_id, digest=key, defaults={"is_spam": said.is_spam, "change_id": said.change_id, "at": int(time.time())}
        )
    return bool(hashed)
