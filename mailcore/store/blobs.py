"""Message bytes by id: stored once per SHA-256, never changed.

`write` puts bytes on disk and is done outside transactions; `record` adds the rows and may be
part of one. A blob's row therefore always points at bytes that survive a crash.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import connection, transaction

from mailcore.kernel.errors import NotFound
from mailcore.kernel.ids import BlobId

from .inserting import insert
from .models import Blob
from .packs import Locator, Packs
from .uidsets import chunk

IN_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Written:
    digest: bytes
    pack: str
    offset: int
    length: int


_packs: dict[str, Packs] = {}


def open_packs() -> Packs:
    """The packs of this process."""
    folder = settings.FACTEUR.data / "packs"
    return _packs.setdefault(str(folder), Packs(folder))


def write(raws: Sequence[bytes]) -> list[Written]:
    """Bytes that are durable when this returns, one flush for all; bytes already stored are not written again."""
    digests = [hashlib.sha256(raw).digest() for raw in raws]
    known = {row.digest: row for row in _find_written(digests)}
    packs, is_dirty = open_packs(), False
    for digest, raw in zip(digests, raws, strict=True):
        if digest not in known:
            known[digest] = Written(digest, *packs.append(raw), len(raw))
            is_dirty = True
    if is_dirty:
        packs.sync()
    return [known[digest] for digest in digests]


def record(written: Sequence[Written]) -> list[BlobId]:
    """Rows for written bytes. Where another process was quicker, its copy is the one that counts."""
    rows = {item.digest: item for item in written}
    insert(
        [Blob(digest=item.digest, pack=item.pack, offset=item.offset, length=item.length) for _, item in sorted(rows.items())],
        ignore_conflicts=True,
    )
    ids: dict[bytes, int] = {}
    for part in chunk(list(rows), IN_CHUNK):
        ids |= {bytes(digest): pk for pk, digest in Blob.objects.filter(digest__in=part).values_list("pk", "digest")}
    return [BlobId(ids[item.digest]) for item in written]


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


def _find_written(digests: Sequence[bytes]) -> Iterator[Written]:
    for part in chunk(list(set(digests)), IN_CHUNK):
        rows = Blob.objects.filter(digest__in=part).values_list("digest", "pack", "offset", "length")
        for digest, pack, offset, length in rows:
            yield Written(bytes(digest), pack, offset, length)
