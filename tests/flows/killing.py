"""Kill -9 at random moments, each kind of process so many times."""

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.flows.facteur import MARKS, Facteur

IN_THE_MIDST = 0.15
"""Seconds: within them the messages released for one kill are taken and delivered."""
FLOWING = 1.0
SETTLED = {"child": 3.0, "front": 7.0, "back": 5.0, "redis": 1.0}
"""Seconds a process has lived before it is killed: one that is still loading holds nothing that could be lost."""


class Killer:
    """A thread that kills what is alive, until each kind has had `each` deaths.

    Before each kill it raises `progress`, which lets more messages go, and strikes while they are on their way:
    shortly after `accepted` grew, or after some seconds where nothing can be accepted at the time.
    """

    def __init__(self, facteur: Facteur, *, accepted: Callable[[], int], each: int, gap: float, seed: int = 0) -> None:
        self.kills: Counter[str] = Counter()
        self._accepted = accepted
        self._intended = 0
        self._facteur, self._each, self._gap = facteur, each, gap
        self._chance = random.Random(seed)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def progress(self) -> float:
        """From 0 to 1."""
        return self._intended / (self._each * len(MARKS))

    def start(self) -> None:
        self._thread.start()

    def finish(self, seconds: float) -> None:
        self._thread.join(seconds)
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while kinds := [kind for kind in MARKS if self.kills[kind] < self._each]:
            if self._stopping.wait(self._chance.random() * self._gap):
                return
            self._intended = self.kills.total() + 1
            self._wait_for_mail()
            alive = {kind: pids for kind in kinds if (pids := [pid for pid in self._facteur.pids(kind) if _age(pid) >= SETTLED[kind]])}
            if alive:
                kind = self._chance.choice(sorted(alive))
                self._kill(kind, self._chance.choice(alive[kind]))

    def _wait_for_mail(self) -> None:
        before, deadline = self._accepted(), time.monotonic() + FLOWING
        while self._accepted() == before and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(self._chance.random() * IN_THE_MIDST)

    def _kill(self, kind: str, pid: int) -> None:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self.kills[kind] += 1


def _age(pid: int) -> float:
    """Seconds since its start (proc(5): field 22 of stat, in clock ticks since boot); 0 where it is gone."""
    try:
        ticks = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except OSError:
        return 0.0
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
