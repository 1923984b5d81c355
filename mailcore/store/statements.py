"""Plain SQL, asked of the driver itself where that is SQLite.

Each command of each session asks two or three small questions. SQLite answers one in 5 µs; the layers
that Django's cursor puts before it take 25 more. PostgreSQL, where a question is a round trip, is asked
through Django, and so is SQLite whenever somebody counts the questions or the transaction is broken.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.db import connections


def ask(text: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """All rows of a SELECT with `%s` for its parameters and no other `%` or `?`; errors are Django's."""
    database = connections["default"]
    link = database.connection
    if link is None or database.vendor != "sqlite" or database.needs_rollback or database.force_debug_cursor or database.execute_wrappers:
        with database.cursor() as cursor:
            cursor.execute(text, parameters)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            return rows
    with database.wrap_database_errors:
        found: list[tuple[Any, ...]] = link.execute(_write_marks(text), parameters).fetchall()
        return found


@lru_cache(maxsize=1_024)
def _write_marks(text: str) -> str:
    return text.replace("%s", "?")
