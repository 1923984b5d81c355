"""The deliver task: rings are never lost and never pile up."""

import pytest

from mailcore import bell
from mailcore.workers import tasks


def test_a_ring_during_the_last_look_is_answered_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []

    def drain(**_: object) -> int:
        looks.append(1)
        if len(looks) == 1:
            # The turn is taken, so this one returns at once and leaves word.
            tasks.deliver()
            assert len(looks) == 1
        return 0

    monkeypatch.setattr(tasks.drain, "drain", drain)
    tasks.deliver()
    assert len(looks) == 2
    assert not tasks._is_asked_for.is_set()


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_a_worker_looks_on_for_a_while_after_mail_and_not_without(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(tasks, "time", clock)
    coming = [tasks.BATCH, 0, 3]
    looks: list[float] = []

    def drain(**_: object) -> int:
        looks.append(clock.now)
        return coming.pop(0) if coming else 0

    monkeypatch.setattr(tasks.drain, "drain", drain)
    tasks.deliver()
    assert looks[1] == looks[0], "after a full batch the next follows at once"
    assert looks[2] - looks[1] == pytest.approx(tasks.PAUSE)
    assert looks[-1] - looks[2] >= tasks.LINGER > bell.GAP
    looks.clear()
    tasks.deliver()
    assert len(looks) == 1


def test_the_index_waits_for_mail_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, indexed = Clock(), []
    monkeypatch.setattr(tasks, "time", clock)
    monkeypatch.setattr(tasks, "_indexed_at", 0.0)
    monkeypatch.setattr(tasks, "index_pending", lambda: indexed.append(clock.now))
    tasks.index()
    assert len(indexed) == 1
    with tasks._turn:
        tasks.index()
        assert len(indexed) == 1
        clock.sleep(tasks.INDEX_WITHIN)
        tasks.index()
    assert len(indexed) == 2


def test_a_failing_drain_gives_its_turn_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def drain(**_: object) -> int:
        raise RuntimeError("the database is away")

    monkeypatch.setattr(tasks.drain, "drain", drain)
    for _ in range(2):
        with pytest.raises(RuntimeError):
            tasks.deliver()
