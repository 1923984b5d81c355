"""Start a program that dies with us: `guarded([...])` instead of `[...]`.

The kernel sends SIGTERM when the *thread* that started the program ends, so start it from
one that lives as long as the process (Linux; elsewhere only an orderly stop ends children).
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

PR_SET_PDEATHSIG = 1


def guarded(command: Sequence[str]) -> list[str]:
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), *command]


def main(arguments: Sequence[str]) -> None:
    parent, command = int(arguments[0]), list(arguments[1:])
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            sys.exit("the parent is gone already")
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
