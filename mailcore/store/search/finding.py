"""A page of what a search finds in a whole mailbox, newest first: for the pages, while a person types.

A rare word is answered from the trigrams: its few candidates are looked at and sorted. A common
one is answered by walking the mailbox from the newest message on, which soon fills a page. Both
look at the text itself before anything counts. The trace header a server put on top is not searched.
"""

import logging
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from django.db import connection

from mailcore.kernel.ids import BlobId, FolderId, MailboxId
from mailcore.kernel.mailstore import TextLeaf
from mailcore.mime import structure
from mailcore.mime.parts import walk

from ..listing import CARRIES, FILTERS, read_key, write_key, write_pattern
from ..models import Content
from ..reading import SELECT, ListRow, read_rows
from ..uidsets import chunk
from . import indexing
from .index import Index, make_mark, open_index
from .narrowing import MAX_GRAMS, verify
from .texts import Texts, find_in_field, fold

log = logging.getLogger(__name__)

RARE = 2_000
"""Candidates up to which all are looked at; above it the mailbox is walked."""
STEP = 250
MAX_WALKED = 20_000
"""Messages looked at for one page; the next page goes on from there."""
MAX_UNINDEXED = 200
"""Messages parsed on the spot for one page."""
_LIGHT = "SELECT m.id, m.internaldate, m.blob_id, b.digest FROM store_message m JOIN store_blob b ON b.id = m.blob_id"


@dataclass(frozen=True, slots=True)
class Wanted:
    """All that is set must hold."""

    texts: tuple[TextLeaf, ...] = ()
    without: tuple[TextLeaf, ...] = ()
    filenames: tuple[str, ...] = ()
    folder_ids: tuple[FolderId, ...] = ()
    """Only in these; () is all but `excluded`."""
    excluded: tuple[FolderId, ...] = ()
    filters: tuple[str, ...] = ()
    """Keys of `listing.FILTERS`."""
    keyword: str = ""
    since: int | None = None
    until: int | None = None
    """Arrival, seconds since the epoch: from `since` on, before `until`."""
    larger: int | None = None
    smaller: int | None = None


@dataclass(frozen=True, slots=True)
class FoundPage:
    rows: list[ListRow]
    older: str
    """Give it as `after` to go on; "" where nothing is left."""
    total: int | None
    """How many there are, where that is known."""
    unindexed: int
    """Messages that are not indexed yet and were left out."""


@dataclass(frozen=True, slots=True)
class _Light:
    pk: int
    day: int
    blob_id: int
    mark: int


def find(*, mailbox_id: MailboxId, wanted: Wanted, after: str = "", limit: int = 50) -> FoundPage:
    """BadSyntax where `after` is not a key this function gave."""
    where, params = _conditions(mailbox_id, wanted)
    search = _Search(wanted)
    place = read_key(after, is_text=False) if after else None
    rare = _list_candidates(where, params, wanted) if search.has_texts else None
    if rare is not None:
        hits = list(search.sift(iter([rare])))
        shown = [light for light in hits if place is None or (light.day, light.pk) < place][: limit + 1]
        return _page(mailbox_id, shown, limit, total=len(hits), unindexed=search.unindexed)
    if not search.has_texts:
        steps = _walk(where, params, place, step=limit + 1)
        return _page(mailbox_id, next(steps, []), limit, total=None, unindexed=0)
    walked = _Walk(_walk(where, params, place, step=STEP))
    shown = list(islice(search.sift(iter(walked)), limit + 1))
    page = _page(mailbox_id, shown, limit, total=None, unindexed=search.unindexed)
    if not page.older and walked.stopped_at is not None:
        return FoundPage(page.rows, write_key(walked.stopped_at.day, walked.stopped_at.pk), None, search.unindexed)
    return page


class _Walk:
    """Steps up to MAX_WALKED messages; remembers where it stopped before the end."""

    def __init__(self, steps: Iterator[list[_Light]]) -> None:
        self.steps = steps
        self.stopped_at: _Light | None = None

    def __iter__(self) -> Iterator[list[_Light]]:
        walked = 0
        for lights in self.steps:
            yield lights
            walked += len(lights)
            if walked >= MAX_WALKED:
                self.stopped_at = lights[-1]
                return


