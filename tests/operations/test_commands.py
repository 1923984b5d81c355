"""The commands of operations: what is done on the machine is in the audit log under its user."""

import io

import pytest
from directory.cast import Cast, make_cast
from django.core.management import CommandError, call_command

from mailcore.audit.models import Event
from mailcore.directory import mailboxes
from mailcore.directory.models import ApiKey


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_a_route(cast: Cast) -> None:
    assert run("route", "x@far.test", "ann@example.test").splitlines()[0] == "accepted"
    assert run("route", "", "nobody@example.test").splitlines()[0] == "refused"


def test_a_mailbox_renamed_and_removed_later(cast: Cast) -> None:
    run("mailbox", "rename", "ann@example.test", "anna@example.test")
    run("mailbox", "receive-only", "anna@example.test")
    assert mailboxes.get(address="anna@example.test").state == "receive_only"
    assert "will be removed on" in run("mailbox", "remove-later", "anna@example.test", "--days", "3")
    run("mailbox", "resume", "anna@example.test")
    event = Event.objects.latest("id")
    assert (event.via, event.action, bool(event.actor)) == ("command", "mailbox.changed", True)
    assert "mailbox.renamed\tanna@example.test" in run("audit", "--search", "anna@example.test")


def test_a_key_for_one_network(cast: Cast) -> None:
    run("apikey", "add", "admin", "sync", "mailboxes:write", "--from", "192.0.2.0/24", "--from", "2001:db8::1")
    assert ApiKey.objects.get().networks == "192.0.2.0/24 2001:db8::1/128"
    with pytest.raises(CommandError, match="not an address"):
        run("apikey", "add", "admin", "sync", "mailboxes:write", "--from", "home")
