"""The REST API: keys, scopes, reach, resources, problems, pages."""

import json
from typing import Any

import pytest
from directory.cast import PASSWORD, Cast
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mailcore.directory import aliases, domains, keys, mailboxes
from mailcore.directory.models import Domain, User
from mailcore.queue.models import Entry, JourneyEvent, Recipient

pytestmark = pytest.mark.urls("api.routes")


class Caller:
    """A client with a key."""

    def __init__(self, owner: User, *scopes: str, domains: tuple[Domain, ...] | None = None) -> None:
        _, text = keys.create(owner=owner, name="test", scopes=scopes or keys.SCOPES, domains=domains)
        self.client = Client(headers={"Authorization": f"Bearer {text}"}, raise_request_exception=False)

    def __call__(self, method: str, path: str, body: object | None = None) -> tuple[int, Any]:
        answer = self.client.generic(method, f"/api/v1/{path}", "" if body is None else json.dumps(body), "application/json")
        self.headers = answer.headers
        return answer.status_code, answer.json() if answer.content else None


@pytest.fixture
def root(cast: Cast) -> Caller:
    return Caller(cast.root)


@pytest.fixture
def bo(cast: Cast) -> Caller:
    assert cast.bo.user is not None
    return Caller(cast.bo.user)


def test_without_a_key(db: None) -> None:
    answer = Client().get("/api/v1/domains")
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["code"] == "not_authenticated"
    wrong = Client(headers={"Authorization": "Bearer fk_wrong"}).get("/api/v1/domains")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "authentication_failed")


def test_a_domain_from_birth_to_end(root: Caller) -> None:
    status, made = root("POST", "domains", {"name": "Bücher.test", "default_quota_bytes": 5})
    assert (status, made["name"], made["shown_name"], made["default_quota_bytes"]) == (201, "xn--bcher-kva.test", "bücher.test", 5)
    path = f"domains/{made['id']}"
    assert root.headers["Location"] == f"/api/v1/{path}"
    assert root("GET", path) == (200, made)
    status, changed = root("PATCH", path, {"is_active": False})
    assert (status, changed["is_active"], changed["default_quota_bytes"]) == (200, False, 5)
    assert root("DELETE", path) == (204, None)
    assert root("GET", path)[0] == 404


def test_a_mailbox_from_birth_to_end(root: Caller) -> None:
    status, made = root("POST", "mailboxes", {"address": "Dee@example.test", "password": PASSWORD, "shown_name": "Dee"})
    assert (status, made["address"], made["shown_name"], made["state"]) == (201, "dee@example.test", "Dee", "active")
    assert "password" not in made
    path = f"mailboxes/{made['id']}"
    assert root.headers["Location"] == f"/api/v1/{path}"
    status, changed = root("PATCH", path, {"state": "suspended", "quota_bytes": 7, "password": "another horse 8"})
    assert (status, changed["state"], changed["quota_bytes"]) == (200, "suspended", 7)
    assert root("PATCH", path, {"quota_bytes": None})[1]["quota_bytes"] is None
    assert root("DELETE", path) == (204, None)
    assert root("GET", path)[0] == 404


def test_an_alias_from_birth_to_end(root: Caller) -> None:
    status, made = root("POST", "aliases", {"address": "team@example.test", "targets": ["ann@example.test", "x@far.test"]})
    assert (status, made["address"], made["targets"]) == (201, "team@example.test", ["ann@example.test", "x@far.test"])
    path = f"aliases/{made['id']}"
    assert root("PATCH", path, {"targets": ["bo@example.test"], "is_enabled": False})[1] == made | {
        "targets": ["bo@example.test"],
        "is_enabled": False,
    }
    assert root("DELETE", path) == (204, None)
    assert root("GET", path)[0] == 404


def test_taken_names_tell_what_holds_them(cast: Cast, root: Caller) -> None:
    alias = aliases.create(address="team@example.test", targets=("ann@example.test",))
    for path, body, existing in (
        ("domains", {"name": "example.test"}, cast.example.id),
        ("mailboxes", {"address": "ANN@example.test", "password": PASSWORD}, cast.ann.id),
        ("aliases", {"address": "team@example.test", "targets": ["x@far.test"]}, alias.id),
        ("mailboxes", {"address": "team@example.test", "password": PASSWORD}, None),
    ):
        status, problem = root("POST", path, body)
        assert (status, problem["code"], problem["existing_id"]) == (409, "already_exists", existing)
        assert root.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "body", "field", "code"),
    [
        ("domains", {}, "name", "required"),
        ("domains", {"name": "not a name"}, "name", "invalid"),
        ("domains", {"name": "x.test", "max_mailboxes": -1}, "max_mailboxes", "min_value"),
        ("mailboxes", {"address": "x@unknown.test", "password": PASSWORD}, "address", "invalid"),
        ("mailboxes", {"address": "x@example.test", "password": "short"}, "password", "invalid"),
        ("aliases", {"address": "x@example.test", "targets": []}, "targets", "min_length"),
        ("aliases", {"address": "x@example.test", "targets": ["bad"]}, "targets", "invalid"),
        ("aliases", {"address": "x@example.test", "targets": ["a@b.test", {}]}, "targets.1", "invalid"),
    ],
)
def test_problems_name_the_field(root: Caller, path: str, body: dict[str, Any], field: str, code: str) -> None:
    status, problem = root("POST", path, body)
    assert (status, problem["status"], problem["code"]) == (400, 400, "invalid")
    assert [(row["field"], row["code"]) for row in problem["errors"]] == [(field, code)]


