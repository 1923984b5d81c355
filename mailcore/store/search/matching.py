"""One leaf of a search, answered exactly for a set of messages of one folder."""

import logging
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from mailcore.kernel.ids import BlobId, FolderId
from mailcore.kernel.mailstore import DateLeaf, SearchLeaf, SizeLeaf, TextLeaf
from mailcore.mime.headers import Headers

from .. import fetching
from ..uidsets import chunk
from . import indexing
from .index import make_mark, open_index
from .texts import Texts, fold, write_header

log = logging.getLogger(__name__)

SCAN_BATCH = 100
DAY = 86_400
EPOCH = date(1970, 1, 1).toordinal()


def match(folder_id: FolderId, leaf: SearchLeaf, uids: Sequence[int]) -> set[int]:
    """See kernel.mailstore.MailStore.match."""
    if not uids:
        return set()
    ascending = sorted(set(uids))
    if isinstance(leaf, TextLeaf):
        return _match_text(folder_id, leaf, ascending)
    expression, low, high = _range_of(leaf)
    rows = fetching.select(folder_id, ascending, ["m.uid", expression])
    return {uid for uid, value in rows if value is not None and low <= value < high}


def _range_of(leaf: DateLeaf | SizeLeaf) -> tuple[str, float, float]:
    """An SQL expression, and the half-open range in which its value has to lie."""
    endless = float("inf")
    if isinstance(leaf, SizeLeaf):
        return ("m.size", leaf.octets + 1, endless) if leaf.op == "larger" else ("m.size", -endless, leaf.octets)
    ordinal, unit = leaf.day.toordinal(), 1
    expression = f"COALESCE(c.sent_day, m.internaldate / {DAY} + {EPOCH})"
    if leaf.field != "sent":
        ordinal, unit = (ordinal - EPOCH) * DAY, DAY
        expression = "m.internaldate" if leaf.field == "internal" else "m.savedate"
    low = -endless if leaf.op == "before" else ordinal
    high = {"before": ordinal, "on": ordinal + unit, "since": endless}[leaf.op]
    return expression, low, high


def _match_text(folder_id: FolderId, leaf: TextLeaf, uids: Sequence[int]) -> set[int]:
    needle = fold(leaf.needle)
    if not needle and leaf.field != "header":
        return {row[0] for row in fetching.select(folder_id, uids, ["m.uid"])}
    by_blob: dict[int, list[int]] = {}
    marks: dict[int, int] = {}
    found: set[int] = set()
    for uid, blob_id, prefix, digest in fetching.select(folder_id, uids, ["m.uid", "m.blob_id", "m.prefix", "b.digest"]):
        if prefix and leaf.field != "body" and _prefix_contains(bytes(prefix), leaf, needle):
            found.add(uid)
        else:
            by_blob.setdefault(blob_id, []).append(uid)
            marks[blob_id] = make_mark(digest)
    for blob_id in _match_blobs(marks, leaf, needle):
        found.update(by_blob[blob_id])
    return found


def _prefix_contains(prefix: bytes, leaf: TextLeaf, needle: str) -> bool:
    return Texts(write_header(Headers.parse(prefix + b"\r\n")), "").contains(leaf, needle)


def _match_blobs(marks: Mapping[int, int], leaf: TextLeaf, needle: str) -> Iterator[int]:
    indexed, candidates = _ask_index(marks, leaf, needle)
    for blob_id, texts in candidates.items():
        if leaf.field in ("body", "text") or texts.contains(leaf, needle):
            yield blob_id
    yield from _scan(sorted(marks.keys() - indexed), marks, leaf, needle)


def _ask_index(marks: Mapping[int, int], leaf: TextLeaf, needle: str) -> tuple[set[int], Mapping[int, Texts]]:
    """What the index holds of these blobs, and the texts in it that hold the needle."""
    try:
        index = open_index()
        indexed = index.list_indexed(marks)
        return indexed, index.read(index.narrow(needle, indexed), leaf.field, needle)
    except sqlite3.DatabaseError as error:
        log.warning("the search index cannot be read, every message is: %s", error)
        return set(), {}


def _scan(blob_ids: Sequence[int], marks: Mapping[int, int], leaf: TextLeaf, needle: str) -> Iterator[int]:
    """Read and parse what is not indexed, and keep the work for the next search."""
    for part in chunk(blob_ids, SCAN_BATCH):
        texts = indexing.derive([BlobId(blob_id) for blob_id in part])
        yield from (blob_id for blob_id, text in texts.items() if text.contains(leaf, needle))
        try:
            open_index().save(texts, marks)
        except sqlite3.DatabaseError as error:
            # Another process writes to the index for long, or it is damaged; the answer does not depend on it.
            log.info("%d texts were not kept in the search index: %s", len(texts), error)
