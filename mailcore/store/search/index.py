"""The search index: folded text per blob with its trigrams and words, in an SQLite file of its own.

Trigrams and words (FTS5, detail=none) only narrow down; what they leave open is looked at itself.
Each thread has its own connection; nothing here takes part in the mail's transactions.
"""

import fcntl
import os
import secrets
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from config.sqlite import library  # noqa: F401  isort: skip  (puts the newer SQLite in place)

import sqlite3

from django.conf import settings

from ..uidsets import chunk
from .texts import Head, Texts

IN_CHUNK = 500
VERSION = 3
"""Of SCHEMA and of what `Texts.derive` gives: with another one in the file, all is made again."""
GRAMS = "content='', columnsize=0, detail=none, tokenize='trigram case_sensitive 1'"
WORDS = "content='', columnsize=0, detail=none, tokenize='ascii'"
SCHEMA = f"""
CREATE TABLE indexed(blob_id INTEGER PRIMARY KEY, mark INTEGER NOT NULL);
CREATE TABLE texts(blob_id INTEGER PRIMARY KEY, header TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE heads(blob_id INTEGER PRIMARY KEY, {", ".join(f'"{name}"' for name in Head._fields)});
CREATE VIRTUAL TABLE header_grams USING fts5(text, {GRAMS});
CREATE VIRTUAL TABLE header_words USING fts5(text, {WORDS});
CREATE VIRTUAL TABLE body_grams USING fts5(text, {GRAMS});
CREATE VIRTUAL TABLE body_words USING fts5(text, {WORDS});
CREATE TABLE blocks(id INTEGER PRIMARY KEY AUTOINCREMENT, folder_id INTEGER NOT NULL, uidvalidity INTEGER NOT NULL,
    last_uid INTEGER NOT NULL, count INTEGER NOT NULL);
CREATE INDEX blocks_folder ON blocks(folder_id, last_uid);
CREATE TABLE block_columns(block_id INTEGER NOT NULL, name TEXT NOT NULL, data BLOB NOT NULL);
CREATE UNIQUE INDEX block_columns_name ON block_columns(block_id, name);
CREATE TABLE progress(id INTEGER PRIMARY KEY CHECK (id = 1), blob_id INTEGER NOT NULL, birth INTEGER NOT NULL);
"""
_INDEXES = (("header_grams", "header"), ("header_words", "header"), ("body_grams", "body"), ("body_words", "body"))
_HEAD_MARKS = ", ".join("?" * (len(Head._fields) + 1))

_local = threading.local()


def make_mark(digest: bytes) -> int:
    """A blob's digest as a number SQLite can hold."""
    return int.from_bytes(digest[:7], "big")


class Index:
    def __init__(self, path: Path | None) -> None:
        """Without a path it is in memory, empty, for whoever made it."""
        self.connection = sqlite3.connect(path or ":memory:", timeout=10, isolation_level=None)
        if path is None:
            self._start_over()
            return
        # May lose its last rows in a power failure: they are made again.
        self.connection.execute("PRAGMA synchronous=NORMAL")
        # Two processes that make one file at once would not wait for each other.
        with path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.connection.execute("PRAGMA journal_mode=WAL")
            if self.connection.execute("PRAGMA user_version").fetchone()[0] != VERSION:
                self._start_over()

    def _start_over(self) -> None:
        """Whatever an older version left is dropped: it can all be made again."""
        self.connection.execute("BEGIN IMMEDIATE")
        virtual = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL%'"
        plain = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        for query in (virtual, plain):
            for (name,) in self.connection.execute(query).fetchall():
                self.connection.execute(f'DROP TABLE "{name}"')
        for statement in SCHEMA.split(";\n"):
            self.connection.execute(statement)
        self.connection.execute("INSERT INTO progress VALUES (1, 0, ?)", (secrets.randbits(60),))
        self.connection.execute(f"PRAGMA user_version = {VERSION}")
        self.connection.execute("COMMIT")

    @property
    def birth(self) -> int:
        """Names this file: what a process remembers of another one is worth nothing here."""
        return int(self.connection.execute("SELECT birth FROM progress").fetchone()[0])

    def list_indexed(self, marks: Mapping[int, int]) -> set[int]:
        """Which of these have their text here.

        `marks` comes from the blobs' digests: after a database was put back, an id may mean other bytes.
        """
        return {blob_id for blob_id, mark in self.read_rows("SELECT blob_id, mark FROM indexed", marks) if marks.get(blob_id) == mark}

    def read_heads(self, blob_ids: Iterable[int]) -> dict[int, Head]:
        return {row[0]: Head(*row[1:]) for row in self.read_rows("SELECT * FROM heads", blob_ids)}

    def read_rows(self, select: str, blob_ids: Iterable[int], condition: str = "1", needle: str = "") -> Iterable[tuple[Any, ...]]:
        for part in chunk(sorted(blob_ids), IN_CHUNK):
            # Numbers of our own, so they can stand in the statement beside the named parameter.
            ids = ",".join(map(str, part))
            yield from self.connection.execute(f"{select} WHERE blob_id IN ({ids}) AND {condition}", {"needle": needle})

    def save(self, texts: Mapping[int, Texts], marks: Mapping[int, int]) -> None:
        """Add texts in one transaction; those already here stay as they are."""
        with self.transaction():
            known = self.list_indexed({blob_id: marks[blob_id] for blob_id in texts})
            fresh = {blob_id: text for blob_id, text in texts.items() if blob_id not in known}
            for blob_id in fresh:
                self._drop(blob_id)
            run = self.connection.executemany
            run("INSERT INTO indexed VALUES (?, ?)", [(blob_id, marks[blob_id]) for blob_id in fresh])
            run("INSERT INTO texts VALUES (?, ?, ?)", [(blob_id, text.header, text.body) for blob_id, text in fresh.items()])
            run(f"INSERT INTO heads VALUES ({_HEAD_MARKS})", [(blob_id, *text.head) for blob_id, text in fresh.items()])
            for table, field in _INDEXES:
                rows = [(blob_id, getattr(text, field)) for blob_id, text in fresh.items()]
                run(f"INSERT INTO {table}(rowid, text) VALUES (?, ?)", rows)

    def _drop(self, blob_id: int) -> None:
        """Remove what another blob of this id left behind; what FTS5 holds without its text is removed by it."""
        row = self.connection.execute("SELECT header, body FROM texts WHERE blob_id = ?", (blob_id,)).fetchone()
        if row is None:
            return
        for table, field in _INDEXES:
            text = row[0] if field == "header" else row[1]
            self.connection.execute(f"INSERT INTO {table}({table}, rowid, text) VALUES ('delete', ?, ?)", (blob_id, text))
        for table in ("texts", "heads", "indexed"):
            self.connection.execute(f"DELETE FROM {table} WHERE blob_id = ?", (blob_id,))

    def transaction(self) -> "_Transaction":
        return _Transaction(self.connection)

    def get_progress(self) -> int:
        return int(self.connection.execute("SELECT blob_id FROM progress").fetchone()[0])

    def set_progress(self, blob_id: int) -> None:
        self.connection.execute("UPDATE progress SET blob_id = ?", (blob_id,))


class _Transaction:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        self._connection.execute("COMMIT" if error is None else "ROLLBACK")


def open_index() -> Index:
    """This thread's; a fork and another data folder get their own."""
    path = settings.FACTEUR.data / "search.sqlite3"
    key = (os.getpid(), str(path))
    if getattr(_local, "key", None) != key:
        _local.index = Index(path)
        _local.key = key
    index: Index = _local.index
    return index
