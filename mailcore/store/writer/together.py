"""Changes of many sessions in one commit, where the database lets one writer in at a time.

A commit is a flush, a millisecond or more in which SQLite does nothing else. Who wants to change
something meanwhile waits anyway; the first of those who waited then makes all their changes in one transaction, each
in a savepoint, so that one that fails takes no other with it. Nobody waits for company: a lone change
is made at once. PostgreSQL shares flushes itself and is left alone, and so is a transaction that is open already.
"""

import threading
from collections.abc import Callable
from functools import partial, wraps
from typing import Any, ParamSpec, TypeVar

from django.db import InternalError, connection, transaction

P = ParamSpec("P")
T = TypeVar("T")

MAX_TURN = 64


class _Change:
    """One session's change, and what became of it."""

    __slots__ = ("_error", "_job", "_value", "leads", "woken")

    def __init__(self, job: Callable[[], Any]) -> None:
        self._job = job
        self._value: Any = None
        self._error: BaseException | None = None
        self.leads = False
        """It has been woken to make the changes of its turn, not because its own is made."""
        self.woken = threading.Event()

    def make(self, *, in_company: bool) -> None:
        try:
            if in_company:
                with transaction.atomic():
                    self._value = self._job()
            else:
                self._value = self._job()
        except Exception as error:
            self._error = error

    def fail(self, error: BaseException) -> None:
        if self._error is None:
            self._error = error

    def get_result(self) -> Any:
        if self._error is not None:
            raise self._error
        return self._value


class _Queue:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[_Change] = []
        self._is_led = False

    def make(self, change: _Change) -> Any:
        with self._lock:
            self._waiting.append(change)
            change.leads, self._is_led = not self._is_led, True
        if not change.leads:
            change.woken.wait()
        if change.leads:
            self._lead()
        return change.get_result()

    def _lead(self) -> None:
        with self._lock:
            turn = self._waiting[:MAX_TURN]
            del self._waiting[:MAX_TURN]
        try:
            _make_all(turn)
        except BaseException as error:
            # The commit failed, or this thread is being ended: nothing of the turn is kept.
            for change in turn:
                change.fail(error)
        finally:
            self._pass_on(turn)

    def _pass_on(self, turn: list[_Change]) -> None:
        with self._lock:
            following = self._waiting[0] if self._waiting else None
            self._is_led = following is not None
            if following is not None:
                following.leads = True
        for change in [*turn, *([following] if following is not None else [])]:
            change.woken.set()


def _make_all(turn: list[_Change]) -> None:
    if len(turn) == 1:
        turn[0].make(in_company=False)
        return
    with transaction.atomic():
        for change in turn:
            change.make(in_company=True)
        if transaction.get_rollback():
            # A savepoint could not be taken back (the disk is full): Django would undo the others without a word.
            raise InternalError("the changes of this turn were undone with one that failed")


_queue = _Queue()


def shares_commit(function: Callable[P, T]) -> Callable[P, T]:
    """For a function that makes one transaction of its own, and does nothing slow in it."""

    @wraps(function)
    def made(*args: P.args, **kwargs: P.kwargs) -> T:
        if connection.vendor != "sqlite" or connection.in_atomic_block:
            return function(*args, **kwargs)
        result: T = _queue.make(_Change(partial(function, *args, **kwargs)))
        return result

    return made
