"""A transaction that is not worth a flush of its own."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def unflushed() -> Iterator[None]:
    """Atomic and seen by everybody at once, but on disk only with the next ordinary commit of anybody.

    A power failure in between undoes it as a whole. Inside a transaction of the caller, that one's rules hold.
    """
    if connection.in_atomic_block:
        with transaction.atomic():
            yield
    elif connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = off")
            yield
    else:
        _set_synchronous("NORMAL")
        try:
            with transaction.atomic():
                yield
        finally:
            _set_synchronous("FULL")


def _set_synchronous(level: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA synchronous={level}")
