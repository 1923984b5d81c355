"""The database as one file: SQLite's own online backup, or pg_dump where PostgreSQL is used."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from config.sqlite import library  # noqa: F401  isort: skip  (puts the newer SQLite in place)

import sqlite3

from django.db import connection

from mailcore.kernel.errors import Conflict

Ends = dict[str, int]
"""How far into each pack the rows point."""

_ENDS = 'SELECT pack, MAX("offset" + length) FROM store_blob GROUP BY pack'


def kind() -> str:
    return "postgresql" if connection.vendor == "postgresql" else "sqlite"


def file_name(of: str) -> str:
    return "database.dump" if of == "postgresql" else "facteur.sqlite3"


def save(path: Path) -> Ends:
    """Write a consistent copy while others write on, and look it over; Conflict where it is not sound."""
    if kind() == "postgresql":
        _run(["pg_dump", "--format=custom", "--no-owner", f"--file={path}"])
        _run(["pg_restore", "--list", str(path)])
        with connection.cursor() as cursor:
            # Asked after the dump: what it names is at least what the dump names.
            cursor.execute(_ENDS)
            return dict(cursor.fetchall())
    _copy_sqlite(path)
    return look_over(path)


def look_over(path: Path) -> Ends:
    """Check an SQLite copy from first to last page."""
    with sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True) as copy:
        verdict = [row[0] for row in copy.execute("PRAGMA integrity_check")]
        if verdict != ["ok"]:
            raise Conflict(f"The copy of the database is damaged: {verdict[0]}")
        ends = dict(copy.execute(_ENDS).fetchall())
    copy.close()
    return ends


def restore_postgresql(path: Path) -> None:
    """Into the database of the settings, which must be empty."""
    require_empty()
    connection.close()
    _run(["pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", f"--dbname={_settings()['NAME']}", str(path)])


def require_empty() -> None:
    with connection.cursor() as cursor:
        if connection.introspection.table_names(cursor):
            raise Conflict("The database of FACTEUR_DATABASE_URL is not empty. Nothing was restored.")


def find_program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise Conflict(f"{name} is not installed; PostgreSQL's client programs are needed for this.")
    return found


def _copy_sqlite(path: Path) -> None:
    # A connection of its own: the backup holds no lock that writers wait for, they write to the WAL meanwhile.
    source = sqlite3.connect(str(connection.settings_dict["NAME"]), timeout=30)
    target = sqlite3.connect(str(path))
    try:
        source.backup(target)
        # One file that needs no companions: a copy is often moved alone.
        target.execute("PRAGMA journal_mode=DELETE")
    finally:
        target.close()
        source.close()
    path.chmod(0o600)


def _settings() -> dict[str, Any]:
    return connection.settings_dict


def _run(command: list[str]) -> None:
    found = _settings()
    # The password goes by the environment: the arguments of a process are there for all to read.
    environ = os.environ | {
        name: str(found[key])
        for name, key in (("PGHOST", "HOST"), ("PGPORT", "PORT"), ("PGUSER", "USER"), ("PGPASSWORD", "PASSWORD"), ("PGDATABASE", "NAME"))
        if found[key]
    }
    done = subprocess.run([find_program(command[0]), *command[1:]], env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Conflict(f"{command[0]} failed: {done.stderr.strip()[-500:]}")
