"""Routes, transports, relayed domains, suppressed addresses and certificates by the API."""

import re

import pytest
from directory.cast import Cast
from django.conf import settings

from config.environment import BASE
from mailcore.certificates.models import Account, Certificate
from mailcore.transports import transports

from .test_api import Caller
from .test_schema import CALLS

pytestmark = pytest.mark.urls("api.routes")


@pytest.fixture
def root(cast: Cast) -> Caller:
    return Caller(cast.root)


def test_a_transport_is_put_and_its_password_is_never_shown(root: Caller) -> None:
    body = {"kind": "smarthost", "host": "smtp.far.test", "login": "us", "password": "p", "tls": "verify"}
    status, made = root("PUT", "transports/out", body)
    assert (status, made["has_password"], made["port"], "password" in made) == (200, True, 587, False)
    assert root("PUT", "transports/out", body | {"password": None})[1]["has_password"] is True
    assert root("PUT", "transports/out", body | {"password": None, "host": "other.far.test"})[0] == 400
    assert transports.list_all()[0].host == "smtp.far.test"
    assert root("PUT", "transports/out", {"kind": "pigeon"})[1]["errors"][0]["field"] == "kind"
    assert root("DELETE", "transports/out")[0] == 204
    assert root("DELETE", "transports/out")[0] == 404


def test_routes_have_an_order(root: Caller) -> None:
    root("PUT", "transports/wait", {"kind": "hold"})
    status, first = root("POST", "routes", {"transport": "wait", "recipient": "far.test"})
    second = root("POST", "routes", {"transport": "wait", "position": 1, "max_size": 10})[1]
    assert (status, [one["id"] for one in root("GET", "routes")[1]["results"]]) == (201, [second["id"], first["id"]])
    assert root("POST", f"routes/{second['id']}/move", {"to": 2})[1]["position"] == 2
    trial = root("POST", "routes/try", {"route": {"transport": "wait"}, "recipient": "x@far.test"})[1]
    assert (trial["holds"], trial["decides"], "far.test" in trial["earlier"]) == (True, False, True)
    assert root("DELETE", "transports/wait")[1]["code"] == "conflict"
    assert root("DELETE", f"routes/{first['id']}")[0] == 204
    assert root("POST", "routes", {"transport": "nowhere"})[0] == 404


def test_relays_and_suppressions(root: Caller) -> None:
    assert root("PUT", "relays/Far.test", {"note": "theirs"}) == (200, {"domain": "far.test", "note": "theirs"})
    assert root("PUT", "relays/example.test", {})[1]["code"] == "conflict"
    assert root("PUT", "suppressions/x@far.test", {"reason": "asked us"})[0] == 200
    assert root("GET", "suppressions?search=far")[1]["results"] == [{"address": "x@far.test", "reason": "asked us"}]
    assert root("PUT", "suppressions/nonsense", {"reason": "x"})[0] == 400
    assert (root("DELETE", "suppressions/x@far.test")[0], root("DELETE", "relays/far.test")[0]) == (204, 204)
    assert root("GET", "relays")[1]["results"] == []


def test_a_certificate_is_ordered(root: Caller) -> None:
    assert root("POST", "certificates", {"names": ["mail.example.test"]})[1]["code"] == "refused"
    Account.objects.create(directory=settings.FACTEUR.acme_directory, sealed="-", agreed_at=1)
    status, made = root("POST", "certificates", {"names": ["Mail.example.test", "imap.example.test"]})
    assert (status, made["names"], made["is_obtained"], made["not_after"]) == (202, ["mail.example.test", "imap.example.test"], False, None)
    assert root("POST", "certificates/mail.example.test/renew")[0] == 204
    assert root("POST", "certificates/give", {"chain": "x", "key": "y"})[0] == 400
    assert root("DELETE", "certificates/mail.example.test")[0] == 204
    assert not Certificate.objects.exists()


def test_the_table_of_panel_and_api_is_true() -> None:
    """docs/panel-api.md: every page and button of the panel has its row, and every call it names is there."""
    from admin_panel.urls import urlpatterns

    text = (BASE / "docs/panel-api.md").read_text()
    rows = dict(re.findall(r"^\| ([a-z-]+) \| (.+?) \|$", text, re.MULTILINE))
    rows.pop("page", None)
    assert set(rows) == {pattern.name for pattern in urlpatterns}
    for name, twin in rows.items():
        calls = re.findall(r"`([A-Z]+) (/[^`]*)`", twin)
        assert calls or twin.startswith("none: "), name
        for method, path in calls:
            assert (method, f"/api/v1{path}") in CALLS, (name, method, path)
