"""The search index: folded text per blob, and its trigrams, in an SQLite file of their own.

The trigrams (FTS5, detail=none) only narrow down; a text is always looked at itself before it
counts. Each thread has its own connection; nothing here takes part in the mail's transactions.
"""

import fcntl
import os
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

from config.sqlite import library  # noqa: F401  isort: skip  (puts the newer SQLite in place)

import sqlite3

from django.conf import settings

from ..uidsets import chunk
from .texts import Texts

MAX_GRAMS = 12
IN_CHUNK = 500
SCHEMA = """
CREATE TABLE IF NOT EXISTS texts(blob_id INTEGER PRIMARY KEY, header TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS indexed(blob_id INTEGER PRIMARY KEY, mark INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS progress(id INTEGER PRIMARY KEY CHECK (id = 1), blob_id INTEGER NOT NULL);
CREATE VIRTUAL TABLE IF NOT EXISTS grams USING fts5(
    text, content='', columnsize=0, detail=none, tokenize='trigram case_sensitive 1');
"""

_local = threading.local()


def make_mark(digest: bytes) -> int:
    """A blob's digest as a number SQLite can hold."""
    return int.from_bytes(digest[:7], "big")


class Index:
    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path, timeout=10, isolation_level=None)
        # May lose its last rows in a power failure: they are made again.
        self.connection.execute("PRAGMA synchronous=NORMAL")
        # Two processes that turn one file to WAL at once would not wait for each other.
        with path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.connection.execute("PRAGMA journal_mode=WAL")
            self.connection.executescript(SCHEMA)

    def list_indexed(self, marks: Mapping[int, int]) -> set[int]:
        """Which of these have their text here.

        `marks` comes from the blobs' digests: after a database was put back, an id may mean other bytes.
        """
        if not marks:
            return set()
        rows = self.connection.execute("SELECT blob_id, mark FROM indexed WHERE blob_id BETWEEN ? AND ?", (min(marks), max(marks)))
        return {blob_id for blob_id, mark in rows if marks.get(blob_id) == mark}

    def narrow(self, needle: str, blob_ids: set[int]) -> set[int]:
        """Those that may hold a folded needle: all of them where it is shorter than a trigram."""
        grams = list(dict.fromkeys(needle[at : at + 3] for at in range(len(needle) - 2)))
        if not grams:
            return blob_ids
        step = max(1, len(grams) // MAX_GRAMS)
        query = " AND ".join('"' + gram.replace('"', '""') + '"' for gram in grams[::step][:MAX_GRAMS])
        rows = self.connection.execute("SELECT rowid FROM grams WHERE grams MATCH ?", (query,))
        return {blob_id for (blob_id,) in rows} & blob_ids

    def read(self, blob_ids: Iterable[int], field: str, needle: str) -> Mapping[int, Texts]:
        """The texts that hold a needle: in the body, in the header, or (field "text") in either."""
        body, header = "instr(body, :needle) > 0", "instr(header, :needle) > 0"
        condition = {"body": body, "text": f"({body} OR {header})"}.get(field, header)
        shown = "header, ''" if field not in ("body", "text") else "'', ''"
        found: dict[int, Texts] = {}
        for part in chunk(sorted(blob_ids), IN_CHUNK):
            # Numbers of our own, so they can stand in the statement beside the named parameter.
            ids = ",".join(map(str, part))
            sql = f"SELECT blob_id, {shown} FROM texts WHERE blob_id IN ({ids}) AND {condition}"
            found |= {row[0]: Texts(row[1], row[2]) for row in self.connection.execute(sql, {"needle": needle})}
        return found

    def save(self, texts: Mapping[int, Texts], marks: Mapping[int, int]) -> None:
        """Add texts in one transaction; those already here stay as they are."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            known = self.list_indexed({blob_id: marks[blob_id] for blob_id in texts})
            for blob_id, text in texts.items():
                if blob_id not in known:
                    self._drop(blob_id)
                    self.connection.execute("INSERT INTO texts VALUES (?, ?, ?)", (blob_id, text.header, text.body))
                    self.connection.execute("INSERT INTO indexed VALUES (?, ?)", (blob_id, marks[blob_id]))
                    self.connection.execute("INSERT INTO grams(rowid, text) VALUES (?, ?)", (blob_id, text.header + text.body))
            self.connection.execute("COMMIT")
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise

    def _drop(self, blob_id: int) -> None:
        """Remove what another blob of this id left behind; trigrams without content are removed by their text."""
        row = self.connection.execute("SELECT header || body FROM texts WHERE blob_id = ?", (blob_id,)).fetchone()
        if row is not None:
            self.connection.execute("INSERT INTO grams(grams, rowid, text) VALUES ('delete', ?, ?)", (blob_id, row[0]))
            self.connection.execute("DELETE FROM texts WHERE blob_id = ?", (blob_id,))
            self.connection.execute("DELETE FROM indexed WHERE blob_id = ?", (blob_id,))

    def get_progress(self) -> int:
        row = self.connection.execute("SELECT blob_id FROM progress").fetchone()
        return int(row[0]) if row else 0

    def set_progress(self, blob_id: int) -> None:
        self.connection.execute("INSERT OR REPLACE INTO progress VALUES (1, ?)", (blob_id,))


def open_index() -> Index:
    """This thread's; a fork and another data folder get their own."""
    path = settings.FACTEUR.data / "search.sqlite3"
    key = (os.getpid(), str(path))
    if getattr(_local, "key", None) != key:
        _local.index = Index(path)
        _local.key = key
    index: Index = _local.index
    return index
