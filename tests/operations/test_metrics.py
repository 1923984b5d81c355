"""`/metrics`: what the processes counted and what the rows say, for those who may ask."""

import asyncio
import re
from typing import Any

import pytest
from directory.cast import PASSWORD, Cast, make_cast

from config import asgi
from mailcore import metrics
from mailcore.directory.authentication import authenticate
from mailcore.kernel.errors import Denied
from mailcore.kernel.ids import MailboxId
from mailcore.kernel.principal import Service
from mailcore.queue.models import Entry, Recipient
from mailcore.servers import exposition, proxies
from mailcore.store.search import index_pending
from mailcore.store.writer import append, ensure_defaults


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


def read(name: str, **labels: str) -> float:
    wanted = ",".join(f'{key}="{value}"' for key, value in sorted(labels.items()))
    pattern = re.escape(name) + (re.escape("{" + wanted + "}") if labels else "") + r" (\S+)"
    found = re.search(f"^{pattern}$", exposition.render().decode(), re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_logins_are_counted_by_result(cast: Cast) -> None:
    before = {result: read("facteur_logins_total", service="imap", result=result) for result in ("ok", "denied")}
    authenticate(login="ann@example.test", secret=PASSWORD, service=Service.IMAP, peer="192.0.2.1")
    with pytest.raises(Denied):
        authenticate(login="ann@example.test", secret="wrong", service=Service.IMAP, peer="192.0.2.1")
    assert {result: read("facteur_logins_total", service="imap", result=result) - count for result, count in before.items()} == {
        "ok": 1,
        "denied": 1,
    }


def test_the_queue_is_read_from_the_rows(db: None) -> None:
    common = {"sender": "a@b.test", "blob_id": 1, "size": 1, "source": "smtp", "received_at": 1_000, "expires_at": 2_000_000_000}
    entry = Entry.objects.create(trace_id="one", **common)
    held = Entry.objects.create(trace_id="two", is_held=True, **common)
    for number, (row, state, attempts) in enumerate(
        [(entry, "queued", 0), (entry, "queued", 2), (entry, "leased", 1), (entry, "delivered", 1), (held, "queued", 0)]
    ):
        Recipient.objects.create(
            entry=row, address=f"x{number}@far.test", destination="far.test", state=state, attempts=attempts, next_attempt_at=1_000
        )
    states = {state: read("facteur_queue_recipients", state=state) for state in ("queued", "deferred", "active", "held")}
    assert states == {"queued": 1, "deferred": 1, "active": 1, "held": 1}
    assert read("facteur_queue_oldest_seconds") > 1_000_000
    assert read("facteur_disk_bytes") > 0


def test_sessions_of_a_process_that_was_killed_are_over(db: None) -> None:
    metrics.sessions.labels("imap").inc()
    path = next(metrics.FOLDER.glob("gauge_livesum_*.db"))
    ghost = metrics.FOLDER / "gauge_livesum_4194303.db"
    ghost.write_bytes(path.read_bytes())
    exposition.render()
    metrics.sessions.labels("imap").dec()
    assert not ghost.exists()


def ask(path: str, *, peer: str, headers: tuple[tuple[bytes, bytes], ...] = ()) -> tuple[int, bytes]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    asyncio.run(asgi.application({"type": "http", "path": path, "client": (peer, 1), "headers": list(headers)}, receive, send))
    return sent[0]["status"], sent[1]["body"]


@pytest.mark.django_db(transaction=True)
def test_only_the_networks_of_the_settings_may_read_them() -> None:
    status, body = ask("/metrics", peer="127.0.0.1")
    assert (status, b"facteur_disk_bytes" in body) == (200, True)
    assert ask("/metrics", peer="192.0.2.1")[0] == 404
    assert ask("/metrics", peer="not an address")[0] == 404


def test_what_came_through_an_unknown_proxy_is_not_local() -> None:
    assert ask("/metrics", peer="127.0.0.1", headers=((b"x-forwarded-for", b"192.0.2.1"),))[0] == 404


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("10.0.0.1", "192.0.2.7", "192.0.2.7"),
        ("10.0.0.1", "203.0.113.9, 192.0.2.7, 10.0.0.2", "192.0.2.7"),
        ("10.0.0.1", "10.0.0.9", "10.0.0.9"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("192.0.2.1", "203.0.113.9", "192.0.2.1"),
        ("::ffff:10.0.0.1", "192.0.2.7", "192.0.2.7"),
    ],
)
def test_the_client_behind_trusted_proxies(peer: str, forwarded: str, client: str) -> None:
    headers = [(b"x-forwarded-for", forwarded.encode()), (b"x-forwarded-proto", b"https")] if forwarded else []
    found = proxies.unfold({"client": (peer, 1), "headers": headers, "scheme": "http"}, ("10.0.0.0/8",))
    assert found["client"][0] == client
    assert found["scheme"] == ("https" if forwarded and peer.endswith("10.0.0.1") else "http")


def test_what_a_search_still_has_to_read_is_told(cast: Cast) -> None:
    index_pending()
    assert read("facteur_search_waiting_messages") == 0
    ensure_defaults(mailbox_id=MailboxId(cast.ann.id))
    append(mailbox_id=MailboxId(cast.ann.id), name="INBOX", raw=b"Subject: new\r\n\r\nwords\r\n")
    assert read("facteur_search_waiting_messages") == 1
    index_pending()
    assert read("facteur_search_waiting_messages") == 0
