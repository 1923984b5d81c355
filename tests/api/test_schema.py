"""The OpenAPI description: checked in, up to date, and the source of a matrix of who may call what."""

import json
import re
from typing import Any

import pytest
from directory.cast import Cast
from django.apps import apps
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from config.environment import BASE
from mailcore.archive.models import Hold
from mailcore.directory import aliases, keys, mailboxes, users
from mailcore.filtering.models import Suspicion
from mailcore.filtering.policy import lists
from mailcore.kernel.principal import Service
from mailcore.lists import register, roster
from mailcore.lists.models import Post
from mailcore.queue.models import Entry, JourneyEvent, Recipient
from mailcore.retrieval import accounts, transfers
from mailcore.store import blobs
from mailcore.transports import relays, routes, transports
from mailcore.transports.routes import Draft
from mailcore.trust.models import ReceivedReport
from mailcore.webhooks import endpoints
from mailcore.webhooks.models import Delivery
from webmail import signed_in

from .test_api import Caller

pytestmark = pytest.mark.urls("api.routes")
SCHEMA: dict[str, Any] = json.loads((BASE / "docs/openapi.json").read_text())
CALLS = [(method.upper(), path) for path, methods in SCHEMA["paths"].items() for method in methods]
KEYED = [call for call in CALLS if call[1] != "/api/v1/schema"]

# A body that is right in shape, by call; what is not named here needs none.
BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/api/v1/domains"): {"name": "new.test"},
    ("PUT", "/api/v1/domains/by-name/{name}"): {"catch_all": ""},
    ("PATCH", "/api/v1/domains/{id}"): {"catch_all": ""},
    ("POST", "/api/v1/mailboxes"): {"address": "new@other.test"},
    ("PUT", "/api/v1/mailboxes/by-address/{address}"): {"shown_name": "X"},
    ("PATCH", "/api/v1/mailboxes/{id}"): {"shown_name": "X"},
    ("POST", "/api/v1/mailboxes/{id}/rename"): {"address": "x@other.test"},
    ("POST", "/api/v1/mailboxes/{mailbox_id}/app-passwords"): {"name": "x", "services": ["imap"]},
    ("POST", "/api/v1/aliases"): {"address": "new@other.test", "targets": ["x@far.test"]},
    ("PUT", "/api/v1/aliases/by-address/{address}"): {"targets": ["x@far.test"]},
    ("PATCH", "/api/v1/aliases/{id}"): {"targets": ["x@far.test"]},
    ("POST", "/api/v1/administrators"): {"login": "new", "password": "correct horse 7"},
    ("PUT", "/api/v1/administrators/{login}"): {"role": "domain_admin", "domains": ["other.test"]},
    ("POST", "/api/v1/keys"): {"name": "x", "scopes": ["domains:read"], "domains": ["other.test"]},
    ("POST", "/api/v1/fetch-accounts"): {
        "address": "cy@other.test",
        "protocol": "imap",
        "host": "imap.far.test",
        "login": "cy",
        "secret": "x",
    },
    ("PATCH", "/api/v1/fetch-accounts/{id}"): {"interval": 600},
    ("POST", "/api/v1/migrations"): {"address": "cy@other.test", "host": "imap.far.test", "login": "cy", "secret": "x"},
    ("POST", "/api/v1/webhooks"): {"url": "https://hooks.example.com/", "kinds": ["*"]},
    ("PATCH", "/api/v1/webhooks/{id}"): {"is_enabled": True},
    ("PATCH", "/api/v1/policies/{owner}/limits"): {"limits": {"spam_junk": 3}},
    ("POST", "/api/v1/policies/{owner}/rules"): {"pattern": "far.test", "act": "refuse"},
    ("POST", "/api/v1/queue/act"): {"action": "hold", "trace_ids": ["theirs"]},
    ("POST", "/api/v1/batch"): {"operations": [{"method": "GET", "path": "mailboxes/by-address/cy@other.test"}]},
    ("POST", "/api/v1/archive/deleted/restore"): {"address": "cy@other.test"},
    ("POST", "/api/v1/archive/holds"): {"name": "x", "scope": "other.test"},
    ("PUT", "/api/v1/archive/periods"): {"owner": "other.test", "name": "junk_days", "value": 7},
    ("POST", "/api/v1/archive/rewind"): {"address": "cy@other.test", "moment": "2026-01-01T00:00:00Z"},
    ("POST", "/api/v1/archive/rewind/undo"): {"address": "cy@other.test", "rewind_id": 1},
    ("POST", "/api/v1/lists"): {"address": "news@other.test"},
    ("PATCH", "/api/v1/lists/{id}"): {"title": "Theirs"},
    ("POST", "/api/v1/lists/{list_id}/members"): {"email": "new@far.test"},
    ("PATCH", "/api/v1/lists/{list_id}/members/{id}"): {"mode": "digest"},
    ("POST", "/api/v1/lists/{list_id}/held/{id}"): {"decision": "discard"},
    ("PUT", "/api/v1/transports/{name}"): {"kind": "direct"},
    ("POST", "/api/v1/routes"): {"transport": "theirs", "recipient": "far.test"},
    ("POST", "/api/v1/routes/{id}/move"): {"to": 1},
    ("POST", "/api/v1/routes/try"): {"route": {"transport": "theirs"}, "recipient": "x@far.test"},
    ("PUT", "/api/v1/relays/{domain}"): {"note": "x"},
    ("PUT", "/api/v1/suppressions/{address}"): {"reason": "x"},
    ("POST", "/api/v1/certificates"): {"names": ["mail.other.test"]},
    ("POST", "/api/v1/certificates/give"): {"chain": "x", "key": "x"},
    ("POST", "/api/v1/imports"): {"csv": "new@other.test", "dry_run": False},
}
# What answers 200 to Bo although it is about other.test: it only says that nothing was done.
SAYS_NO_INSIDE = {("POST", "/api/v1/queue/act"), ("POST", "/api/v1/batch"), ("POST", "/api/v1/imports")}
# A look that is written into the audit log, and so tells a webhook.
AUDITED = {("GET", "/api/v1/archive/journal")}
# Of the caller itself, not of a domain: a key makes keys and hooks no wider than itself.
OF_ITS_OWN = {("POST", "/api/v1/webhooks")}


