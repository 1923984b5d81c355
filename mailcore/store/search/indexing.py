"""Fill the index behind deliveries; called by a task, again and again."""

from collections.abc import Iterable, Sequence

from django.db import connection

from mailcore.kernel.ids import BlobId

from .. import blobs
from ..models import Blob, Content, Folder
from . import blocks
from .index import Index, make_mark, open_index
from .texts import Texts

BATCH = 100


def index_pending(limit: int = 1_000) -> int:
    """Index up to `limit` blobs not looked at yet, oldest first; the number done, 0 where nothing waits.

    Goes by rising id. A blob committed late under a lower id is passed over here, and indexed
    by the first search that has to read it.
    """
    index = open_index()
    if index.get_progress() and not find_frontier(index):
        index.set_progress(0)
    done = 0
    touched: set[int] = set()
    while done < limit:
        waiting = Content.objects.filter(pk__gt=index.get_progress()).order_by("pk").values_list("pk", "blob__digest")
        marks = {blob_id: make_mark(bytes(digest)) for blob_id, digest in waiting[: min(BATCH, limit - done)]}
        if not marks:
            break
        known = index.list_indexed(marks)
        index.save(derive([BlobId(blob_id) for blob_id in marks if blob_id not in known]), marks)
        index.set_progress(max(marks))
        done += len(marks)
        touched |= _list_folders(marks)
    # Folders that have grown enough are written down, so that the first search finds them ready.
    for folder in Folder.objects.filter(pk__in=touched, messages__gte=blocks.FULL):
        blocks.settle(index, folder)
    return done


def find_frontier(index: Index) -> int:
    """Blobs up to this id were looked at; 0 where the database is not the one it was done for.

    A database put back to an earlier state gives known ids to new blobs: then all are looked at again.
    """
    progress = index.get_progress()
    digest = Blob.objects.filter(pk=progress).values_list("digest", flat=True).first()
    return progress if digest is not None and index.list_indexed({progress: make_mark(bytes(digest))}) else 0


def count_waiting() -> int:
    """Messages, each counted once, that a search still has to read."""
    return Content.objects.filter(pk__gt=open_index().get_progress()).count()


def _list_folders(blob_ids: Iterable[int]) -> set[int]:
    ids = list(blob_ids)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT DISTINCT folder_id FROM store_message WHERE blob_id IN ({','.join(['%s'] * len(ids))})", ids)
        return {row[0] for row in cursor.fetchall()}


def derive(blob_ids: Sequence[BlobId]) -> dict[int, Texts]:
    return {blob_id: Texts.derive(raw) for blob_id, raw in zip(blob_ids, blobs.read_many(blob_ids), strict=True)}
