"""Everything on one machine: Redis, the front, the back with its clock, the web, in one foreground command.

Started in order, watched, stopped in reverse order at Ctrl-C or SIGTERM. On Linux the
children die with the launcher however it dies. `manage.py up` prepares the data folder, then
becomes this program; what holds the folder's lock is inherited open and closed by its end.
"""

import asyncio
import fcntl
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from config.broker import socket_path
from config.environment import BASE, Environment, load

from . import redis
from .processes import Program, say
from .sockets import PORTS, PortTaken, bind, listen

READY_SECONDS = 60.0
Check = Callable[[], Awaitable[bool]]


class AlreadyRunning(Exception):
    """Another launcher serves this data folder."""


def claim(data: Path) -> int:
    """Hold the data folder until this process ends; raises AlreadyRunning."""
    folder = data / "run"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    number = os.open(folder / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(number)
        raise AlreadyRunning(f"Facteur is already running on {data}") from None
    return number


def check_ports(environment: Environment) -> None:
    """Find a port that is taken before anything is started; raises PortTaken."""
    for made in bind(environment).values():
        made.close()
    try:
        listen(environment.bind, environment.http_port).close()
    except OSError as error:
        place = f"{environment.bind}:{environment.http_port}"
        raise PortTaken(f"{place} cannot be used ({error.strerror}); set FACTEUR_HTTP_PORT") from error


class Launcher:
    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._running: list[Program] = []
        self._stopping = asyncio.Event()

    async def run(self) -> int:
        """Until a signal; 0 where all went well, 1 where something never became ready."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            # Under nohup, a closed terminal is not a reason to stop.
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, self._stopping.set)
        try:
            is_ready = await self._start()
            if is_ready:
                self._announce()
                await self._stopping.wait()
            return 0 if is_ready or self._stopping.is_set() else 1
        finally:
            say("up", "stopping")
            await self._stop()
            say("up", "stopped")

    async def _start(self) -> bool:
        command = redis.prepare(self._environment)
        if command is not None:
            await self._add(Program("redis", command, environ=os.environ, patience=10))
            if not await self._until(self._redis_answers):
                say("up", f"Redis did not start; see {self._environment.data / 'redis' / 'redis.log'}")
                return False
        for program in self._programs():
            await self._add(program)
        return await self._until(self._everything_answers)

    async def _add(self, program: Program) -> None:
        self._running.append(program)
        await program.start()

    def _programs(self) -> list[Program]:
        environ = os.environ | {
            "PYTHONPATH": str(BASE),
            "PYTHONUNBUFFERED": "1",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            # Django's checks would load every page into every worker.
            "CELERY_SKIP_CHECKS": "1",
            # Threads that come and go would each keep memory of their own: 160 MB a web process instead of 127.
            "MALLOC_ARENA_MAX": "2",
        }
        worker = [
            # Celery warns of root's rights because of pickle, which is not used here.
            sys.executable, "-W", "ignore:::celery.platforms", "-m", "celery", "-q", "-A", "mailcore.workers.app", "worker",
            "--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "WARNING",
        ]  # fmt: skip
        web = [
            sys.executable, "-m", "granian", "--interface", "asgi", "--host", self._environment.bind,
            "--port", str(self._environment.http_port), "--workers", str(max(1, self._environment.web_processes)),
            "--no-ws", "--log-level", "warning",
            "--respawn-failed-workers", "--workers-kill-timeout", "3", "config.asgi:application",
        ]  # fmt: skip
        return [
            Program("back", [*worker, "-P", "threads", "-c", "4", "--ring", "-n", "back@%h"], environ=environ, patience=30),
            Program("web", web, environ=environ, patience=10),
            Program("front", [*worker, "-P", "solo", "--front", "-Q", "front", "-n", "front@%h"], environ=environ, patience=30),
        ]

    async def _stop(self) -> None:
        """Who takes mail first, who delivers it next, Redis last."""
        redis_first = [program for program in self._running if program.name == "redis"]
        others = [program for program in self._running if program.name != "redis"]
        await asyncio.gather(*(program.stop() for program in others))
        for program in redis_first:
            await program.stop()
        with suppress(FileNotFoundError):
            socket_path(self._environment.data).unlink()

    async def _until(self, is_true: Check) -> bool:
        deadline = asyncio.get_running_loop().time() + READY_SECONDS
        while not self._stopping.is_set() and asyncio.get_running_loop().time() < deadline:
            if await is_true():
                return True
            await asyncio.sleep(0.1)
        return False

    async def _redis_answers(self) -> bool:
        try:
            reader, writer = await asyncio.open_unix_connection(str(socket_path(self._environment.data)))
        except OSError:
            return False
        writer.write(b"PING\r\n")
        answer = await reader.readline()
        writer.close()
        return answer.startswith(b"+PONG")

    async def _everything_answers(self) -> bool:
        environment = self._environment
        return await _speaks(environment.bind, environment.imap_port, b"") and await _speaks(
            environment.bind, environment.http_port, b"GET /login HTTP/1.0\r\nHost: localhost\r\n\r\n"
        )

    def _announce(self) -> None:
        environment = self._environment
        host = "127.0.0.1" if environment.bind in ("0.0.0.0", "::") else environment.bind
        shown = f"[{host}]" if ":" in host else host
        ports = ", ".join(f"{name.upper()} {getattr(environment, f'{name}_port')}" for name in PORTS)
        say("up", f"Facteur is ready: http://{shown}:{environment.http_port}/ (panel: /panel/)")
        say("up", f"listening on {shown}: {ports}")
        say("up", f"data in {environment.data}; Ctrl-C stops everything")


async def _speaks(address: str, port: int, question: bytes) -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)
    try:
        async with asyncio.timeout(20):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(question)
            answer = await reader.read(16)
            writer.close()
    except (OSError, TimeoutError):
        return False
    return bool(answer)


def main() -> int:
    code = asyncio.run(Launcher(load()).run())
    if code:
        say("up", "not everything became ready; the lines above say why")
    return code


if __name__ == "__main__":
    sys.exit(main())
