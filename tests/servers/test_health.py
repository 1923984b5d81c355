"""`/health`: 200 while mail can be taken, 503 when it cannot; each part alone."""

import pytest
from django.db import DatabaseError

from mailcore.servers import health


@pytest.mark.django_db
def test_a_machine_whose_listeners_are_down_is_degraded_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_answers", lambda host, port: False)
    status, report = health.look()
    assert (status, report["status"]) == (200, "degraded")
    assert report["database"] == {"status": "ok"}
    assert report["queue"] == {"status": "ok", "waiting": 0, "seconds_overdue": 0}
    assert report["listeners"]["smtp"] == "failing"
    assert health.look("listeners")[0] == 503


@pytest.mark.django_db
@pytest.mark.parametrize("part", health.PARTS)
def test_each_part_answers_alone(part: str) -> None:
    status, report = health.look(part)
    assert status in (200, 503)
    assert report["status"] in ("ok", "degraded", "failing")


def test_an_unknown_part() -> None:
    assert health.look("kitchen")[0] == 404


@pytest.mark.django_db
def test_without_a_database_nothing_can_be_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def cursor(self) -> object:
            raise DatabaseError("gone")

    monkeypatch.setattr(health, "connection", Broken())
    status, report = health.look()
    assert (status, report["status"], report["queue"]["status"]) == (503, "failing", "failing")