class _Search:
    """Looks at texts; counts what it could not look at."""

    def __init__(self, wanted: Wanted) -> None:
        self.texts = [(leaf, fold(leaf.needle)) for leaf in wanted.texts]
        self.without = [(leaf, fold(leaf.needle)) for leaf in wanted.without]
        self.filenames = [fold(name) for name in wanted.filenames]
        self.unindexed = 0
        self._scanned = 0

    @property
    def has_texts(self) -> bool:
        return bool(self.texts or self.without or self.filenames)

    def sift(self, steps: Iterator[Sequence[_Light]]) -> Iterator[_Light]:
        """Those that match, in the order they come."""
        for lights in steps:
            kept = self._match(lights)
            yield from (light for light in lights if light.blob_id in kept)

    def _match(self, lights: Sequence[_Light]) -> set[int]:
        marks = {light.blob_id: light.mark for light in lights}
        try:
            index = open_index()
            known = index.list_indexed(marks)
            kept = set(known)
            for leaf, needle in self.texts:
                kept &= _holding(index, leaf, needle, kept)
            for leaf, needle in self.without:
                kept -= _holding(index, leaf, needle, kept)
        except sqlite3.DatabaseError as error:
            log.warning("the search index cannot be read, messages are: %s", error)
            known, kept = set(), set()
        kept |= self._scan([light.blob_id for light in lights if light.blob_id not in known], marks)
        return {blob_id for blob_id in kept if self._has_files(blob_id)} if self.filenames else kept

    def _scan(self, blob_ids: Sequence[int], marks: dict[int, int]) -> set[int]:
        room = max(0, MAX_UNINDEXED - self._scanned)
        self.unindexed += max(0, len(blob_ids) - room)
        chosen = [BlobId(blob_id) for blob_id in blob_ids[:room]]
        self._scanned += len(chosen)
        if not chosen:
            return set()
        derived = indexing.derive(chosen)
        try:
            open_index().save(derived, marks)
        except sqlite3.DatabaseError as error:
            # The answer does not depend on it.
            log.info("%d texts were not kept in the search index: %s", len(derived), error)
        return {blob_id for blob_id, texts in derived.items() if self._matches(texts)}

    def _matches(self, texts: Texts) -> bool:
        return all(texts.contains(leaf, needle) for leaf, needle in self.texts) and not any(
            texts.contains(leaf, needle) for leaf, needle in self.without
        )

    def _has_files(self, blob_id: int) -> bool:
        content = Content.objects.only("structure").filter(pk=blob_id).first()
        if content is None:
            return False
        names = [fold(part.filename) for part in walk(structure.load(bytes(content.structure))) if part.filename]
        return all(any(wanted in name for name in names) for wanted in self.filenames)


def _holding(index: Index, leaf: TextLeaf, needle: str, blob_ids: set[int]) -> set[int]:
    """Those of some indexed blobs that a leaf is true for, by looking at their texts."""
    if leaf.field == "body":
        return verify(index, "body", needle, blob_ids)
    if leaf.field == "text":
        found = verify(index, "header", needle, blob_ids)
        return found | verify(index, "body", needle, blob_ids - found)
    likely = verify(index, "header", needle, blob_ids)
    rows = index.read_rows("SELECT blob_id, header FROM texts", likely)
    return {blob_id for blob_id, header in rows if find_in_field(header, leaf, needle)}


def _find_blobs(index: Index, wanted: Wanted, limit: int) -> set[int] | None:
    """Blobs of any mailbox that may match, up to `limit` of a leaf; None where no leaf is as long as a trigram."""
    found: set[int] | None = None
    leaves = [*((leaf.field, fold(leaf.needle)) for leaf in wanted.texts), *(("body", fold(name)) for name in wanted.filenames)]
    for field, needle in leaves:
        if len(needle) < 3:
            continue
        tables = {"body": ("body",), "text": ("header", "body")}.get(field, ("header",))
        here = {blob_id for table in tables for blob_id in _ask(index, table, needle, limit)}
        if len(here) < limit:
            found = here if found is None else found & here
    return found


def _ask(index: Index, table: str, needle: str, limit: int) -> list[int]:
    grams = [needle[at : at + 3] for at in range(len(needle) - 2)]
    chosen = dict.fromkeys([*grams[::3], grams[-1]])
    query = " AND ".join('"' + gram.replace('"', '""') + '"' for gram in list(chosen)[:MAX_GRAMS])
    sql = f"SELECT rowid FROM {table}_grams WHERE {table}_grams MATCH ? LIMIT {limit}"
    return [row[0] for row in index.connection.execute(sql, (query,))]


