"""The deliver task: rings are never lost and never pile up."""

import pytest

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


def test_a_failing_drain_gives_its_turn_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def drain(**_: object) -> int:
        raise RuntimeError("the database is away")

    monkeypatch.setattr(tasks.drain, "drain", drain)
    for _ in range(2):
        with pytest.raises(RuntimeError):
            tasks.deliver()