@pytest.fixture
def theirs(cast: Cast) -> dict[str, Any]:
    """An object of other.test, out of Bo's reach, for every name in a path."""
    assert cast.cy.user_id is not None
    alias = aliases.create(address="team@other.test", targets=("cy@other.test",))
    users.add_app_password(user_id=cast.cy.user_id, name="phone", services=(Service.IMAP,))
    hook, _ = endpoints.create(owner_id=cast.root.id, url="https://hooks.example.com/", kinds=("*",), domains=None)
    mailboxes.set_shown_name(mailbox_id=cast.cy.id, shown_name="Cy")
    theirs = register.create(address="club@other.test")
    member = roster.add(row=theirs, email="dee@far.test")
    post = Post.objects.create(mailing_list=theirs, source_trace="theirs", state="held", blob_id=-1, author="x@far.test", at=1)
    blob = blobs.put(b"Subject: Theirs\r\nFrom: x@far.test\r\n\r\nHello\r\n")
    entry = Entry.objects.create(
        trace_id="theirs", sender="x@far.test", blob_id=blob, size=1, source="smtp", received_at=1, expires_at=9, is_held=True
    )
    Recipient.objects.create(entry=entry, address="cy@other.test", destination="other.test", next_attempt_at=1)
    JourneyEvent.objects.create(trace_id="theirs", at=1, stage="queued", address="cy@other.test", domain="other.test")
    hold = Hold.objects.create(name="theirs", domain="other.test", placed_at=1, placed_by="admin")
    lists.put(owner="domain:other.test", pattern="far.test", act="hold")
    Suspicion.objects.create(user_id=cast.cy.user_id, login="cy@other.test", reason="it sends to many", at=1)
    report = ReceivedReport.objects.create(
        kind="dmarc", domain="other.test", reporter="far.test", report_id="r", begins_at=1, ends_at=2**31, received_at=2
    )
    collected = accounts.create(
        mailbox_id=cast.cy.id, wanted=accounts.Wanted(protocol="imap", host="imap.far.test", login="cy", secret="x")
    )
    [moving] = transfers.ask_for([transfers.Wanted(address="cy@other.test", host="imap.far.test", login="cy", secret="x")])
    transports.put(name="theirs", kind="hold")
    route = routes.add(Draft("theirs", recipient="theirs.test"))
    relays.relay(domain="relayed.test")
    relays.suppress(address="nobody@far.test", reason="x")
    request = HttpRequest()
    request.session = SessionStore()  # type: ignore[attr-defined]
    request.session.create()
    signed_in.note(request, user_id=cast.cy.user_id)
    key, _ = keys.create(owner=cast.root, name="roots", scopes=("domains:read",))
    return {
        "routes": route.id, "transports": "theirs", "domain": "relayed.test", "certificates": "mail.other.test",
        "selector": "theirs",
        "fetch-accounts": collected.pk, "migrations": moving.pk,
        "domains": cast.other.id, "mailboxes": cast.cy.id, "aliases": alias.id, "keys": key.id, "webhooks": hook.pk, "queue": "theirs",
        "journey": "theirs", "mailbox_id": cast.cy.id, "delivery_id": Delivery.objects.latest("id").pk, "login": "admin",
        "archive": hold.pk, "name": "other.test", "app-passwords": 1, "domain_id": cast.other.id, "owner": "other.test",
        "quarantine": "theirs", "lists": theirs.pk, "list_id": theirs.pk, "members": member.pk, "held": post.pk,
        "reports": report.pk, "sessions": signed_in.list_places(user_id=cast.cy.user_id, here=None)[0].id,
    }  # fmt: skip