def test_loops_and_limits(cast: Cast, root: Caller) -> None:
    status, problem = root("POST", "aliases", {"address": "x@example.test", "targets": ["x@example.test"]})
    assert (status, problem["code"], problem["errors"][0]["field"]) == (409, "conflict", "targets")
    domains.change(domain_id=cast.other.id, to=domains.DomainChange(max_mailboxes=1))
    status, problem = root("POST", "mailboxes", {"address": "x@other.test", "password": PASSWORD})
    assert (status, problem["code"]) == (409, "limit_reached")
    assert "Set by the domain" in problem["detail"]


def test_broken_requests(root: Caller) -> None:
    answer = root.client.generic("POST", "/api/v1/domains", "{", "application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")
    assert root("PUT", "domains")[1]["code"] == "method_not_allowed"
    assert root("GET", "domains?cursor=nonsense")[0] == 404
    assert root("GET", "domains/999999")[1]["code"] == "not_found"
    answer = root.client.generic("POST", "/api/v1/domains", "name=x", "text/plain")
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def test_an_unknown_failure_has_an_incident_id_and_tells_nothing(root: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("mailcore.directory.access.list_domains", fail)
    status, problem = root("GET", "domains")
    assert (status, problem["code"]) == (500, "internal")
    assert problem["incident"] in problem["detail"]
    assert "secret" not in str(problem)


RESOURCES = ("domains", "mailboxes", "aliases", "queue", "journey")


@pytest.mark.parametrize("area", RESOURCES)
def test_each_resource_asks_for_its_scope(cast: Cast, area: str) -> None:
    others = tuple(scope for scope in keys.SCOPES if not scope.startswith(area))
    status, problem = Caller(cast.root, *others)("GET", area)
    assert (status, problem["code"]) == (403, "denied")
    assert f"{area}:read" in problem["detail"]
    assert Caller(cast.root, f"{area}:read")("GET", area)[0] == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "domains"),
        ("PATCH", "domains/1"),
        ("DELETE", "mailboxes/1"),
        ("POST", "aliases"),
        ("DELETE", "queue/x"),
        ("POST", "queue/x/retry"),
    ],
)
def test_reading_does_not_let_write(cast: Cast, method: str, path: str) -> None:
    reader = Caller(cast.root, *(scope for scope in keys.SCOPES if scope.endswith(":read")))
    status, problem = reader(method, path, {})
    assert (status, problem["code"]) == (403, "denied")


def test_what_is_out_of_reach_does_not_exist(cast: Cast, bo: Caller) -> None:
    alias = aliases.create(address="x@other.test", targets=("y@far.test",))
    for path in (f"domains/{cast.other.id}", f"mailboxes/{cast.cy.id}", f"aliases/{alias.id}"):
        for method in ("GET", "PATCH", "DELETE"):
            assert bo(method, path, {})[0] == 404, (method, path)
    assert bo("POST", "mailboxes", {"address": "x2@other.test", "password": PASSWORD})[0] == 404
    assert bo("POST", "aliases", {"address": "x2@other.test", "targets": ["y@far.test"]})[0] == 404
    assert [row["name"] for row in bo("GET", "domains")[1]["results"]] == ["example.test"]
    assert {row["address"] for row in bo("GET", "mailboxes")[1]["results"]} == {"ann@example.test", "bo@example.test"}


def test_what_a_domain_administrator_may_do_to_the_domain(cast: Cast, bo: Caller) -> None:
    path = f"domains/{cast.example.id}"
    assert bo("POST", "domains", {"name": "new.test"})[0] == 403
    assert bo("DELETE", path)[0] == 403
    assert bo("PATCH", path, {"max_mailboxes": 0})[0] == 403
    assert bo("PATCH", path, {"is_active": True})[0] == 403
    assert bo("PATCH", path, {"catch_all": "ann@example.test"})[1]["catch_all"] == "ann@example.test"


def test_a_person_without_a_role_reaches_nothing(cast: Cast) -> None:
    assert cast.ann.user is not None
    ann = Caller(cast.ann.user)
    for area in ("domains", "mailboxes", "aliases", "queue"):
        assert ann("GET", area)[1]["results"] == []
    assert ann("GET", f"mailboxes/{cast.ann.id}")[0] == 404
    assert ann("POST", "domains", {"name": "new.test"})[0] == 403


