"""The pages Routes and Certificates: for administrators of the server, what they do, and errors beside their fields."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from directory.cast import Cast
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from mailcore.audit.models import Event
from mailcore.certificates import orders
from mailcore.certificates.models import Certificate
from mailcore.directory.models import User
from mailcore.transports import relays, routes, table, transports
from mailcore.transports.models import Route, Transport
from tests.trust import certificates

BACKEND = "mailcore.directory.backends.DirectoryBackend"
ROUTE = {"do": "route", "sender": "", "recipient": "", "transport": "out"}


def as_(user: User | None) -> Client:
    client = Client()
    if user is not None:
        client.force_login(user, backend=BACKEND)
    return client


@pytest.fixture
def client(cast: Cast) -> Client:
    table.forget()
    return as_(cast.root)


@pytest.mark.parametrize("path", ["routes", "routes/up", "certificates", "certificates/renew"])
def test_it_is_nobody_elses_business(cast: Cast, path: str) -> None:
    for user in (cast.bo.user, cast.ann.user):
        assert as_(user).post(f"/panel/{path}", ROUTE).status_code == 403
    assert as_(None).post(f"/panel/{path}", ROUTE).status_code == 302
    assert "/panel/routes" not in as_(cast.bo.user).get("/panel/").content.decode()


def test_transports_and_routes_in_their_order(client: Client) -> None:
    assert "First make a transport" in client.get("/panel/routes").content.decode()
    made = {
        "do": "transport",
        "name": "out",
        "kind": "smarthost",
        "host": "out.test",
        "port": "",
        "tls": "verify",
        "login": "ann",
        "password": "s3cret",
    }
    assert client.post("/panel/routes", made).status_code == 302
    client.post("/panel/routes", {"do": "transport", "name": "no", "kind": "refuse", "tls": "may", "text": "not there"})
    client.post("/panel/routes", {**ROUTE, "sender": "example.test", "min_size": "20", "note": "large"})
    client.post("/panel/routes", {**ROUTE, "transport": "no", "recipient": ".bad.test"})
    page = client.get("/panel/routes").content.decode()
    assert "out.test:587" in page and "from 20 MB" in page and "s3cret" not in page
    second = Route.objects.get(recipient=".bad.test")
    client.post("/panel/routes/up", {"line": second.pk})
    assert [one.recipient for one in routes.list_all()] == [".bad.test", ""]
    client.post("/panel/routes/down", {"line": second.pk})
    assert [one.recipient for one in routes.list_all()] == ["", ".bad.test"]
    client.post("/panel/routes/remove-transport", {"line": "no"})
    assert Transport.objects.filter(name="no").exists()
    client.post("/panel/routes/remove", {"line": second.pk})
    client.post("/panel/routes/remove-transport", {"line": "no"})
    assert [one.name for one in transports.list_all()] == ["out"]
    assert {"transport.put", "route.added", "route.moved", "route.removed"} <= set(Event.objects.values_list("action", flat=True))


def test_a_route_is_tried_and_not_kept(client: Client) -> None:
    transports.put(name="out", kind="direct")
    asked = {**ROUTE, "do": "try", "sender": "example.test", "to_address": "zoe@far.test"}
    assert "would decide about that message" in client.post("/panel/routes", {**asked, "from_address": "ann@example.test"}).content.decode()
    assert "does not hold" in client.post("/panel/routes", {**asked, "from_address": "eve@far.test"}).content.decode()
    routes.add(routes.Draft("out", recipient="far.test"))
    page = client.post("/panel/routes", {**asked, "from_address": "ann@example.test"}).content.decode()
    assert "an earlier one decides: route 1 (to far.test)" in page and 'value="example.test"' in page
    assert Route.objects.count() == 1


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({**ROUTE, "recipient": "a b@c"}, "hint--bad"),
        ({**ROUTE, "min_size": "5", "max_size": "4"}, "do not go together"),
        ({**ROUTE, "transport": "none"}, "hint--bad"),
        ({"do": "try", "transport": "out"}, "hint--bad"),
        ({"do": "transport", "name": "x", "kind": "smarthost", "tls": "may"}, "need a host"),
        ({"do": "relay", "domain": "example.test"}, "a domain of this server"),
        ({"do": "suppress", "address": "nonsense", "reason": "x"}, "hint--bad"),
        ({"do": "suppress", "address": "a@far.test", "reason": ""}, "hint--bad"),
    ],
)
def test_what_is_wrong_is_said_where_it_was_typed(client: Client, values: dict[str, Any], said: str) -> None:
    transports.put(name="out", kind="direct")
    answer = client.post("/panel/routes", values)
    assert answer.status_code == 200 and said in answer.content.decode()
    assert not Route.objects.exists() and Transport.objects.count() == 1


def test_relayed_and_suppressed(client: Client) -> None:
    client.post("/panel/routes", {"do": "relay", "domain": "Client.test", "note": "theirs"})
    client.post("/panel/routes", {"do": "suppress", "address": "Eve@far.test", "reason": "complained"})
    page = client.get("/panel/routes").content.decode()
    assert "client.test" in page and "eve@far.test" in page and "complained" in page
    client.post("/panel/routes/unrelay", {"line": "client.test"})
    client.post("/panel/routes/unsuppress", {"line": "eve@far.test"})
    assert not relays.list_relayed() and not relays.list_suppressed()


@pytest.mark.parametrize(
    "path", ["routes/fly", "routes/remove", "routes/up", "certificates/fly", "certificates/renew", "certificates/remove"]
)
def test_buttons_beside_nothing(client: Client, path: str) -> None:
    assert client.post(f"/panel/{path}", {"line": "999", "name": "none.test"}).status_code == 404


def test_a_certificate_is_ordered_renewed_and_removed(client: Client) -> None:
    page = client.post("/panel/certificates", {"do": "order", "names": "mx.example.test"}).content.decode()
    assert "First agree to the terms" in page
    page = client.post("/panel/certificates", {"do": "order", "names": "*.example.test", "agrees": "on"}).content.decode()
    assert "hint--bad" in page and not Certificate.objects.exists()
    assert (
        client.post("/panel/certificates", {"do": "order", "names": "mx.example.test\nmail.example.test", "agrees": "on"}).status_code
        == 302
    )
    (due,) = orders.claim_due(now=2**40)
    orders.fail(due, "mail.example.test answered 404", now=0)
    page = client.get("/panel/certificates").content.decode()
    assert "1 attempt failed" in page and "mail.example.test answered 404" in page
    client.post("/panel/certificates/renew", {"name": "mx.example.test"})
    client.post("/panel/certificates/remove", {"name": "mx.example.test"})
    assert not Certificate.objects.exists()


def test_a_certificate_is_given(client: Client) -> None:
    pair = certificates.make("mx.own.test", issuer=certificates.make("authority", is_authority=True), days=5)
    key = pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def files(chain: bytes, key: bytes) -> dict[str, Any]:
        return {"do": "give", "chain": SimpleUploadedFile("chain.pem", chain), "key": SimpleUploadedFile("key.pem", key)}

    assert "key cannot be read" in client.post("/panel/certificates", files(pair.pem, b"nonsense")).content.decode()
    assert "too large" in client.post("/panel/certificates", files(b"x" * 1_000_001, key)).content.decode()
    assert client.post("/panel/certificates", files(pair.pem, key)).status_code == 302
    page = client.get("/panel/certificates").content.decode()
    assert "mx.own.test" in page and "None: it was given" in page and "PRIVATE" not in page
    assert "The certificate of mx.own.test expires in" in client.get("/panel/").content.decode()
