"""The machine's own faults: a disk that is full, a database somebody holds, a broker that hangs. Afterwards it goes on by itself."""

import contextlib
import os
import shutil
import signal
import smtplib
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.facteur import PASSWORD, Facteur, wait_until
from tests.flows.pages import Pages

pytestmark = [pytest.mark.processes, pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")]

STRANGER = "bob@elsewhere.test"
DISK = "128m"


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A small file system of its own."""
    place = tmp_path_factory.mktemp("disk")
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", place]
    if shutil.which("mount") is None or subprocess.run(mount, check=False).returncode:
        pytest.skip("a file system of its own cannot be mounted here (that needs root)")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


@pytest.fixture(scope="module")
def facteur(disk: Path) -> Iterator[Facteur]:
    with Facteur(disk / "data", people=2, front_processes="1", max_message_bytes="1000000") as made:
        yield made


def letter(message_id: str, size: int = 200) -> bytes:
    lines = ("x" * 70 + "\r\n") * (size // 72)
    return f"Message-ID: <{message_id}>\r\nFrom: {STRANGER}\r\nSubject: fault\r\n\r\n{lines}".encode()


def send(facteur: Facteur, message_id: str, size: int = 200) -> int:
    """The code after the dot, or of the command before it that was refused."""
    with smtplib.SMTP("127.0.0.1", facteur.ports["smtp"], timeout=60) as client:
        try:
            client.sendmail(STRANGER, [facteur.addresses[0]], letter(message_id, size))
        except smtplib.SMTPRecipientsRefused as error:
            return next(iter(error.recipients.values()))[0]
        except smtplib.SMTPResponseException as error:
            return error.smtp_code
    return 250


def accepted_again(facteur: Facteur, message_id: str) -> None:
    wait_until(lambda: send(facteur, message_id) == 250, 60, "an accepted message")
    wait_until(lambda: facteur.message_ids(facteur.addresses[0])[message_id] >= 1, 60, "its arrival")


def test_a_full_disk_defers_mail_and_says_so_to_the_writer(facteur: Facteur, disk: Path) -> None:
    address = facteur.addresses[0]
    assert send(facteur, "before@faults") == 250
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(65_536))
    codes = {f"full{number}@faults": send(facteur, f"full{number}@faults", 300_000) for number in range(6)}
    assert set(codes.values()) <= {250, 431, 451, 452}, codes
    assert any(code != 250 for code in codes.values()), "the disk was never full"
    with contextlib.suppress(OSError):  # a page that needs to write may fail; the process may not
        Pages(facteur.ports["http"]).sign_in(address, PASSWORD)
    ballast.unlink()

    accepted_again(facteur, "after@faults")
    # What was accepted before the room was gone and could not be filed then is tried again minutes later: look ahead.
    facteur.inside("catch_up")
    kept = {message_id for message_id, code in codes.items() if code == 250} | {"before@faults", "after@faults"}
    wait_until(lambda: kept <= set(facteur.message_ids(address)), 60, "everything that was accepted")
    assert not (set(codes) - kept) & set(facteur.message_ids(address)), "a refused message was kept"
    assert facteur.inside("check") == []


def test_a_database_held_by_somebody_else_delays_but_loses_nothing(facteur: Facteur) -> None:
    held = sqlite3.connect(facteur.data / "facteur.sqlite3", isolation_level=None, timeout=60, check_same_thread=False)
    held.execute("BEGIN IMMEDIATE")
    release = threading.Timer(4, held.rollback)
    release.start()
    try:
        code = send(facteur, "held@faults")
    finally:
        release.join()
        held.close()
    assert code in (250, 451), code
    accepted_again(facteur, "released@faults")
    found = facteur.message_ids(facteur.addresses[0])
    assert found["held@faults"] == (1 if code == 250 else 0)


def test_a_broker_that_hangs_stops_no_mail(facteur: Facteur) -> None:
    (broker,) = facteur.pids("redis")
    os.kill(broker, signal.SIGSTOP)
    try:
        began = time.monotonic()
        assert send(facteur, "hung@faults") == 250
        waited = time.monotonic() - began
    finally:
        os.kill(broker, signal.SIGCONT)
    # Not a measurement: a sender gives up after minutes (RFC 5321 §4.5.3.2), and a bell is not worth any wait.
    assert waited < 50, waited
    wait_until(lambda: facteur.message_ids(facteur.addresses[0])["hung@faults"] == 1, 60, "its arrival")
