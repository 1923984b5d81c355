"""The bell: says that the queue may have work.

A ring carries nothing and may be lost, late or doubled: the rows are the truth, and beat
rings every few seconds anyway. Rings of one process are coalesced by a thread of their
own, so ringing costs the caller microseconds even when the broker hangs.
"""

import logging
import os
import threading
import time

from config.celery import app

log = logging.getLogger(__name__)

TASK = "mailcore.workers.tasks.deliver"
GAP = 0.25
"""Seconds between two tasks sent by one process, however often it rings. A worker that was rung looks on for longer."""


class _Ringer:
    def __init__(self) -> None:
        self.pid = os.getpid()
        self.rung = threading.Event()
        self.has_failed = False
        threading.Thread(target=self._run, name="bell", daemon=True).start()

    def _run(self) -> None:
        while self.rung.wait():
            # Cleared before sending: whoever rings meanwhile is heard by the next task.
            self.rung.clear()
            self._send()
            time.sleep(GAP)

    def _send(self) -> None:
        try:
            app.send_task(TASK, ignore_result=True, retry=False)
        except Exception as error:  # any broker may fail in its own way; beat rings again
            if not self.has_failed:
                log.warning("the bell does not ring, the broker does not answer: %s", error)
            self.has_failed = True
        else:
            self.has_failed = False


_ringer: _Ringer | None = None
_making = threading.Lock()


def ring() -> None:
    """Wake a worker soon. Never raises, never waits; call it after the commit."""
    global _ringer
    if _ringer is None or _ringer.pid != os.getpid():
        with _making:
            if _ringer is None or _ringer.pid != os.getpid():
                _ringer = _Ringer()
    _ringer.rung.set()
