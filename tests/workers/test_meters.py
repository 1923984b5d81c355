"""Rates: the same for one process and for all, and never in the way."""

import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings

from mailcore import meters
from mailcore.meters import Rate
from mailcore.workers.redis import find_server

SLOW = Rate(a_minute=1, at_once=3)


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator["subprocess.Popen[bytes]"]:
    program = find_server()
    if program is None:
        pytest.skip("no Redis or Valkey here")
    path = Path("/tmp") / f"facteur-meter-{time.monotonic_ns()}.sock"
    process = subprocess.Popen(
        [program, "--port", "0", "--unixsocket", str(path), "--save", "", "--dir", str(tmp_path)], stdout=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    monkeypatch.setattr(settings, "FACTEUR", replace(settings.FACTEUR, redis_url=f"unix://{path}"))
    meters._rest.until = 0.0
    yield process
    process.terminate()
    process.wait(20)
    meters._rest.until = 0.0


def test_a_bucket_fills_again() -> None:
    meters.forget()
    assert [meters.take_here("a", rate=SLOW, now=0.0) for _ in range(3)] == [0, 0, 0]
    assert meters.take_here("a", rate=SLOW, now=0.0) == 60
    assert meters.take_here("b", rate=SLOW, now=0.0) == 0
    assert meters.take_here("a", rate=SLOW, now=60.0) == 0
    assert meters.take_here("a", rate=SLOW, now=60.0) == 60


def test_redis_counts_for_all_processes(shared: "subprocess.Popen[bytes]") -> None:
    answers = []
    for _ in range(5):
        meters.forget()  # what this process remembers is not what counts
        meters._open.cache_clear()
        answers.append(meters.take([("c", Rate(600, 600)), ("d", SLOW)]))
    assert answers[:3] == [0, 0, 0]
    assert 0 < answers[3] <= 60


def test_without_redis_each_process_goes_on(shared: "subprocess.Popen[bytes]") -> None:
    assert meters.take([("e", SLOW)]) == 0
    shared.kill()
    shared.wait(20)
    meters.forget()
    assert [meters.take([("e", SLOW)]) for _ in range(3)] == [0, 0, 0]
    assert meters.take([("e", SLOW)]) > 0
