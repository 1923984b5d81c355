"""A journey is shown to those it belongs to, and to nobody who merely knows its Message-ID."""

from mailcore.queue import journey
from mailcore.queue.journey import Stage, Step

from .builders import letter
from .conftest import Actor

ID = "<trip@x.example>"


def record(source: str, sender: str, *recipients: str) -> None:
    steps = [Step("trace1", 1_700_000_000, Stage.RECEIVED, source, 250, "from somewhere", sender, "x", ID.strip("<>"))]
    steps += [Step("trace1", 1_700_000_001, Stage.DELIVERED, "", 250, f"kept for {one}", one, "x", ID.strip("<>")) for one in recipients]
    journey.record(steps)


def explain(actor: Actor) -> str:
    uid = actor.put(letter(message_id=ID))
    return actor.client.get(f"/mail/INBOX/{uid}/explain").content.decode()


def test_a_recipient_sees_their_own_stops(ann: Actor) -> None:
    record("smtp", "ingrid@nordlys.example", "ann@example.org", "secret@example.org")
    page = explain(ann)
    assert "trace1" in page and "kept for ann@example.org" in page and "secret@" not in page


def test_a_sender_sees_all(ann: Actor) -> None:
    record("web", "ann@example.org", "one@x.example", "two@x.example")
    page = explain(ann)
    assert "kept for one@x.example" in page and "kept for two@x.example" in page and "You sent it" in page


def test_a_stranger_with_the_id_sees_nothing(ann: Actor) -> None:
    record("smtp", "ann@example.org", "bo@example.org")
    page = explain(ann)
    assert "trace1" not in page and "not on record" in page