def _list_candidates(where: str, params: list[int | str], wanted: Wanted) -> list[_Light] | None:
    """All messages a rare search can find, newest first; None where they are too many or the index cannot say."""
    try:
        index = open_index()
        blob_ids = _find_blobs(index, wanted, RARE + 1)
        progress = indexing.find_frontier(index)
    except sqlite3.DatabaseError as error:
        log.warning("the search index cannot be read: %s", error)
        return None
    if blob_ids is None or len(blob_ids) > RARE:
        return None
    found: dict[int, _Light] = {}
    # The sum keeps SQLite from going through the whole mailbox instead of these few.
    where = where.replace("m.mailbox_id", "m.mailbox_id + 0", 1)
    with connection.cursor() as cursor:
        for part in chunk(sorted(blob_ids), 500):
            marks = ",".join(["%s"] * len(part))
            cursor.execute(f"{_LIGHT} WHERE m.blob_id IN ({marks}) AND {where}", [*part, *params])
            found |= {light.pk: light for light in map(_make_light, cursor.fetchall())}
        # What came since the index was last filled is in no trigram yet.
        cursor.execute(f"{_LIGHT} WHERE m.blob_id > %s AND {where} LIMIT %s", [progress, *params, RARE])
        found |= {light.pk: light for light in map(_make_light, cursor.fetchall())}
    return sorted(found.values(), key=lambda light: (light.day, light.pk), reverse=True)


def _walk(where: str, params: list[int | str], place: tuple[int | str, int] | None, *, step: int) -> Iterator[list[_Light]]:
    while True:
        condition, extra = where, list(params)
        if place is not None:
            condition += " AND m.internaldate <= %s AND (m.internaldate < %s OR m.id < %s)"
            extra += [place[0], place[0], place[1]]
        with connection.cursor() as cursor:
            cursor.execute(f"{_LIGHT} WHERE {condition} ORDER BY m.internaldate DESC, m.id DESC LIMIT %s", [*extra, step])
            lights = [_make_light(row) for row in cursor.fetchall()]
        if lights:
            yield lights
        if len(lights) < step:
            return
        place = lights[-1].day, lights[-1].pk


def _make_light(row: tuple[int, int, int, bytes]) -> _Light:
    return _Light(row[0], row[1], row[2], make_mark(bytes(row[3])))


def _page(mailbox_id: MailboxId, lights: Sequence[_Light], limit: int, *, total: int | None, unindexed: int) -> FoundPage:
    shown = lights[:limit]
    older = write_key(shown[-1].day, shown[-1].pk) if len(lights) > limit else ""
    if not shown:
        return FoundPage([], older, total, unindexed)
    marks = ",".join(["%s"] * len(shown))
    sql = f"{SELECT} WHERE m.id IN ({marks}) ORDER BY m.internaldate DESC, m.id DESC"
    return FoundPage(read_rows(mailbox_id, sql, [light.pk for light in shown]), older, total, unindexed)


def _conditions(mailbox_id: MailboxId, wanted: Wanted) -> tuple[str, list[int | str]]:
    conditions: list[str] = ["m.mailbox_id = %s"]
    params: list[int | str] = [mailbox_id]
    for ids, word in ((wanted.folder_ids, "IN"), (wanted.excluded, "NOT IN")):
        if ids:
            conditions.append(f"m.folder_id {word} ({','.join(['%s'] * len(ids))})")
            params += ids
    for expression, sign, value in (
        ("m.internaldate", ">=", wanted.since),
        ("m.internaldate", "<", wanted.until),
        ("m.size", ">", wanted.larger),
        ("m.size", "<", wanted.smaller),
    ):
        if value is not None:
            conditions.append(f"{expression} {sign} %s")
            params.append(value)
    for name in wanted.filters:
        if FILTERS[name].startswith("c."):
            conditions.append(f"EXISTS (SELECT 1 FROM store_content c WHERE c.blob_id = m.blob_id AND {FILTERS[name]})")
        else:
            conditions.append(FILTERS[name])
    if wanted.keyword:
        conditions.append(CARRIES)
        params.append(write_pattern(wanted.keyword))
    return " AND ".join(conditions), params
