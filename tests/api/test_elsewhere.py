"""Whatever is asked under /api/, an error is a problem document."""

import pytest
from directory.cast import Cast
from django.test import Client

from .test_api import Caller


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v1/domains/", "/api/v2/domains"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "HEAD"])
def test_what_is_nothing(path: str, method: str) -> None:
    answer = Client().generic(method, path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")
    if method != "HEAD":
        assert (answer.json()["code"], answer.json()["request_id"]) == ("not_found", answer.headers["Request-Id"])


def test_a_host_that_is_not_served(settings: object) -> None:
    settings.ALLOWED_HOSTS = ["mail.example.test"]  # type: ignore[attr-defined]
    for path, kind in (("/api/v1/batch", "application/problem+json"), ("/", "text/html; charset=utf-8")):
        answer = Client(headers={"Host": "elsewhere.test"}).get(path)
        assert (answer.status_code, answer.headers["Content-Type"]) == (400, kind)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "domains", "", 401),
        ("POST", "domains", "{", 400),
        ("PATCH", "domains", "{}", 405),
        ("GET", "webhooks", "", 403),
        ("GET", "domains/999", "", 404),
        ("POST", "domains", "name=x", 415),
        ("GET", "domains", "", 406),
    ],
)
def test_every_error(cast: Cast, method: str, path: str, body: str, status: int) -> None:
    client = Client() if status == 401 else Caller(cast.root, "domains:read", "domains:write").client
    kind = "application/x-www-form-urlencoded" if status == 415 else "application/json"
    answer = client.generic(method, f"/api/v1/{path}", body, kind, headers={"Accept": "text/csv"} if status == 406 else {})
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert answer.json()["status"] == status


def test_what_breaks(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Caller(cast.root, "domains:read").client
    monkeypatch.setattr("mailcore.directory.access.list_domains", lambda actor: 1 / 0)
    answer = client.get("/api/v1/domains")
    assert (answer.status_code, answer.headers["Content-Type"], answer.json()["code"]) == (500, "application/problem+json", "internal")
    # and what breaks before any resource is asked
    client.raise_request_exception = False
    monkeypatch.setattr("admin_panel.api.base.new_request_id", lambda: 1 / 0)
    answer = client.get("/api/v1/domains")
    assert (answer.status_code, answer.headers["Content-Type"], answer.json()["code"]) == (500, "application/problem+json", "internal")
