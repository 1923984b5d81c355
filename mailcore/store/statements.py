"""Plain SQL, given to the driver itself where that is SQLite.

Each command of each session asks two or three small questions, and each change makes five or six
statements. SQLite does one in 5 µs; the layers that Django's cursor puts before it take 25 more. PostgreSQL,
where a statement is a round trip, is asked through Django, and so is SQLite whenever somebody counts the
statements or the transaction is broken. `%s` stands for a parameter; no other `%` and no `?` may be in a text.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper


def ask(text: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """All rows of a statement that gives some; errors are Django's."""
    database = connections["default"]
    link = _find_link(database)
    if link is None:
        with database.cursor() as cursor:
            cursor.execute(text, parameters)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            return rows
    with database.wrap_database_errors:
        found: list[tuple[Any, ...]] = link.execute(_write_marks(text), parameters).fetchall()
        return found


def run(text: str, parameters: Sequence[Any]) -> None:
    """A statement that gives no rows."""
    run_each(text, (parameters,))


def run_each(text: str, rows: Sequence[Sequence[Any]]) -> None:
    """The same for the parameters of each row; nothing where there is none."""
    if not rows:
        return
    database = connections["default"]
    link = _find_link(database)
    if link is None:
        with database.cursor() as cursor:
            cursor.executemany(text, rows)
        return
    with database.wrap_database_errors:
        link.executemany(_write_marks(text), rows)


def _find_link(database: BaseDatabaseWrapper) -> Any:
    """The driver's connection where it may be used as it is."""
    is_watched = database.force_debug_cursor or database.execute_wrappers
    return None if database.vendor != "sqlite" or database.needs_rollback or is_watched else database.connection


@lru_cache(maxsize=1_024)
def _write_marks(text: str) -> str:
    return text.replace("%s", "?")
