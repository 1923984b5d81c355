"""Which conversation a new message belongs to, decided once at delivery.

By Message-IDs alone, nearest ancestor first. A message never changes its thread afterwards
(RFC 8474 §5.2), so two threads that a late message would join stay two.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..inserting import insert_values
from ..loading import marks
from ..models import ThreadReference
from ..statements import ask
from ..uidsets import chunk

MAX_ANCESTORS = 50
_FIND = "SELECT mailbox_id, digest, thread_id FROM store_threadreference"
_Key = tuple[int, bytes]
"""(mailbox id, digest of a Message-ID)"""


@dataclass(frozen=True, slots=True)
class Lineage:
    message_id: str
    ancestors: Sequence[str]
    """References and In-Reply-To, root first."""
    fallback: bytes
    """Names the thread of a message without any id."""


def assign(lineages: Sequence[tuple[int, Lineage]]) -> list[int]:
    """A thread id for each (mailbox id, lineage), in order: later ones may answer earlier ones. Two statements for all."""
    own = [[(mailbox_id, digest) for digest in _digest_all(lineage)] for mailbox_id, lineage in lineages]
    known = _find({key for keys in own for key in keys})
    fresh: dict[_Key, int] = {}
    result: list[int] = []
    for (_, lineage), keys in zip(lineages, own, strict=True):
        thread_id = _choose(keys, known) or _make_id(keys[-1][1] if keys else _digest(lineage.fallback))
        for key in keys:
            if key not in known:
                known[key] = fresh[key] = thread_id
        result.append(thread_id)
    insert_values(
        ThreadReference,
        ("mailbox_id", "digest", "thread_id"),
        [(mailbox_id, digest, thread_id) for (mailbox_id, digest), thread_id in fresh.items()],
        ignore_conflicts=True,
    )
    return result


def _digest_all(lineage: Lineage) -> list[bytes]:
    """Own id first, then ancestors from the nearest to the root."""
    ids = [lineage.message_id, *reversed(lineage.ancestors[-MAX_ANCESTORS:])]
    return [_digest(text.encode("utf-8", "surrogateescape")) for text in dict.fromkeys(ids) if text]


def _choose(keys: Sequence[_Key], known: Mapping[_Key, int]) -> int:
    return next((known[key] for key in keys if key in known), 0)


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()[:16]


def _make_id(digest: bytes) -> int:
    """Positive, 63 bits, never 0."""
    return int.from_bytes(digest[:8], "big") >> 1 | 1


def _find(keys: set[_Key]) -> dict[_Key, int]:
    """Asked by mailbox and digest apart, which one index serves; rows of other pairings are left out here."""
    found: dict[_Key, int] = {}
    mailbox_ids = sorted({mailbox_id for mailbox_id, _ in keys})
    for part in chunk(sorted({digest for _, digest in keys}), 300):
        rows = ask(f"{_FIND} WHERE mailbox_id IN ({marks(mailbox_ids)}) AND digest IN ({marks(part)})", [*mailbox_ids, *part])
        found |= {(mailbox_id, bytes(digest)): thread_id for mailbox_id, digest, thread_id in rows}
    return found
