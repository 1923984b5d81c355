"""Accounts on other servers and migrations over the API."""

import pytest
from directory.cast import Cast

from mailcore.retrieval.models import Account, Transfer

from .test_api import Caller

pytestmark = [pytest.mark.urls("api.routes"), pytest.mark.django_db]


def test_an_account_is_made_changed_paused_and_removed(cast: Cast) -> None:
    call = Caller(cast.root, "mailboxes:read", "mailboxes:write")
    body = {"address": "ann@example.test", "protocol": "pop3", "host": "POP.far.test", "login": "ann", "secret": "very secret"}
    status, made = call("POST", "fetch-accounts", body)
    assert (status, made["port"], made["host"], made["address"]) == (201, 995, "pop.far.test", "ann@example.test")
    assert "very secret" not in str(made)
    path = f"fetch-accounts/{made['id']}"
    status, changed = call("PATCH", path, {"security": "starttls", "keep": "days", "keep_days": 7})
    assert (status, changed["port"], changed["keep_days"]) == (200, 110, 7)
    status, problem = call("PATCH", path, {"host": "elsewhere.test"})
    assert status == 422 or problem["status"] in (400, 422)
    assert call("POST", f"{path}/pause")[1]["pause"] == "owner"
    assert call("POST", f"{path}/resume")[1]["pause"] == ""
    assert [one["id"] for one in call("GET", "fetch-accounts?address=ann@example.test")[1]["results"]] == [made["id"]]
    assert call("DELETE", path)[0] == 204
    assert not Account.objects.exists()


def test_a_migration_is_asked_for_twice_and_is_one(cast: Cast) -> None:
    call = Caller(cast.root, "mailboxes:read", "mailboxes:write")
    body = {"address": "ann@example.test", "host": "imap.far.test", "login": "ann", "secret": "s", "excluded": ["Trash"]}
    status, made = call("POST", "migrations", body)
    assert (status, made["state"]) == (201, "waiting")
    assert call("POST", "migrations", body)[1]["id"] == made["id"]
    path = f"migrations/{made['id']}"
    assert call("GET", path)[1]["folders"] == []
    assert call("POST", f"{path}/stop")[1]["state"] == "stopped"
    assert call("POST", f"{path}/again")[1]["state"] == "waiting"
    assert call("DELETE", path)[0] == 204
    assert not Transfer.objects.exists()


def test_what_cannot_be_is_named(cast: Cast) -> None:
    call = Caller(cast.root, "mailboxes:read", "mailboxes:write")
    body = {"address": "ann@example.test", "protocol": "pop3", "host": "far.test", "login": "ann", "secret": "s", "security": "none"}
    status, problem = call("POST", "fetch-accounts", body)
    assert status >= 400 and "without TLS" in str(problem)
    assert not Account.objects.exists()
