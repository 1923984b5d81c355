"""Find blobs nothing points at, and remove their rows a day after.

A day, because bytes are stored before what points at them: an import, an edited header. Who stores
the same bytes again meanwhile takes the sentence back (`blobs.record`). What points at blobs is not
listed here: it is every table with a column `blob_id`, so a new room's table counts from its first migration on.
"""

from collections.abc import Sequence
from functools import cache

from django.apps import apps
from django.db import connection, transaction

from .loading import marks
from .models import Condemned, Content, Walk

GRACE = 86_400
"""Seconds."""
LOOK_AT = 100_000
AT_ONCE = 5_000
"""Blobs that are looked at in one statement: others wait for the write lock meanwhile."""
REMOVE_AT_ONCE = 500
EVERYTHING = 1 << 62
_WALK = "condemning"


def condemn(*, now: int, limit: int = LOOK_AT) -> int:
    """Look at the next `limit` blobs, or to the end of the round; how many were found dead. EVERYTHING begins a round."""
    walk, _ = Walk.objects.get_or_create(name=_WALK)
    position = 0 if limit == EVERYTHING else walk.position
    condemned = looked_at = 0
    while looked_at < limit:
        found, position = _look(now, position)
        condemned += found
        looked_at += AT_ONCE
        Walk.objects.filter(name=_WALK).update(position=position)
        if not position:
            break
    return condemned


def _look(now: int, position: int) -> tuple[int, int]:
    """How many were dead, and where to go on; 0 at the end."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT MAX(id), COUNT(*) FROM (SELECT id FROM store_blob WHERE id > %s ORDER BY id LIMIT %s) w", [position, AT_ONCE]
        )
        last, count = cursor.fetchone()
        if not count:
            return 0, 0
        text = f"""INSERT INTO store_condemned (blob_id, at) SELECT b.id, %s FROM store_blob b
            WHERE b.id > %s AND b.id <= %s AND {_is_dead()} ON CONFLICT DO NOTHING"""
        cursor.execute(text, [now, position, last])
        return int(cursor.rowcount), last if count == AT_ONCE else 0


def remove_condemned(*, now: int, limit: int = LOOK_AT) -> int:
    """Remove about `limit` blobs that are dead still; the bytes stay until their pack is swept. How many went."""
    removed = 0
    while removed < limit and (gone := _remove_some(now - GRACE)):
        removed += gone
    return removed


def _remove_some(due: int) -> int:
    with transaction.atomic():
        ids = list(Condemned.objects.filter(at__lte=due).order_by("at", "pk").values_list("pk", flat=True)[:REMOVE_AT_ONCE])
        # Asked in a second statement, with the rows in hand: PostgreSQL then sees what was committed while it waited for them.
        ours = _lock(ids)
        dead = _find_dead(ours)
        with connection.cursor() as cursor:
            if dead:
                cursor.execute(f"DELETE FROM store_content WHERE blob_id IN ({marks(dead)})", dead)
                cursor.execute(f"DELETE FROM store_blob WHERE id IN ({marks(dead)})", dead)
            if ids:
                is_settled = f"blob_id IN ({marks(ours)}) OR NOT EXISTS (SELECT 1 FROM store_blob b WHERE b.id = blob_id)"
                cursor.execute(f"DELETE FROM store_condemned WHERE blob_id IN ({marks(ids)}) AND ({is_settled})", [*ids, *ours])
    return len(dead)


def _lock(ids: Sequence[int]) -> list[int]:
    """Those that are there and that nobody else has in hand."""
    if not ids:
        return []
    lock = "FOR UPDATE SKIP LOCKED" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM store_blob WHERE id IN ({marks(ids)}) ORDER BY id {lock}", list(ids))
        return [row[0] for row in cursor.fetchall()]


def _find_dead(ids: Sequence[int]) -> list[int]:
    if not ids:
        return []
    sentenced = "EXISTS (SELECT 1 FROM store_condemned c WHERE c.blob_id = b.id)"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT b.id FROM store_blob b WHERE b.id IN ({marks(ids)}) AND {sentenced} AND {_is_dead()}", list(ids))
        return [row[0] for row in cursor.fetchall()]


@cache
def _is_dead() -> str:
    quote = connection.ops.quote_name
    return " AND ".join(f"NOT EXISTS (SELECT 1 FROM {quote(table)} x WHERE x.blob_id = b.id)" for table in list_references())


def list_references() -> list[str]:
    """Tables that keep a blob alive."""
    return sorted(
        model._meta.db_table
        for model in apps.get_models()
        if model not in (Content, Condemned) and any(field.column == "blob_id" for field in model._meta.concrete_fields)
    )
