"""The database wrapper Django loads for ENGINE "config.sqlite"."""

import fcntl
import os
import threading
from typing import Any, ClassVar

from . import library  # noqa: F401  isort: skip  (must come before Django's sqlite3 imports)

from django.db.backends.sqlite3 import base

PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA cache_size=-65536",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA wal_autocheckpoint=4000",
)


class Gate:
    """A file lock, and a thread lock before it: flock does not part threads of one open file."""

    _by_path: ClassVar[dict[str, "Gate"]] = {}
    _registry_lock = threading.Lock()

    def __init__(self, path: str) -> None:
        self.path = path
        self.thread_lock = threading.Lock()
        self.pid = 0
        self.file = -1

    @classmethod
    def of(cls, database: str) -> "Gate":
        with cls._registry_lock:
            return cls._by_path.setdefault(database, cls(f"{database}.gate"))

    def enter(self) -> None:
        self.thread_lock.acquire()
        try:
            if self.pid != os.getpid():  # an inherited descriptor would share the parent's lock
                self.file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                self.pid = os.getpid()
            fcntl.flock(self.file, fcntl.LOCK_EX)
        except BaseException:
            self.thread_lock.release()
            raise

    def leave(self) -> None:
        fcntl.flock(self.file, fcntl.LOCK_UN)
        self.thread_lock.release()


class DatabaseWrapper(base.DatabaseWrapper):
    """Writers queue at the gate from BEGIN IMMEDIATE to COMMIT; readers never wait."""

    _gate: Gate | None = None

    def get_connection_params(self) -> dict[str, Any]:
        return super().get_connection_params() | {"cached_statements": 512}

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        if not self.is_in_memory_db():
            for pragma in PRAGMAS:
                connection.execute(pragma)
        return connection

    def _start_transaction_under_autocommit(self) -> None:
        if not self.is_in_memory_db():
            gate = Gate.of(str(self.settings_dict["NAME"]))
            gate.enter()
            self._gate = gate
        try:
            self.cursor().execute("BEGIN IMMEDIATE")
        except BaseException:
            self._leave_gate()
            raise

    def _leave_gate(self) -> None:
        gate, self._gate = self._gate, None
        if gate is not None:
            gate.leave()

    def _commit(self) -> None:
        try:
            super()._commit()  # type: ignore[misc]  # the stubs leave it out
        finally:
            if self.connection is None or not self.connection.in_transaction:
                self._leave_gate()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]  # the stubs leave it out
        finally:
            self._leave_gate()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]  # the stubs leave it out
        finally:
            self._leave_gate()
