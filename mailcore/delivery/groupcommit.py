"""One commit for everyone who waits at that moment.

Threads bring work; the first becomes leader, takes what has gathered, runs it as one batch and
wakes the others, each with its own result or its own exception. While it runs the next batch
gathers, so throughput grows with concurrency and a lone caller waits for nobody.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Work = TypeVar("Work")
Outcome = TypeVar("Outcome")

MAX_GROUP = 256


class _Job(Generic[Work, Outcome]):
    __slots__ = ("error", "is_done", "outcome", "work")

    def __init__(self, work: Work) -> None:
        self.work = work
        self.outcome: Outcome | None = None
        self.error: BaseException | None = None
        self.is_done = False


class GroupCommit(Generic[Work, Outcome]):
    """`run` does a whole batch or none of it, and returns one outcome for each piece of work."""

    def __init__(self, run: Callable[[Sequence[Work]], Sequence[Outcome]], *, max_group: int = MAX_GROUP) -> None:
        self._run = run
        self._max_group = max_group
        self._condition = threading.Condition()
        self._waiting: list[_Job[Work, Outcome]] = []
        self._is_led = False

    def submit(self, work: Work) -> Outcome:
        """Returns when the work is committed; raises what its own failure raised."""
        job: _Job[Work, Outcome] = _Job(work)
        with self._condition:
            self._waiting.append(job)
        while not job.is_done:
            batch = self._lead_or_wait(job)
            if batch:
                self._commit(batch)
        if job.error is not None:
            raise job.error
        assert job.outcome is not None
        return job.outcome

    def _lead_or_wait(self, job: _Job[Work, Outcome]) -> list[_Job[Work, Outcome]]:
        with self._condition:
            while self._is_led and not job.is_done:
                self._condition.wait()
            if job.is_done:
                return []
            self._is_led = True
            batch = self._waiting[: self._max_group]
            del self._waiting[: self._max_group]
            return batch

    def _commit(self, batch: list[_Job[Work, Outcome]]) -> None:
        try:
            self._attempt(batch)
        finally:
            with self._condition:
                for job in batch:
                    job.is_done = True
                self._is_led = False
                self._condition.notify_all()

    def _attempt(self, batch: list[_Job[Work, Outcome]]) -> None:
        try:
            for job, outcome in zip(batch, self._run([job.work for job in batch]), strict=True):
                job.outcome = outcome
        except BaseException as error:
            if len(batch) == 1 or not isinstance(error, Exception):
                for job in batch:
                    job.error = error
                return
            # One piece may have spoilt the others: each gets a transaction of its own.
            for job in batch:
                self._attempt([job])
