"""Listener processes kept alive: started, watched, restarted with a growing pause, drained."""

import logging
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping

from .guard import guarded

log = logging.getLogger(__name__)

POLL = 0.2
FIRST_PAUSE = 0.5
MAX_PAUSE = 5.0
STEADY = 30.0
"""A child that lived so long is thought healthy: the pause begins anew."""
PATIENCE = 20.0


class _Slot:
    """The place of one child: what runs there, or when it may start again."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0
        self.pause = FIRST_PAUSE
        self.start_after = 0.0


class Children:
    def __init__(self, sockets: Mapping[str, socket.socket], count: int) -> None:
        self._sockets = dict(sockets)
        self._slots = [_Slot() for _ in range(count)]
        self._stopping = threading.Event()
        # One thread starts every child and lives until the last is gone: children die with it.
        self._thread = threading.Thread(target=self._run, name="listeners", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Refuse new connections, let the children drain, wait for them."""
        # Ours first: a socket left open here would go on queueing clients nobody serves.
        for bound in self._sockets.values():
            bound.close()
        self._stopping.set()
        self._thread.join(PATIENCE + 5)

    def _run(self) -> None:
        while not self._stopping.is_set():
            for slot in self._slots:
                self._look_after(slot)
            self._stopping.wait(POLL)
        self._end()

    def _look_after(self, slot: _Slot) -> None:
        now = time.monotonic()
        if slot.process is not None:
            code = slot.process.poll()
            if code is None:
                return
            slot.pause = FIRST_PAUSE if now - slot.started_at > STEADY else min(MAX_PAUSE, slot.pause * 2)
            slot.start_after = now + slot.pause
            slot.process = None
            log.error("a listener process ended with %s; another starts in %.1f s", code, slot.pause)
        elif now >= slot.start_after:
            self._start_child(slot)

    def _start_child(self, slot: _Slot) -> None:
        numbers = {name: bound.fileno() for name, bound in self._sockets.items()}
        if -1 in numbers.values():
            return
        arguments = [f"{name}={number}" for name, number in numbers.items()]
        slot.process = subprocess.Popen(
            guarded([sys.executable, "-m", "mailcore.servers.child", *arguments]),
            pass_fds=list(numbers.values()), stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        slot.started_at = time.monotonic()

    def _end(self) -> None:
        running = [slot.process for slot in self._slots if slot.process is not None]
        for process in running:
            process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE
        for process in running:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.error("a listener process did not end and was killed")
                process.kill()
                process.wait()
