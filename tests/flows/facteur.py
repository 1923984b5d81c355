"""A whole Facteur for a flow: `manage.py up` in a folder of its own, on free ports, with mailboxes."""

import contextlib
import imaplib
import json
import os
import re
import secrets
import signal
import smtplib
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from config.environment import BASE
from mailcore.workers.sockets import PORTS
from tests.postgres import make_database

PASSWORD = "correct horse battery"
MARKS = {"child": b"mailcore.servers.child", "front": b"--front", "back": b"--ring", "redis": b"redis.sock"}
"""The kinds of process a flow may hurt, by a word of their command lines."""
_MESSAGE_ID = re.compile(rb"^Message-ID:\s*<([^>]+)>", re.IGNORECASE | re.MULTILINE)


_given: set[int] = set()


def free_ports() -> dict[str, int]:
    """Never the same twice: a house that is about to start holds its ports only in our memory."""
    ports: dict[str, int] = {}
    for name in (*PORTS, "http"):
        while name not in ports:
            with socket.create_server(("127.0.0.1", 0)) as made:
                number = made.getsockname()[1]
            if number not in _given:
                _given.add(number)
                ports[name] = number
    return ports


def wait_until(is_true: Callable[[], bool], seconds: float = 60, what: str = "it") -> None:
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, f"{what} did not come true within {seconds:.0f} s"
        time.sleep(0.1)


class Facteur:
    """As a context: started on entry, its process tree gone on exit."""

    def __init__(self, data: Path, *, domain: str = "flows.test", people: int = 4, **settings: str) -> None:
        self.data, self.domain, self.ports = data, domain, free_ports()
        self.addresses = [f"u{number}@{domain}" for number in range(people)]
        self.environ = {name: value for name, value in os.environ.items() if not name.startswith(("FACTEUR_", "REDIS"))}
        self.environ |= {"FACTEUR_DATA": str(data), "FACTEUR_HOSTNAME": f"mx.{domain}"}
        self.environ |= {"PYTHONPATH": str(BASE), "DJANGO_SETTINGS_MODULE": "config.settings"}
        self.environ |= {f"FACTEUR_{name.upper()}_PORT": str(port) for name, port in self.ports.items()}
        if given := os.environ.get("FACTEUR_DATABASE_URL"):
            # The tests run on PostgreSQL: each house has a database of its own there.
            settings = {"database_url": make_database(given, f"facteur_{secrets.token_hex(4)}")} | settings
        self.environ |= {f"FACTEUR_{name.upper()}": value for name, value in settings.items()}
        self.output = ""

    def set(self, name: str, value: str) -> None:
        """A setting, before the start."""
        self.environ[f"FACTEUR_{name.upper()}"] = value

    def __enter__(self) -> "Facteur":
        self.data.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            [sys.executable, str(BASE / "manage.py"), "up"], cwd=self.data, env=self.environ, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        threading.Thread(target=self._read, daemon=True).start()
        try:
            wait_until(lambda: "Facteur is ready" in self.output or self._process.poll() is not None, what="the start")
            assert "Facteur is ready" in self.output, self.output
            self.inside("prepare", {"domain": self.domain, "addresses": self.addresses, "password": PASSWORD})
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        family = self.descendants()
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            family = self.descendants()
            self._process.kill()
            self._process.wait()
            for pid in family:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.output += line

    def inside(self, action: str, given: dict[str, Any] | None = None, *, seconds: float = 120) -> Any:
        """See inside.py."""
        program = [sys.executable, str(Path(__file__).with_name("inside.py")), action]
        done = subprocess.run(
            program,
            cwd=BASE,
            env=self.environ,
            input=json.dumps(given or {}),
            text=True,
            check=True,
            timeout=seconds,
            stdout=subprocess.PIPE,
        )
        return json.loads(done.stdout.splitlines()[-1])

    def descendants(self) -> dict[int, bytes]:
        """Command lines of all processes below the launcher."""
        parents: dict[int, int] = {}
        for folder in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if folder.name.isdigit():
                    parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        family = {self._process.pid}
        while more := {pid for pid, parent in parents.items() if parent in family} - family:
            family |= more
        return dict(_command_lines(family - {self._process.pid}))

    def pids(self, kind: str) -> list[int]:
        return [pid for pid, line in self.descendants().items() if MARKS[kind] in line]

    def speaks(self) -> bool:
        try:
            with imaplib.IMAP4_SSL("127.0.0.1", self.ports["imaps"], timeout=10):
                return True
        except (OSError, imaplib.IMAP4.error):  # not there yet, or one that is going down
            return False

    def submit(self, sender: str, recipient: str, raw: bytes) -> None:
        """As a mail program does: the submission port, STARTTLS, a login."""
        with smtplib.SMTP("127.0.0.1", self.ports["submission"], timeout=20) as client:
            client.starttls()
            client.login(sender, PASSWORD)
            client.sendmail(sender, [recipient], raw)

    def receive(self, sender: str, recipient: str, raw: bytes) -> None:
        """As another server does."""
        with smtplib.SMTP("127.0.0.1", self.ports["smtp"], timeout=20) as client:
            client.sendmail(sender, [recipient], raw)

    def letters(self, address: str, *, whole: bool = False) -> list[bytes]:
        """Headers, or everything, of what is in an INBOX."""
        with imaplib.IMAP4_SSL("127.0.0.1", self.ports["imaps"], timeout=60) as reader:
            reader.login(address, PASSWORD)
            if reader.select("INBOX", readonly=True)[1] == [b"0"]:
                return []
            answers = reader.fetch("1:*", "(BODY.PEEK[])" if whole else "(BODY.PEEK[HEADER])")[1]
        return [answer[1] for answer in answers if isinstance(answer, tuple)]

    def message_ids(self, address: str) -> Counter[str]:
        """How many copies of each are in an INBOX."""
        found = (_MESSAGE_ID.search(header) for header in self.letters(address))
        return Counter(match[1].decode() if match else "" for match in found)


def _command_lines(pids: set[int]) -> Iterator[tuple[int, bytes]]:
    for pid in pids:
        with contextlib.suppress(OSError):
            line = Path(f"/proc/{pid}/cmdline").read_bytes()
            if line:  # else it is dead and waits to be buried
                yield pid, line
