"""The bus and the bell never get in the way, with Redis or without."""

import asyncio
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import redis
from django.conf import settings

from mailcore import bell, bus
from mailcore.kernel.events import CredentialsChanged, Event, FolderChanged, MailboxChanged
from mailcore.kernel.ids import FolderId, MailboxId
from mailcore.workers.redis import find_server

EVENTS: list[Event] = [FolderChanged(MailboxId(1), FolderId(2), 3), MailboxChanged(MailboxId(4)), CredentialsChanged(5)]


@pytest.fixture
def redis_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    program = find_server()
    if program is None:
        pytest.skip("no Redis or Valkey here")
    path = Path("/tmp") / f"facteur-bus-{tmp_path.parent.name}-{time.monotonic_ns()}.sock"
    command = [program, "--port", "0", "--unixsocket", str(path), "--save", "", "--dir", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    monkeypatch.setattr(settings, "FACTEUR", replace(settings.FACTEUR, redis_url=f"unix://{path}"))
    yield f"unix://{path}"
    process.terminate()
    process.wait(20)


def test_events_survive_the_wire_in_order() -> None:
    assert bus.decode(bus.encode(EVENTS)) == EVENTS


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"kind":"FolderChanged"}', b'[{"kind":"FolderChanged"}]', b"[1]", b"\xff"])
def test_nonsense_on_the_wire_is_no_event(data: bytes) -> None:
    assert bus.decode(data) == []


def test_an_unknown_event_does_not_hide_its_neighbours() -> None:
    assert bus.decode(b'[{"kind":"Later"},{"kind":"MailboxChanged","mailbox_id":4}]') == [MailboxChanged(MailboxId(4))]


def test_what_is_published_arrives(redis_url: str) -> None:
    async def collect() -> list[Event | None]:
        seen: list[Event | None] = []
        async for event in bus.subscribe():
            if not seen:
                await asyncio.to_thread(bus.publish, EVENTS[0])
                await asyncio.to_thread(bus.publish, *EVENTS[1:])
            seen.append(event)
            if len(seen) > len(EVENTS):
                return seen
        return seen

    assert asyncio.run(asyncio.wait_for(collect(), 20)) == [None, *EVENTS]


def test_a_connection_that_redis_closed_costs_no_event(redis_url: str) -> None:
    bus.publish(EVENTS[0])
    with redis.Redis.from_url(redis_url) as other, other.pubsub(ignore_subscribe_messages=True) as heard:
        heard.subscribe(bus.CHANNEL)
        heard.get_message(timeout=10)
        other.client_kill_filter(_type="normal", skipme=True)
        bus.publish(EVENTS[1])
        bus.publish(EVENTS[2])
        data = [message["data"] for _ in range(2) if (message := heard.get_message(timeout=10)) is not None]
    assert [bus.decode(one) for one in data] == [[EVENTS[1]], [EVENTS[2]]]


def test_without_redis_a_subscriber_is_told_to_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus, "LOOK_WITHOUT_REDIS", 0.01)
    monkeypatch.setattr(settings, "FACTEUR", replace(settings.FACTEUR, redis_url="unix:///nowhere/redis.sock"))

    async def collect() -> list[Event | None]:
        seen: list[Event | None] = []
        async for event in bus.subscribe():
            seen.append(event)
            if len(seen) == 3:
                break
        return seen

    for event in EVENTS:
        bus.publish(event)
    assert asyncio.run(asyncio.wait_for(collect(), 20)) == [None, None, None]


def test_many_rings_are_few_tasks_and_the_last_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[float] = []

    class App:
        def send_task(self, name: str, **options: object) -> None:
            assert name == bell.TASK
            sent.append(time.monotonic())

    monkeypatch.setattr(bell, "app", App())
    monkeypatch.setattr(bell, "_ringer", None)
    for _ in range(1_000):
        bell.ring()
    last = time.monotonic()
    deadline = last + 20
    while not sent or sent[-1] < last:
        assert time.monotonic() < deadline
        # A ring that came while a task was being sent is answered by one more.
        if sent and not bell._ringer.rung.is_set():  # type: ignore[union-attr]
            break
        time.sleep(0.01)
    assert 1 <= len(sent) < 500


def test_a_broken_broker_is_not_felt(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    class App:
        def send_task(self, name: str, **options: object) -> None:
            tried.append(name)
            raise ConnectionError("no broker")

    monkeypatch.setattr(bell, "app", App())
    monkeypatch.setattr(bell, "_ringer", None)
    deadline = time.monotonic() + 20
    while len(tried) < 2:
        bell.ring()
        assert time.monotonic() < deadline
        time.sleep(0.01)
