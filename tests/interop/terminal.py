"""A program that will only speak to a person at a terminal."""

import os
import pty
import select
import signal
import time
from pathlib import Path

SECONDS = 25.0


def run_at_terminal(*words: str | Path, home: Path) -> str:
    """Run until it ends by itself; what it drew. AssertionError, with that, where it fails or does not end."""
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(home), "TERM": "xterm", "LANG": "C.UTF-8", "LINES": "40", "COLUMNS": "120"}
    pid, terminal = pty.fork()
    if not pid:
        os.execve(str(words[0]), [str(word) for word in words], environ)
    drawn, deadline = b"", time.monotonic() + SECONDS
    try:
        while time.monotonic() < deadline:
            if not select.select([terminal], [], [], 0.2)[0]:
                continue
            try:
                drawn += os.read(terminal, 65_536)
            except OSError:
                # The other end of the terminal is closed: it has ended.
                break
        else:
            os.kill(pid, signal.SIGKILL)
            raise AssertionError(f"{words[0]} did not end: {drawn[-3_000:]!r}")
    finally:
        os.close(terminal)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert code == 0, (code, drawn[-3_000:])
    return drawn.decode("utf-8", "replace")
