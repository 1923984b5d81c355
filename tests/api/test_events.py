"""The stream of what is done: in order, each once, nothing of other domains."""

import json

import pytest
from directory.cast import Cast

from mailcore.directory import aliases, mailboxes

from .test_api import Caller

pytestmark = pytest.mark.urls("api.routes")


def read_stream(text: str) -> list[dict[str, str]]:
    """As a browser reads it."""
    events = [dict(line.split(": ", 1) for line in block.split("\n")) for block in text.split("\n\n") if block]
    return [event for event in events if "event" in event]


def test_it_goes_on_where_it_ended(cast: Cast) -> None:
    root = Caller(cast.root, "audit:read")
    begin = root("GET", "events")[1]
    assert begin["results"] == []
    aliases.create(address="team@example.test", targets=("ann@example.test",))
    mailboxes.set_shown_name(mailbox_id=cast.cy.id, shown_name="Two\nlines")
    answer = root.client.get("/api/v1/events", headers={"Accept": "text/event-stream", "Last-Event-ID": str(begin["last"])})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/event-stream; charset=utf-8")
    first, second, end = read_stream(answer.content.decode())
    assert [one["event"] for one in (first, second, end)] == ["alias.created", "mailbox.changed", "end"]
    assert json.loads(second["data"])["after"] == {"shown_name": "Two\nlines"}
    assert begin["last"] < int(first["id"]) < int(second["id"]) == int(end["id"])
    again = root.client.get("/api/v1/events", headers={"Accept": "text/event-stream", "Last-Event-ID": end["id"]})
    assert [one["event"] for one in read_stream(again.content.decode())] == ["end"]
    assert [row["action"] for row in root("GET", f"events?after={begin['last']}&kinds=alias,domain")[1]["results"]] == ["alias.created"]


def test_only_of_ones_own_domains(cast: Cast) -> None:
    assert cast.bo.user is not None
    mailboxes.set_shown_name(mailbox_id=cast.cy.id, shown_name="Cy")
    mailboxes.set_shown_name(mailbox_id=cast.ann.id, shown_name="Ann")
    rows = Caller(cast.bo.user, "audit:read")("GET", "events?after=0")[1]["results"]
    assert {row["domain"] for row in rows} == {"example.test"}


def test_many_come_in_parts(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("admin_panel.api.events.MOST", 2)
    root = Caller(cast.root, "audit:read")
    seen: list[int] = []
    after = 0
    while rows := (page := root("GET", f"events?after={after}")[1])["results"]:
        seen += [row["id"] for row in rows]
        after = page["last"]
    assert len(seen) > 4 and seen == sorted(set(seen))


@pytest.mark.parametrize(("query", "status"), [("?after=x", 404), ("?after=1&after=", 200)])
def test_what_is_no_id(cast: Cast, query: str, status: int) -> None:
    assert Caller(cast.root, "audit:read")("GET", f"events{query}")[0] == status


def test_errors_are_problems_in_the_stream_too(cast: Cast) -> None:
    answer = Caller(cast.root, "queue:read").client.get("/api/v1/events", headers={"Accept": "text/event-stream"})
    assert (answer.status_code, answer.headers["Content-Type"], answer.json()["code"]) == (403, "application/problem+json", "denied")