def test_a_key_limited_to_a_domain(cast: Cast) -> None:
    limited = Caller(cast.root, domains=(cast.other,))
    assert [row["address"] for row in limited("GET", "mailboxes")[1]["results"]] == ["cy@other.test"]
    assert limited("GET", f"mailboxes/{cast.ann.id}")[0] == 404
    assert limited("POST", "domains", {"name": "new.test"})[0] == 403


def test_pages(cast: Cast, root: Caller) -> None:
    for number in range(5):
        aliases.create(address=f"a{number}@example.test", targets=("ann@example.test",))
    seen: list[str] = []
    path = "aliases?limit=2"
    while path:
        status, body = root("GET", path)
        assert status == 200
        seen += [row["address"] for row in body["results"]]
        path = (body["next"] or "").partition("/api/v1/")[2]
    assert seen == [f"a{number}@example.test" for number in range(5)]


@pytest.mark.parametrize(("path", "most"), [("domains", 4), ("mailboxes", 4), ("aliases", 5)])
def test_queries_do_not_grow_with_the_rows(cast: Cast, root: Caller, path: str, most: int) -> None:
    for number in range(8):
        domains.create(name=f"d{number}.test", alias_of="example.test")
        aliases.create(address=f"a{number}@example.test", targets=("ann@example.test", "bo@example.test"))
    with CaptureQueriesContext(connection) as captured:
        root("GET", path)
    assert len(captured) <= most


def test_filters(cast: Cast, root: Caller) -> None:
    assert [row["address"] for row in root("GET", "mailboxes?domain=other.test")[1]["results"]] == ["cy@other.test"]
    assert [row["id"] for row in root("GET", "mailboxes?address=ANN@example.test")[1]["results"]] == [cast.ann.id]


def test_suspended_owner(cast: Cast, bo: Caller) -> None:
    mailboxes.suspend(mailbox_id=cast.bo.id)
    assert bo("GET", "domains")[0] == 401


def test_the_schema_names_every_path(db: None) -> None:
    answer = Client().get("/api/v1/schema?format=json")
    assert answer.status_code == 200
    assert answer.json()["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    paths = answer.json()["paths"]
    for area in RESOURCES:
        assert f"/api/v1/{area}" in paths
    assert "/api/v1/queue/{id}/retry" in paths


def queued(trace_id: str, *to: str) -> None:
    made = Entry.objects.create(trace_id=trace_id, sender="x@far.test", blob_id=1, size=9, source="smtp", received_at=1, expires_at=2)
    for address in to:
        domain = address.partition("@")[2]
        Recipient.objects.create(entry=made, address=address, destination=domain, next_attempt_at=1)
        JourneyEvent.objects.create(
            trace_id=trace_id, at=1, stage="queued", address=address, domain=domain, message_id=f"{trace_id}@far.test"
        )


def test_the_queue(cast: Cast, root: Caller, bo: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    rings: list[int] = []
    monkeypatch.setattr("mailcore.bell.ring", lambda: rings.append(1))
    queued("ours", "ann@example.test")
    queued("mixed", "ann@example.test", "cy@other.test")
    queued("theirs", "cy@other.test")
    assert [row["trace_id"] for row in root("GET", "queue")[1]["results"]] == ["theirs", "mixed", "ours"]
    first = root("GET", "queue?limit=2")[1]
    assert [row["trace_id"] for row in root("GET", f"queue?limit=2&before={first['next']}")[1]["results"]] == ["ours"]
    assert [len(row["recipients"]) for row in bo("GET", "queue")[1]["results"]] == [1, 1]
    assert bo("POST", "queue/ours/hold")[1]["is_held"] is True
    assert bo("POST", "queue/ours/release")[1]["is_held"] is False
    assert bo("POST", "queue/ours/retry")[0] == 200
    assert len(rings) == 2
    assert bo("DELETE", "queue/ours") == (204, None)
    assert bo("DELETE", "queue/ours")[1]["code"] == "conflict"
    assert bo("DELETE", "queue/mixed")[0] == 403
    assert bo("DELETE", "queue/theirs")[0] == 404


def test_journeys(cast: Cast, root: Caller, bo: Caller) -> None:
    queued("mixed", "ann@example.test", "cy@other.test")
    queued("theirs", "cy@other.test")
    for search in ("mixed@far.test", "<mixed@far.test>", "mixed", "ann@example.test"):
        [found] = root("GET", f"journey?search={search}")[1]["results"]
        assert [step["address"] for step in found["steps"]] == ["ann@example.test", "cy@other.test"], search
    assert [step["address"] for step in bo("GET", "journey/mixed")[1]["steps"]] == ["ann@example.test"]
    assert bo("GET", "journey/theirs")[0] == 404
    assert bo("GET", "journey?search=theirs@far.test")[1]["results"] == []
