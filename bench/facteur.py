"""Facteur itself as a side of a comparison: a fresh data folder, free ports, known people."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOMAIN = "bench.test"
PASSWORD = "pw-for-the-bench"
PORTS = ("http", "smtp", "submission", "submissions", "lmtp", "imap", "imaps", "pop3", "pop3s", "sieve")


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    numbers = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return numbers


class Facteur:
    """`manage.py up` in a folder of its own, with mailboxes u0 … u(n-1)."""

    def __init__(self, data: Path, *, people: int = 21) -> None:
        self.data = data
        self.people = people
        self.ports = dict(zip(PORTS, _free_ports(len(PORTS)), strict=True))
        self.environment = {
            **os.environ,
            "FACTEUR_DATA": str(data),
            "FACTEUR_HOSTNAME": "mx.bench.test",
            **{f"FACTEUR_{name.upper()}_PORT": str(port) for name, port in self.ports.items()},
        }
        self.pidfile = data / "bench.pid"

    def manage(self, *words: str, given: str = "") -> None:
        subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self.environment,
            input=given,
            text=True,
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def __enter__(self) -> "Facteur":
        self.data.mkdir(parents=True, exist_ok=True)
        self.log = (self.data / "up.log").open("w")
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "up"], cwd=ROOT, env=self.environment, stdout=self.log, stderr=self.log
        )
        self.pidfile.write_text(str(self.process.pid))
        try:
            self._prepare()
        except BaseException:
            self.__exit__()  # an __enter__ that fails is never followed by one
            raise
        return self

    def _prepare(self) -> None:
        for name in ("imap", "smtp", "http"):
            self._wait_for(self.ports[name])
        self.manage("domain", "add", DOMAIN)
        for number in range(self.people):
            self.manage("mailbox", "add", f"u{number}@{DOMAIN}", "--password-stdin", given=PASSWORD)

    def _wait_for(self, port: int, seconds: float = 60) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise SystemExit(f"Facteur ended with {self.process.returncode}; see {self.log.name}")
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.2)
        raise SystemExit(f"port {port} did not open within {seconds:.0f} s; see {self.log.name}")

    def wait_until_indexed(self, seconds: float) -> None:
        """Work put off is not left for the measurement of something else."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports['http']}/metrics", timeout=30) as answer:
                if b"\nfacteur_search_waiting_messages 0.0\n" in answer.read():
                    return
            time.sleep(2)
        raise SystemExit(f"the search index was not ready within {seconds:.0f} s")

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        finally:
            self.log.close()
