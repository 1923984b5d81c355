"""A whole Facteur on PostgreSQL and on a Redis reached by TCP: mail goes in and comes out, and kills lose nothing."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailcore.workers.redis import find_server
from tests.flows.facteur import Facteur, wait_until
from tests.flows.reckoning import reckon, settle_down
from tests.flows.sending import Senders
from tests.postgres import Cluster, find_programs

PROGRAMS, REDIS = find_programs(), find_server()
pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc"),
    pytest.mark.skipif(PROGRAMS is None, reason="no PostgreSQL server is installed (initdb, pg_ctl, postgres, pg_dump)"),
    pytest.mark.skipif(REDIS is None, reason="no Redis or Valkey server is installed"),
]
STRANGER = "bob@elsewhere.test"
TOTAL = 60


@contextlib.contextmanager
def redis_over_tcp(folder: Path) -> Iterator[str]:
    assert REDIS is not None
    with socket.create_server(("127.0.0.1", 0)) as made:
        port = made.getsockname()[1]
    folder.mkdir()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", "", "--appendonly", "no"]
    server = subprocess.Popen([REDIS, *options], stdout=subprocess.DEVNULL)
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait()


@pytest.fixture(scope="module")
def facteur(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Facteur]:
    assert PROGRAMS is not None
    place = tmp_path_factory.mktemp("postgresql")
    with (
        Cluster(PROGRAMS) as cluster,
        redis_over_tcp(place / "redis") as redis_url,
        Facteur(place / "data", database_url=cluster.url("facteur"), redis_url=redis_url) as made,
    ):
        yield made


def test_mail_goes_in_and_comes_out(facteur: Facteur) -> None:
    sender, recipient = facteur.addresses[:2]
    facteur.receive(STRANGER, recipient, b"Message-ID: <in@pg>\r\nFrom: bob@elsewhere.test\r\nSubject: in\r\n\r\nHello\r\n")
    facteur.submit(sender, recipient, f"Message-ID: <own@pg>\r\nFrom: {sender}\r\nSubject: own\r\n\r\nHello\r\n".encode())
    wait_until(lambda: facteur.message_ids(recipient).keys() >= {"in@pg", "own@pg"}, what="both messages")
    assert any(raw.endswith(b"Subject: in\r\n\r\nHello\r\n") for raw in facteur.letters(recipient, whole=True))
    assert not (facteur.data / "facteur.sqlite3").exists()
    assert not facteur.pids("redis")


def test_kills_lose_nothing(facteur: Facteur) -> None:
    senders = Senders(
        port=facteur.ports["smtp"], sender=STRANGER, recipients=facteur.addresses[2:], total=TOTAL, allowed=lambda: TOTAL, connections=5
    )
    senders.start()
    for share, kind in ((0.2, "back"), (0.5, "child"), (0.8, "back")):
        wait_until(lambda enough=share * TOTAL: len(senders.ledger.accepted) >= enough, what="the next messages")
        wait_until(lambda kind=kind: bool(facteur.pids(kind)), what=f"a living {kind}")
        os.kill(facteur.pids(kind)[0], signal.SIGKILL)
    senders.finish(60)
    settle_down(facteur, 30)
    result = reckon(facteur, senders.ledger)
    print(f"\n{result}")
    assert result.accepted >= TOTAL, facteur.output[-4000:]
    assert not (result.lost or result.doubled or result.kept_though_refused or result.findings), result
    assert result.queued == 0, facteur.inside("queue")
