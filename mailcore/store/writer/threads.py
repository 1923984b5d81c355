"""Which conversation a new message belongs to, decided once at delivery.

By Message-IDs alone, nearest ancestor first. A message never changes its thread afterwards
(RFC 8474 §5.2), so two threads that a late message would join stay two.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..inserting import insert
from ..models import ThreadReference
from ..uidsets import chunk

MAX_ANCESTORS = 50


@dataclass(frozen=True, slots=True)
class Lineage:
    message_id: str
    ancestors: Sequence[str]
    """References and In-Reply-To, root first."""
    fallback: bytes
    """Names the thread of a message without any id."""


def assign(mailbox_id: int, lineages: Sequence[Lineage]) -> list[int]:
    """A thread id for each, in order: later ones may answer earlier ones."""
    own = [_digest_all(lineage) for lineage in lineages]
    known = _find(mailbox_id, {digest for digests in own for digest in digests})
    fresh: dict[bytes, int] = {}
    result: list[int] = []
    for lineage, digests in zip(lineages, own, strict=True):
        thread_id = _choose(digests, known) or _make_id(digests[-1] if digests else _digest(lineage.fallback))
        for digest in digests:
            if digest not in known:
                known[digest] = fresh[digest] = thread_id
        result.append(thread_id)
    insert(
        [ThreadReference(mailbox_id=mailbox_id, digest=digest, thread_id=thread_id) for digest, thread_id in fresh.items()],
        ignore_conflicts=True,
    )
    return result


def _digest_all(lineage: Lineage) -> list[bytes]:
    """Own id first, then ancestors from the nearest to the root."""
    ids = [lineage.message_id, *reversed(lineage.ancestors[-MAX_ANCESTORS:])]
    return [_digest(text.encode("utf-8", "surrogateescape")) for text in dict.fromkeys(ids) if text]


def _choose(digests: Sequence[bytes], known: Mapping[bytes, int]) -> int:
    return next((known[digest] for digest in digests if digest in known), 0)


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()[:16]


def _make_id(digest: bytes) -> int:
    """Positive, 63 bits, never 0."""
    return int.from_bytes(digest[:8], "big") >> 1 | 1


def _find(mailbox_id: int, digests: set[bytes]) -> dict[bytes, int]:
    found: dict[bytes, int] = {}
    for part in chunk(sorted(digests), 500):
        rows = ThreadReference.objects.filter(mailbox_id=mailbox_id, digest__in=part).values_list("digest", "thread_id")
        found |= {bytes(digest): thread_id for digest, thread_id in rows}
    return found