def fill(path: str, objects: dict[str, Any]) -> str:
    area = path.split("/")[3]

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name == "login" and area == "suspects":
            return "cy@other.test"
        if name == "name" and area in ("transports", "certificates"):
            return str(objects[area])
        if name == "id" and "sessions" in path:
            return str(objects["sessions"])
        if name == "id" and area == "lists" and path.count("/") > 4:
            return str(objects[path.split("/")[5]])
        if name == "id":
            return str(objects["app-passwords" if "app-passwords" in path else area])
        if name == "address":
            return {"mailboxes": "cy@other.test", "aliases": "team@other.test", "suppressions": "nobody@far.test"}[area]
        return str(objects[name])

    return re.sub(r"\{(\w+)\}", value, path).removeprefix("/api/v1/")


def query(path: str) -> str:
    asked = {
        "/api/v1/events": "?after=0",
        "/api/v1/route": "?recipient=cy@other.test&sender=x@far.test",
        "/api/v1/policies/{owner}/rules": "?pattern=far.test",
    }
    return asked.get(path, "")


def test_the_description_is_that_of_the_code() -> None:
    made = SchemaGenerator(urlconf="api.routes").get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    assert json.loads(json.dumps(made, default=str)) == SCHEMA, (
        "manage.py spectacular --skip-checks --urlconf tests.api.routes --format openapi-json --file docs/openapi.json"
    )
    assert SCHEMA["openapi"].startswith("3.1")


def test_every_call_that_changes_something_has_a_body_here_or_needs_none() -> None:
    for path, methods in SCHEMA["paths"].items():
        for method, call in methods.items():
            assert ("requestBody" in call) == ((method.upper(), path) in BODIES), (method, path)


