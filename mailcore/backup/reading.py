"""The database of a snapshot, opened as SQLite whatever wrote it: a dump of PostgreSQL is read into a temporary one."""

import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from config.sqlite import library  # noqa: F401  isort: skip  (puts the newer SQLite in place)

import sqlite3

from mailcore.kernel.errors import Conflict

from . import databases
from .manifest import Manifest, home, measure

Value = str | bytes | int | None

_TABLES: dict[str, tuple[str, ...]] = {
    "directory_domain": ("id", "name"),
    "directory_address": ("id", "domain_id", "local"),
    "directory_user": ("id", "password", "shown_name"),
    "directory_mailbox": ("id", "address_id", "user_id", "quota_bytes"),
    "store_folder": ("id", "name"),
    "store_blob": ("id", "pack", "offset", "length", "digest"),
    "store_message": ("mailbox_id", "folder_id", "blob_id", "uid", "prefix", "flags", "keywords", "internaldate"),
}
"""What the mail of a mailbox is read from."""
_TEXT = frozenset({"name", "local", "password", "shown_name", "pack", "keywords"})
_BYTES = frozenset({"digest", "prefix"})
_INDEXES = (
    "CREATE INDEX by_mailbox ON store_message (mailbox_id)",
    "CREATE UNIQUE INDEX by_blob ON store_blob (id)",
    "CREATE UNIQUE INDEX by_folder ON store_folder (id)",
)
_COPY = re.compile(r"COPY (?:\w+\.)?(\w+) \((.*)\) FROM stdin;")
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
_ESCAPED = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}
ROWS = 1_000


@contextmanager
def open_database(folder: Path, found: Manifest) -> Iterator[sqlite3.Connection]:
    """Conflict where its bytes are not those that were written."""
    name = databases.file_name(found.database)
    path = home(folder, found.stamp) / name
    if not path.is_file() or measure(path) != found.files.get(name):
        raise Conflict(f"{name} is damaged in this snapshot. Use an older one.")
    if found.database == "sqlite":
        with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as database:
            yield database
        return
    with tempfile.TemporaryDirectory(prefix="facteur-restore-") as place, closing(sqlite3.connect(f"{place}/dump")) as database:
        _load(path, database)
        yield database


def _load(dump: Path, database: sqlite3.Connection) -> None:
    """Only the tables above: what they hold comes as text, the COPY lines of PostgreSQL."""
    for table, columns in _TABLES.items():
        database.execute(f"CREATE TABLE {table} ({', '.join(map(_quote, columns))})")
    command = [databases.find_program("pg_restore"), "--data-only", "--file=-", *(f"--table={table}" for table in _TABLES), str(dump)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        for line in process.stdout:
            if header := _COPY.fullmatch(line.decode("utf-8").rstrip("\n")):
                _fill(database, header[1], [name.strip().strip('"') for name in header[2].split(",")], process.stdout)
        fault = process.stderr.read().decode("utf-8", "replace")
    if process.returncode:
        raise Conflict(f"The dump of the database cannot be read: {fault.strip()[-500:]}")
    for statement in _INDEXES:
        database.execute(statement)
    database.commit()


def _fill(database: sqlite3.Connection, table: str, given: list[str], lines: Iterable[bytes]) -> None:
    columns = _TABLES[table]
    positions = [(name, given.index(name)) for name in columns]
    statement = f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})"
    rows: list[list[Value]] = []
    for line in lines:
        if line == b"\\.\n":
            break
        fields = line[:-1].split(b"\t")
        rows.append([_read(name, fields[position]) for name, position in positions])
        if len(rows) >= ROWS:
            database.executemany(statement, rows)
            rows = []
    database.executemany(statement, rows)


def _read(name: str, field: bytes) -> Value:
    if field == b"\\N":
        return None
    if name in _BYTES:
        return bytes.fromhex(field.removeprefix(rb"\\x").decode("ascii"))
    if name not in _TEXT:
        return int(field)
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[1]), field).decode("utf-8")


def _quote(name: str) -> str:
    return f'"{name}"'
