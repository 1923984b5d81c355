"""One program kept alive by the launcher: its output prefixed, its death answered by a new start."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence

from .guard import guarded

FIRST_PAUSE = 1.0
MAX_PAUSE = 5.0
STEADY = 30.0
LINE_LIMIT = 1_048_576


class Program:
    def __init__(self, name: str, command: Sequence[str], *, environ: Mapping[str, str], patience: float) -> None:
        self.name = name
        self._command = guarded(command)
        self._environ = dict(environ) | {"FACTEUR_PROGRAM": name}
        self._patience = patience
        """Seconds from SIGTERM to SIGKILL."""
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._is_stopping = False

    async def start(self) -> None:
        """Start it once, so that an impossible start is an error now; then keep it running."""
        await self._spawn()
        self._keeper = asyncio.create_task(self._keep(), name=self.name)

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def stop(self) -> None:
        self._is_stopping = True
        process = self._process
        if process is not None and process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(self._patience):
                    await process.wait()
            except TimeoutError:
                say(self.name, "did not stop in time and is killed")
        self._kill_group()
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)

    async def _spawn(self) -> None:
        # A session of its own: Ctrl-C in the terminal reaches the launcher alone, which stops all in order.
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            env=self._environ,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            limit=LINE_LIMIT,
        )

    async def _keep(self) -> None:
        pause = FIRST_PAUSE
        loop = asyncio.get_running_loop()
        while True:
            started_at = loop.time()
            process = self._process
            if process is None:
                return
            await self._copy_output(process)
            code = await process.wait()
            if self._is_stopping:
                return
            self._kill_group()
            pause = FIRST_PAUSE if loop.time() - started_at > STEADY else min(MAX_PAUSE, pause * 2)
            say(self.name, f"ended with {code}; starting again in {pause:.0f} s")
            await asyncio.sleep(pause)
            await self._spawn()

    async def _copy_output(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while True:
            try:
                line = await process.stdout.readline()
            except ValueError:
                line = b"(a line was too long to show)\n"
            if not line:
                return
            text = line.decode("utf-8", "replace").rstrip()
            if text.startswith("{"):
                say("", text)  # a JSON line names its program itself
            elif text:
                say(self.name, text)

    def _kill_group(self) -> None:
        """Whatever the program left behind in its session."""
        if self._process is None:
            return
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return


def say(name: str, text: str) -> None:
    try:
        sys.stdout.write(f"{name:>5} │ {text}\n" if name else f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output is gone; the mail goes on.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
