"""Message bytes by id: stored once per SHA-256, never changed.

`write` puts bytes on disk and is done outside transactions; `record` adds the rows and may be
part of one. A blob's row therefore always points at bytes that survive a crash.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from mailcore.kernel.errors import NotFound
from mailcore.kernel.ids import BlobId

from .packs import Locator, Packs
from .uidsets import chunk

IN_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Written:
    digest: bytes
    pack: str
    offset: int
    length: int


_packs: dict[Path, Packs] = {}


def open_packs() -> Packs:
    """The packs of this process."""
    data = settings.FACTEUR.data
    packs = _packs.get(data)
    return packs if packs is not None else _packs.setdefault(data, Packs(data / "packs"))


def write(raws: Sequence[bytes]) -> list[Written]:
    """Bytes that are durable when this returns, one flush for all; bytes already stored are not written again."""
    digests = [hashlib.sha256(raw).digest() for raw in raws]
    rows = _select('digest, pack, "offset", length', list(set(digests)))
    known = {bytes(digest): Written(bytes(digest), *place) for digest, *place in rows}
    packs, used = open_packs(), set()
    for digest, raw in zip(digests, raws, strict=True):
        if digest not in known:
            known[digest] = Written(digest, *packs.append(raw), len(raw))
            used.add(known[digest].pack)
    if used:
        packs.sync(used)
    return [known[digest] for digest in digests]


def record(written: Sequence[Written]) -> list[BlobId]:
    """Rows for written bytes. Where another process was quicker, its copy is the one that counts."""
    # In order of their digests, so that two writers cannot deadlock.
    added = {item.digest: item for item in sorted(written, key=attrgetter("digest"))}
    ids: dict[bytes, int] = {}
    with connection.cursor() as cursor:
        for part in chunk(list(added.values()), IN_CHUNK):
            values = ", ".join(["(%s, %s, %s, %s)"] * len(part))
            text = f'INSERT INTO store_blob (digest, pack, "offset", length) VALUES {values} ON CONFLICT DO NOTHING RETURNING digest, id'
            cursor.execute(text, [value for item in part for value in (item.digest, item.pack, item.offset, item.length)])
            ids |= {bytes(digest): pk for digest, pk in cursor.fetchall()}
    there = [digest for digest in added if digest not in ids]
    if there:
        ids |= {bytes(digest): pk for digest, pk in _hold(there)}
    if len(ids) < len(added):
        # PostgreSQL only: a sweep removed one between the two questions.
        record([item for item in written if item.digest not in ids])
        return record(written)
    return [BlobId(ids[item.digest]) for item in written]


def _hold(digests: Sequence[bytes]) -> list[tuple[Any, ...]]:
    """Digest and id of blobs that are there, which no sweep removes any more before it has seen what the caller makes of them."""
    # SQLite has one writer at a time, and that is us.
    found = list(_select("digest, id", digests, " FOR KEY SHARE" if connection.vendor == "postgresql" else ""))
    with connection.cursor() as cursor:
        for part in chunk(found, IN_CHUNK):
            marks = ", ".join(["%s"] * len(part))
            cursor.execute(f"DELETE FROM store_condemned WHERE blob_id IN ({marks})", [pk for _, pk in part])
    return found


def put(raw: bytes) -> BlobId:
    return put_many([raw])[0]


def put_many(raws: Sequence[bytes]) -> list[BlobId]:
    written = write(raws)
    with transaction.atomic():
        return record(written)


def read(blob_id: BlobId) -> bytes:
    """The bytes as received; NotFound where there is no such blob."""
    locators = locate([blob_id])
    if blob_id not in locators:
        raise NotFound("The message is gone.", f"blob {blob_id}")
    return open_packs().read(*locators[blob_id])


def read_many(blob_ids: Sequence[BlobId]) -> Iterator[bytes]:
    """In the order given; read as the caller proceeds."""
    locators = locate(blob_ids)
    return open_packs().read_many([locators[blob_id] for blob_id in blob_ids])


def locate(blob_ids: Sequence[BlobId]) -> dict[BlobId, Locator]:
    found: dict[BlobId, Locator] = {}
    with connection.cursor() as cursor:
        for part in chunk(list(dict.fromkeys(blob_ids)), IN_CHUNK):
            marks = ",".join(["%s"] * len(part))
            cursor.execute(f'SELECT id, pack, "offset", length FROM store_blob WHERE id IN ({marks})', list(part))
            found |= {BlobId(pk): (pack, offset, length) for pk, pack, offset, length in cursor.fetchall()}
    return found


def _select(columns: str, digests: Sequence[bytes], ending: str = "") -> Iterator[tuple[Any, ...]]:
    """Rows of these digests, those that exist."""
    with connection.cursor() as cursor:
        for part in chunk(digests, IN_CHUNK):
            marks = ", ".join(["%s"] * len(part))
            cursor.execute(f"SELECT {columns} FROM store_blob WHERE digest IN ({marks}){ending}", list(part))
            yield from cursor.fetchall()
