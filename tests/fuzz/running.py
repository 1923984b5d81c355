"""One input, one verdict: what a parser raised, logged as its own fault, or took too long for."""

import logging
import random
import signal
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from .mutation import mutate, shrink
from .targets import Target

SECONDS_FOR_ONE = 3
"""Of CPU. An input is 20 kB at most: what takes longer than this is quadratic at least."""


class TooSlow(BaseException):
    """Not an Exception: sessions answer those and go on."""


@dataclass(frozen=True, slots=True)
class Failure:
    target: str
    where: str
    """Error and line, the same for the same fault."""
    data: bytes
    trace: str


class _Faults(logging.Handler):
    """What a session logged as a fault of its own while it answered the client with an incident."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[BaseException] = []

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        self.found.append(error if error is not None else RuntimeError(record.getMessage()))


def check(target: Target, data: bytes) -> Failure | None:
    faults = _Faults()
    try:
        with _watched(faults), _limited():
            target.run(data)
    except target.allowed:
        pass
    except (Exception, TooSlow) as error:
        return _describe(target, data, error)
    return _describe(target, data, faults.found[0]) if faults.found else None


def hunt(target: Target, *, seed: int, seconds: float = 0.0, rounds: int = 0) -> tuple[int, list[Failure]]:
    """Mutate and run until the time is up, or so many rounds are done: how many inputs, and each fault once, shortened."""
    chance, until, count = random.Random(f"{target.name} {seed}"), time.monotonic() + seconds, 0
    failures: dict[str, Failure] = {}
    pool = list(target.seeds)
    while count < rounds or time.monotonic() < until:
        data = pool[count] if count < len(pool) else mutate(chance, chance.choice(pool), pool, target.tokens)
        count += 1
        failure = check(target, data)
        if failure is not None and failure.where not in failures:
            failures[failure.where] = _shorten(target, failure)
    return count, list(failures.values())


def _shorten(target: Target, failure: Failure) -> Failure:
    def fails(data: bytes) -> bool:
        again = check(target, data)
        return again is not None and again.where == failure.where

    # What is too slow takes its seconds at each try.
    short = shrink(failure.data, fails, tries=6 if failure.where.startswith("TooSlow") else 400)
    return check(target, short) or failure


def _describe(target: Target, data: bytes, error: BaseException) -> Failure:
    frames = traceback.extract_tb(error.__traceback__)
    last = frames[-1] if frames else None
    # Where time runs out is chance.
    place = "" if isinstance(error, TooSlow) or last is None else f" at {last.filename.rpartition('/mailcore/')[2]}:{last.lineno}"
    trace = "".join(traceback.format_exception(error)[-12:])
    return Failure(target.name, f"{type(error).__name__}{place}", data, trace)


@contextmanager
def _watched(faults: _Faults) -> Iterator[None]:
    root = logging.getLogger()
    kept, level = root.handlers[:], root.level
    root.handlers[:] = [faults]
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.handlers[:] = kept
        root.setLevel(level)


@contextmanager
def _limited() -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise TooSlow(f"more than {SECONDS_FOR_ONE} s of CPU")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS_FOR_ONE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
