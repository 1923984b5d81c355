"""`/health`: 200 while mail can be taken, 503 when it cannot."""

import pytest
from django.db import DatabaseError

from mailcore.servers import health


@pytest.mark.django_db
def test_a_sound_machine() -> None:
    status, report = health.look()
    assert status == 200
    assert report["status"] == report["database"] == "ok"
    assert report["queue"] == {"waiting": 0, "seconds_overdue": 0}


def test_without_a_database_nothing_can_be_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def cursor(self) -> object:
            raise DatabaseError("gone")

    monkeypatch.setattr(health, "connection", Broken())
    assert health.look()[0] == 503