@pytest.mark.parametrize(("method", "path"), KEYED)
def test_without_a_key_nothing(theirs: dict[str, Any], method: str, path: str) -> None:
    body = json.dumps(BODIES.get((method, path)))
    answer = Client().generic(method, "/api/v1/" + fill(path, theirs) + query(path), body, "application/json")
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(("method", "path"), KEYED)
def test_without_the_scope_nothing(cast: Cast, theirs: dict[str, Any], method: str, path: str) -> None:
    area = {
        "destinations": "queue",
        "route": "routes",
        "imports": "mailboxes",
        "fetch-accounts": "mailboxes",
        "migrations": "mailboxes",
        "quarantine": "queue",
        "suspects": "policies",
        "events": "audit",
        "transports": "routes",
        "relays": "routes",
        "suppressions": "routes",
    }.get(path.split("/")[3], path.split("/")[3])
    if "app-passwords" in path or "sessions" in path:
        area = "credentials"
    if area in ("me", "batch"):
        pytest.skip("any key may ask this")
    right = "read" if method == "GET" else "write"
    others = [scope for scope in keys.SCOPES if scope != f"{area}:{right}"]
    status, problem = Caller(cast.root, *others)(method, fill(path, theirs) + query(path), BODIES.get((method, path)))
    assert (status, problem["code"]) == (403, "denied")
    assert f"{area}:{right}" in problem["detail"]


@pytest.mark.parametrize("who", ["bo", "limited"])
@pytest.mark.parametrize(("method", "path"), KEYED)
def test_nothing_leaks_between_domains(cast: Cast, theirs: dict[str, Any], method: str, path: str, who: str) -> None:
    """Bo looks after example.test only; the other key is root's, limited to it. Neither learns of or changes other.test."""
    owner = cast.bo.user if who == "bo" else cast.root
    assert owner is not None
    caller = Caller(owner, domains=None if who == "bo" else (cast.example,))
    before = _everything()
    status, answer = caller(method, fill(path, theirs) + query(path), BODIES.get((method, path)))
    text = json.dumps(answer)
    if (method, path) in OF_ITS_OWN:
        assert (status, answer["domains"]) == (201, ["example.test"])
    elif "{" in path or (method != "GET" and (method, path) not in SAYS_NO_INSIDE):
        assert status in (400, 403, 404), text
        assert _everything() == before
    else:
        assert status in (200, 403, 404), text
        assert _everything() == before or (method, path) in AUDITED
        for word in ("cy@other.test", "team@other.test", '"other.test"', "far.test"):
            assert word not in text or (method, path) in SAYS_NO_INSIDE or path == "/api/v1/route", text
    if (method, path) == ("POST", "/api/v1/queue/act"):
        assert answer["done"] == 0
    if (method, path) == ("POST", "/api/v1/batch"):
        assert answer["results"][0]["status"] == 404
    if (method, path) == ("POST", "/api/v1/imports"):
        assert (answer["made"], answer["failed"]) == (0, 1)


@pytest.mark.parametrize(("method", "path"), KEYED)
def test_a_person_without_a_role_gets_nothing(cast: Cast, theirs: dict[str, Any], method: str, path: str) -> None:
    assert cast.ann.user is not None
    caller = Caller(cast.ann.user)
    before = _everything()
    status, answer = caller(method, fill(path, theirs) + query(path), BODIES.get((method, path)))
    assert status in (400, 403, 404) or (status == 200 and "other.test" not in json.dumps(answer)) or (method, path) in SAYS_NO_INSIDE
    assert _everything() == before or (method, path) in AUDITED


@pytest.mark.parametrize(("method", "path"), KEYED)
def test_root_reaches_everything_and_nothing_breaks(cast: Cast, theirs: dict[str, Any], method: str, path: str) -> None:
    if (method, path) == ("POST", "/api/v1/queue/{id}/bounce"):
        pytest.skip("returning needs the message's bytes; tests/delivery has them")
    status, answer = Caller(cast.root)(method, fill(path, theirs) + query(path), BODIES.get((method, path)))
    assert status < 500, answer
    assert status in (200, 201, 202, 204) or answer["code"] in ("conflict", "not_found", "invalid", "refused"), answer


def _everything() -> object:
    """Every row of what the API can change."""
    models = [
        model
        for model in apps.get_models()
        if model._meta.app_label
        in (
            "directory",
            "queue",
            "webhooks",
            "trust",
            "filtering",
            "webmail",
            "archive",
            "lists",
            "retrieval",
            "transports",
            "certificates",
        )
    ]
    return [list(model.objects.values_list()) for model in models if model.__name__ not in ("ApiKey", "Replay")]
