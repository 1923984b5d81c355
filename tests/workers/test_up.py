"""Everything started for real, used, and stopped: nothing may be left over."""

import contextlib
import imaplib
import json
import os
import re
import signal
import smtplib
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.environment import BASE
from mailcore.workers.sockets import PORTS

pytestmark = [pytest.mark.processes, pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")]
ANN, SECRET = "ann@example.org", "correct horse battery"


def free_ports() -> dict[str, int]:
    sockets = {name: socket.create_server(("127.0.0.1", 0)) for name in (*PORTS, "http")}
    ports = {name: made.getsockname()[1] for name, made in sockets.items()}
    for made in sockets.values():
        made.close()
    return ports


def processes_of(data: Path) -> list[int]:
    """Every process whose environment names this data folder."""
    found = []
    mark = f"FACTEUR_DATA={data}".encode()
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdigit() and mark in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return found


def wait_until(is_true: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.1)


class Running:
    def __init__(self, data: Path) -> None:
        self.data, self.ports = data, free_ports()
        self.environ = {name: value for name, value in os.environ.items() if not name.startswith(("FACTEUR_", "REDIS"))}
        self.environ |= {"FACTEUR_DATA": str(data), "FACTEUR_FRONT_PROCESSES": "2"}
        self.environ |= {f"FACTEUR_{name.upper()}_PORT": str(port) for name, port in self.ports.items()}
        self.output = ""
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self.output = ""
        self.process = subprocess.Popen(
            [sys.executable, str(BASE / "manage.py"), "up"], cwd=self.data, env=self.environ, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        threading.Thread(target=self._read, args=(self.process,), daemon=True).start()
        process = self.process
        wait_until(lambda: "Facteur is ready" in self.output or process.poll() is not None)
        assert "Facteur is ready" in self.output, self.output

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.output += line

    def manage(self, *arguments: str, stdin: str = "") -> None:
        subprocess.run([sys.executable, str(BASE / "manage.py"), *arguments], env=self.environ, input=stdin, text=True, check=True)

    def send(self, subject: str) -> None:
        with smtplib.SMTP("127.0.0.1", self.ports["smtp"], timeout=20) as client:
            client.sendmail("bob@elsewhere.example", [ANN], f"Subject: {subject}\n\nHello\n")

    def subjects(self) -> list[str]:
        with imaplib.IMAP4("127.0.0.1", self.ports["imap"], timeout=20) as reader:
            reader.login(ANN, SECRET)
            reader.select("INBOX")
            answers = reader.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1]
        return [re.sub(r"^Subject: |\s+$", "", item[1].decode()) for item in answers if isinstance(item, tuple)]

    def stop(self, number: int) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(60)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    made = Running(tmp_path)
    try:
        yield made
    finally:
        if made.process is not None and made.process.poll() is None:
            made.process.kill()
        for pid in processes_of(tmp_path):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def test_a_day_of_everything(running: Running) -> None:
    running.start()
    assert re.search(r"administrator: admin +password: \S+", running.output)
    running.manage("domain", "--skip-checks", "add", "example.org")
    running.manage("mailbox", "--skip-checks", "add", ANN, "--password-stdin", stdin=SECRET + "\n")
    running.send("first")
    wait_until(lambda: running.subjects() == ["first"])

    # A listener that is killed is replaced, and mail still comes in.
    victims = [pid for pid in processes_of(running.data) if b"mailcore.servers.child" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    assert len(victims) == 2
    os.kill(victims[0], signal.SIGKILL)
    running.send("second")
    wait_until(lambda: running.subjects() == ["first", "second"])

    with urllib.request.urlopen(f"http://127.0.0.1:{running.ports['http']}/health", timeout=20) as answer:
        assert json.load(answer)["redis"]["status"] == "ok"
    with urllib.request.urlopen(f"http://127.0.0.1:{running.ports['http']}/login", timeout=20) as answer:
        assert b"<form" in answer.read()
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"http://127.0.0.1:{running.ports['http']}/push", timeout=20)

    assert running.stop(signal.SIGTERM) == 0, running.output
    wait_until(lambda: processes_of(running.data) == [], 5)

    # The second start finds what is there, and a launcher killed outright leaves nobody behind.
    running.start()
    assert "administrator" not in running.output
    assert running.subjects() == ["first", "second"]
    running.stop(signal.SIGKILL)
    wait_until(lambda: processes_of(running.data) == [], 45)
