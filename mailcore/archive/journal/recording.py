"""Write accepted messages into the journals of their domains, in the transaction that accepts them.

A domain without a journal costs one query a batch. With one, its chain is locked until the commit, so records of one
domain are written one after the other, whoever writes them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection

from mailcore.mime.headers import Headers
from mailcore.store.contents import clean
from mailcore.store.inserting import insert
from mailcore.store.loading import load, marks

from ..models import Chain, Record
from .chain import GENESIS, seal

# An alias of a domain is written into the journal of the domain it stands for.
_JOURNALLED = """SELECT d.name, h.name FROM directory_domain d JOIN directory_domain h ON h.id = COALESCE(d.alias_of_id, d.id)
    JOIN archive_level l ON l.owner = 'domain:' || h.name AND l.name = 'journal' AND l.value > 0 WHERE d.name IN ({})"""
_MOVE_HEAD = "UPDATE archive_chain SET seq = %s, digest = %s WHERE domain = %s"
MAX_SUBJECT = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    trace_id: str
    at: int
    source: str
    peer: str
    helo: str
    user_id: int | None
    sender: str
    recipients: tuple[str, ...]
    """All of the envelope, in its order."""
    message_id: str
    data: bytes
    blob_id: int
    blob_digest: bytes


def record(items: Sequence[Accepted]) -> None:
    """In the caller's transaction: the records are there if and only if the messages are."""
    concerned = [(item, _domains_of(item)) for item in items]
    homes = _find_homes({name for _, names in concerned for name in names})
    if not homes:
        return
    chains = _lock(set(homes.values()))
    rows: list[Record] = []
    for item, names in concerned:
        for home in sorted({homes[name] for name in names if name in homes}):
            rows.append(_append(chains[home], item))
    insert(rows)
    with connection.cursor() as cursor:
        cursor.executemany(_MOVE_HEAD, [(chain.seq, bytes(chain.digest), chain.domain) for chain in chains.values()])


def _domains_of(item: Accepted) -> set[str]:
    return {address.rpartition("@")[2].lower() for address in (item.sender, *item.recipients) if "@" in address}


def _find_homes(names: Iterable[str]) -> dict[str, str]:
    wanted = sorted(names)
    with connection.cursor() as cursor:
        cursor.execute(_JOURNALLED.format(marks(wanted)), wanted)
        return dict(cursor.fetchall())


def _lock(domains: Iterable[str]) -> dict[str, Chain]:
    wanted = sorted(domains)
    lock = " FOR UPDATE" if connection.features.has_select_for_update else ""
    condition = f"domain IN ({marks(wanted)}) ORDER BY domain{lock}"
    found = load(Chain, condition, wanted)
    if len(found) < len(wanted):
        Chain.objects.bulk_create([Chain(domain=name, digest=GENESIS, pruned_digest=GENESIS) for name in wanted], ignore_conflicts=True)
        found = load(Chain, condition, wanted)
    return {chain.domain: chain for chain in found}


def _append(chain: Chain, item: Accepted) -> Record:
    row = Record(
        domain=chain.domain, seq=chain.seq + 1, previous=bytes(chain.digest), digest=b"", at=item.at, trace_id=item.trace_id,
        source=item.source, peer=clean(item.peer)[:64], helo=clean(item.helo)[:255], user_id=item.user_id, sender=clean(item.sender)[:330],
        recipients=clean("\n".join(item.recipients)), message_id=clean(item.message_id)[:255], subject=_read_subject(item.data),
        size=len(item.data), blob_digest=item.blob_digest, blob_id=item.blob_id,
    )  # fmt: skip
    row.digest = seal(row)
    chain.seq, chain.digest = row.seq, row.digest
    return row


def _read_subject(data: bytes) -> str:
    return clean(Headers.parse(data).get("subject") or "")[:MAX_SUBJECT]
