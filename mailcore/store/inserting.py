"""Insert many rows at once, without the ORM's work for each value.

Raw because `bulk_create` took 0.5 ms of the 1.6 ms a delivered message cost; this takes 0.1 ms. Every
column has to be set, to a value that the database driver takes as it is.
"""

from collections.abc import Sequence
from operator import attrgetter

from django.db import connection, transaction
from django.db.models import AutoField, Model


def insert(rows: Sequence[Model], *, ignore_conflicts: bool = False) -> None:
    """Rows of one model; their ids stay unset. With `ignore_conflicts`, what is there already stays."""
    if not rows:
        return
    meta = rows[0]._meta
    fields = [field for field in meta.concrete_fields if not isinstance(field, AutoField)]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(field.column or field.attname) for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    ending = " ON CONFLICT DO NOTHING" if ignore_conflicts else ""
    # Outside a transaction each row would be a commit, and a flush, of its own.
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {quote(meta.db_table)} ({columns}) VALUES ({marks}){ending}",
            list(map(attrgetter(*(field.attname for field in fields)), rows)),
        )
