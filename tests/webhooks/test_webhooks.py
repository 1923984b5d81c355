"""Webhooks: told exactly what was committed, signed, retried with a breaker, and never into the own network."""

import hashlib
import hmac
import ipaddress
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from directory.cast import Cast, make_cast
from django.db import transaction

from mailcore import outgoing
from mailcore.directory import domains, mailboxes, users
from mailcore.directory.models import User
from mailcore.kernel.errors import BadSyntax, Deferred, NotFound
from mailcore.webhooks import endpoints, sending
from mailcore.webhooks.models import Delivery, Endpoint, State

NOW = 2_000_000_000


class Sink:
    """A program that wants to be told, on a port of this machine."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sink.got.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(sink.status)
                self.send_header("Location", "http://127.0.0.1:1/")
                self.end_headers()

            def log_message(self, *values: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://localhost:{self.server.server_port}/told?x=1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def sink(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sink]:
    made = Sink()
    monkeypatch.setattr(outgoing, "look_up", lambda target: ipaddress.ip_address("127.0.0.1"))
    yield made
    made.server.shutdown()
    made.server.server_close()


def subscribe(cast: Cast, url: str, *, kinds: tuple[str, ...] = ("*",), names: tuple[str, ...] | None = None) -> tuple[Endpoint, str]:
    endpoint, secret = endpoints.create(owner_id=cast.root.id, url="https://hooks.example.com/", kinds=kinds, domains=names)
    Endpoint.objects.filter(id=endpoint.id).update(url=url)
    return endpoint, secret


def send(now: int = NOW) -> int:
    return sending.deliver_due(now=now, allow_plain=True)


def test_a_change_is_told_and_signed(cast: Cast, sink: Sink) -> None:
    _, secret = subscribe(cast, sink.url)
    mailboxes.suspend(mailbox_id=cast.ann.id)
    assert send() == 1
    headers, body = sink.got[0]
    told = json.loads(body)
    assert (told["type"], told["domain"], told["data"]["name"]) == ("mailbox.changed", "example.test", "ann@example.test")
    assert (told["data"]["before"], told["data"]["after"]) == ({"state": "active"}, {"state": "suspended"})
    at, signature = (part.partition("=")[2] for part in headers["Facteur-Signature"].split(","))
    wanted = hmac.new(secret.encode(), f"{headers['Facteur-Id']}.{at}.".encode() + body, hashlib.sha256).hexdigest()
    assert signature == wanted
    assert headers["Facteur-Id"] == told["id"]
    assert send(NOW + 999) == 0


def test_what_was_rolled_back_is_not_told(cast: Cast, sink: Sink) -> None:
    subscribe(cast, sink.url)
    with pytest.raises(RuntimeError), transaction.atomic():
        mailboxes.suspend(mailbox_id=cast.ann.id)
        raise RuntimeError
    assert (send(), sink.got) == (0, [])


def test_only_what_was_asked_for_and_is_within_reach(cast: Cast, sink: Sink) -> None:
    subscribe(cast, sink.url, kinds=("mailbox.changed", "alias"), names=("example.test",))
    mailboxes.suspend(mailbox_id=cast.cy.id)
    domains.suspend(domain_id=cast.example.id)
    mailboxes.suspend(mailbox_id=cast.ann.id)
    send()
    assert [json.loads(body)["data"]["name"] for _, body in sink.got] == ["ann@example.test"]


def test_a_failing_endpoint_is_left_alone_and_holds_up_nobody(cast: Cast, sink: Sink) -> None:
    bad, _ = subscribe(cast, sink.url.replace("told", "bad"))
    sink.status = 500
    for _ in range(4):
        mailboxes.suspend(mailbox_id=cast.ann.id)
        mailboxes.resume(mailbox_id=cast.ann.id)
    now = NOW
    for _ in range(sending.FAILURES_BEFORE_PAUSE):
        assert send(now) == 1
        now += 3_700
    bad.refresh_from_db()
    assert bad.paused_until > now - 3_700
    Endpoint.objects.filter(id=bad.id).update(paused_until=now + 10)
    assert send(now) == 0
    sink.status = 200
    assert send(now + 20) > 0
    bad.refresh_from_db()
    assert (bad.fail_streak, bad.paused_until, bad.failing_since) == (0, 0, 0)


def test_an_endpoint_that_is_dead_for_days_is_switched_off(cast: Cast, sink: Sink) -> None:
    endpoint, _ = subscribe(cast, sink.url)
    mailboxes.suspend(mailbox_id=cast.ann.id)
    sink.status = 500
    Delivery.objects.update(created_at=NOW)
    send(NOW)
    Endpoint.objects.update(paused_until=0)
    Delivery.objects.update(next_attempt_at=0)
    send(NOW + 4 * sending.DAY)
    endpoint.refresh_from_db()
    assert not endpoint.is_enabled
    assert Delivery.objects.get().state == State.FAILED
    endpoints.send_again(endpoint_id=endpoint.id, delivery_id=Delivery.objects.get().id)
    assert Delivery.objects.get().state == State.WAITING
    with pytest.raises(NotFound):
        endpoints.send_again(endpoint_id=endpoint.id, delivery_id=999)


def test_redirects_are_not_followed(cast: Cast, sink: Sink) -> None:
    subscribe(cast, sink.url)
    sink.status = 302
    mailboxes.suspend(mailbox_id=cast.ann.id)
    Delivery.objects.update(created_at=NOW)
    send()
    assert len(sink.got) == 1
    assert Delivery.objects.get().state == State.WAITING


def test_a_new_secret_beside_the_old_one(cast: Cast, sink: Sink) -> None:
    endpoint, old = subscribe(cast, sink.url)
    new = endpoints.rotate(endpoint_id=endpoint.id)
    Endpoint.objects.filter(id=endpoint.id).update(old_secret_until=NOW + 10)
    mailboxes.suspend(mailbox_id=cast.ann.id)
    send(NOW)
    mailboxes.resume(mailbox_id=cast.ann.id)
    send(NOW + 100)
    counts = [headers["Facteur-Signature"].count("v1=") for headers, _ in sink.got]
    assert counts == [2, 1]
    assert old != new
    endpoint.refresh_from_db()
    assert new not in endpoint.sealed_secret
    assert old not in endpoint.sealed_old_secret


def test_who_loses_a_role_is_told_no_more(cast: Cast) -> None:
    assert cast.bo.user_id is not None
    endpoints.create(owner_id=cast.bo.user_id, url="https://hooks.example.com/", kinds=("*",), domains=("example.test",))
    users.set_role(user_id=cast.bo.user_id, role=User.Role.USER)
    assert not Endpoint.objects.exists()


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/",
        "https://127.0.0.1/",
        "https://10.1.2.3/",
        "https://[::1]/",
        "https://169.254.169.254/latest",
        "https://user:pass@hooks.example.com/",
        "https:///x",
        "ftp://hooks.example.com/",
        "https://hooks.example.com/ x",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://hooks.example.com:99999/",
        "https://hooks.example.com/\r\nX: y",
    ],
)
def test_where_a_webhook_may_not_go(cast: Cast, url: str) -> None:
    with pytest.raises(BadSyntax):
        endpoints.create(owner_id=1, url=url, kinds=("*",), domains=None)


@pytest.mark.parametrize(
    "found",
    [
        "127.0.0.1",
        "10.0.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "::1",
        "fd00::1",
        "fe80::1",
        "0.0.0.0",
        "224.0.0.1",
        "2002:7f00:1::",
        "::ffff:10.0.0.1",
    ],
)
def test_a_name_that_leads_inside_is_not_followed(found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [(0, 0, 0, "", ("93.184.216.34", 443)), (0, 0, 0, "", (found, 443))]
    monkeypatch.setattr("socket.getaddrinfo", lambda *values, **options: rows)
    with pytest.raises(Deferred, match="private network"):
        outgoing.look_up(outgoing.parse("https://hooks.example.com/"))


def test_the_connection_goes_to_the_address_that_was_checked(cast: Cast, sink: Sink) -> None:
    target = outgoing.parse(f"http://rebinding.invalid:{sink.server.server_port}/x", allow_plain=True)
    answer = outgoing.post(target, to=ipaddress.ip_address("127.0.0.1"), body=b"{}", headers={})
    assert answer.status == 204
    assert sink.got[0][0]["Host"] == f"rebinding.invalid:{sink.server.server_port}"


def test_kinds_that_do_not_exist(cast: Cast) -> None:
    for kinds in ((), ("kitchen",)):
        with pytest.raises(BadSyntax):
            endpoints.create(owner_id=1, url="https://hooks.example.com/", kinds=kinds, domains=None)
