"""The gate: writers in threads and processes all get their turn, and none is left holding it."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from django.db import connection, connections, transaction

WRITER = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
import django
django.setup()
from django.conf import settings
from django.db import connection, transaction
for turn in range(50):
    with transaction.atomic():
        cursor = connection.cursor()
        cursor.execute("SELECT total FROM tally")
        (total,) = cursor.fetchone()
        cursor.execute("UPDATE tally SET total = %s", [total + 1])
"""


def test_processes_do_not_lose_updates(tmp_path: Path) -> None:
    environment = {"PATH": "/usr/bin:/bin", "FACTEUR_DATA": str(tmp_path), "FACTEUR_HOSTNAME": "gate.test"}
    prepare = WRITER.replace(
        "for turn in range(50):",
        "connection.cursor().execute('CREATE TABLE tally (total INTEGER)')\n"
        "connection.cursor().execute('INSERT INTO tally VALUES (0)')\nfor turn in ():",
    )
    root = Path(__file__).resolve().parents[2]
    subprocess.run([sys.executable, "-c", prepare], env=environment, cwd=root, check=True, timeout=60)
    writers = [subprocess.Popen([sys.executable, "-c", WRITER], env=environment, cwd=root) for _ in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    read = (
        WRITER.split("for turn")[0] + "cursor = connection.cursor(); cursor.execute('SELECT total FROM tally'); print(cursor.fetchone()[0])"
    )
    printed = subprocess.run(
        [sys.executable, "-c", read], env=environment, cwd=root, check=True, timeout=60, capture_output=True, text=True
    )
    assert printed.stdout.strip() == "150"


@pytest.mark.django_db(transaction=True)
def test_failed_transaction_opens_the_gate_again() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("the gate belongs to SQLite")
    with pytest.raises(RuntimeError), transaction.atomic():
        raise RuntimeError("inside")
    done = threading.Event()

    def write() -> None:
        with transaction.atomic():
            connection.cursor().execute("CREATE TABLE gate_probe (x INTEGER)")
            connection.cursor().execute("DROP TABLE gate_probe")
        connections.close_all()
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    assert done.wait(10)
    thread.join()


@pytest.mark.django_db
def test_commits_are_synchronous() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("a PRAGMA of SQLite")
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous")
    assert cursor.fetchone() == (2,)
    cursor.execute("PRAGMA journal_mode")
    assert cursor.fetchone() == ("wal",)
