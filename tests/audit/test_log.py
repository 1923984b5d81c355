"""The audit log: every way of changing something leaves a row that says who, what, before and after."""

from datetime import timedelta

import pytest
from directory.cast import PASSWORD, Cast, make_cast
from django.db import DatabaseError, transaction
from django.utils import timezone

from mailcore.audit import log
from mailcore.audit.acting import Acting, Via, acting_as, current
from mailcore.audit.models import Event
from mailcore.directory import aliases, browsers, domains, keys, mailboxes, users
from mailcore.directory.domains import DomainChange
from mailcore.directory.models import User
from mailcore.kernel.errors import MailError
from mailcore.kernel.principal import Service
from mailcore.queue import entries
from mailcore.queue.models import Entry, Recipient


@pytest.fixture
def cast(db: None) -> Cast:
    made = make_cast()
    Event.objects.all().delete()
    return made


def newest() -> Event:
    return Event.objects.latest("id")


def test_who_acts_is_known_where_it_is_recorded(cast: Cast) -> None:
    with acting_as(Acting("bo@example.test", Via.PANEL, 7, "192.0.2.1", "r1")):
        mailboxes.suspend(mailbox_id=cast.ann.id)
    event = newest()
    assert (event.actor, event.via, event.actor_id, event.peer, event.request_id) == ("bo@example.test", "panel", 7, "192.0.2.1", "r1")
    assert (event.action, event.object_name, event.domain) == ("mailbox.changed", "ann@example.test", "example.test")
    assert (event.before, event.after) == ({"state": "active"}, {"state": "suspended"})
    assert current().via is Via.SYSTEM


def test_every_change_is_recorded_once(cast: Cast) -> None:
    assert cast.ann.user_id is not None
    new = domains.create(name="new.test")
    alias = aliases.create(address="team@example.test", targets=("ann@example.test",))
    user = users.create(login="second", password=None, role=User.Role.ROOT)
    key, _ = keys.create(owner=cast.root, name="k", scopes=("domains:read",))
    Event.objects.all().delete()
    changes = [
        ("domain.changed", lambda: domains.change(domain_id=new.id, to=DomainChange(max_mailboxes=3))),
        ("domain.removed", lambda: domains.remove(domain_id=new.id)),
        ("alias.changed", lambda: aliases.set_targets(alias_id=alias.id, targets=("bo@example.test",))),
        ("alias.changed", lambda: aliases.set_enabled(alias_id=alias.id, is_enabled=False)),
        ("alias.removed", lambda: aliases.remove(alias_id=alias.id)),
        ("user.password_changed", lambda: users.set_password(user_id=cast.root.id, password=PASSWORD)),
        ("user.removed", lambda: users.remove_root(user_id=user.id)),
        ("user.role_changed", lambda: users.set_role(user_id=cast.ann.user_id, role=User.Role.DOMAIN_ADMIN, domains=(cast.other,))),
        ("app_password.created", lambda: users.add_app_password(user_id=cast.ann.user_id, name="phone", services=(Service.IMAP,))),
        ("user.signed_out", lambda: browsers.end_all(user_id=cast.ann.user_id)),
        ("mailbox.changed", lambda: mailboxes.set_quota(mailbox_id=cast.ann.id, quota_bytes=5)),
        ("mailbox.renamed", lambda: mailboxes.rename(mailbox_id=cast.ann.id, address="anna@example.test")),
        ("mailbox.removed", lambda: mailboxes.remove(mailbox_id=cast.ann.id)),
        ("key.removed", lambda: keys.remove(key_id=key.id)),
    ]
    for action, change in changes:
        before = Event.objects.count()
        change()
        assert (Event.objects.count(), newest().action) == (before + 1, action)


def test_secrets_never_get_into_it(cast: Cast) -> None:
    mailboxes.set_password(mailbox_id=cast.ann.id, password="hunter2 hunter2")
    _, text = keys.create(owner=cast.root, name="k", scopes=("domains:read",))
    log.record(
        "user.changed", object_id=1, name="x", before={"password": "old hunter2"}, after={"password": "hunter2", "token": "", "at": 1}
    )
    held = repr(list(Event.objects.values()))
    assert "hunter2" not in held
    assert text not in held
    assert newest().after == {"password": "(hidden)", "token": "", "at": 1}


def test_what_did_not_happen_is_not_in_it(cast: Cast) -> None:
    before = Event.objects.count()
    with pytest.raises(MailError):
        mailboxes.create(address="ann@example.test", password=None)
    mailboxes.set_quota(mailbox_id=cast.ann.id, quota_bytes=None)
    with pytest.raises(RuntimeError), transaction.atomic():
        mailboxes.suspend(mailbox_id=cast.ann.id)
        raise RuntimeError
    assert Event.objects.count() == before


def test_the_database_refuses_to_change_a_row(cast: Cast) -> None:
    mailboxes.suspend(mailbox_id=cast.ann.id)
    with pytest.raises(DatabaseError, match="only ever added to"), transaction.atomic():
        Event.objects.update(actor="nobody")


def test_the_queue_tells_too(cast: Cast) -> None:
    entry = Entry.objects.create(trace_id="t1", sender="x@far.test", blob_id=1, size=1, source="smtp", received_at=1, expires_at=9)
    Recipient.objects.create(entry=entry, address="ann@example.test", destination="example.test", next_attempt_at=1)
    for act, action in ((entries.hold, "held"), (entries.release, "released"), (entries.cancel, "cancelled")):
        act(trace_id="t1", now=5, by="bo")
        assert (newest().action, newest().object_name) == (f"queue.{action}", "t1")


def test_reading_it_back(cast: Cast) -> None:
    mailboxes.suspend(mailbox_id=cast.ann.id)
    mailboxes.suspend(mailbox_id=cast.cy.id)
    assert [event.object_name for event in log.list_events()] == ["cy@other.test", "ann@example.test"]
    assert [event.object_name for event in log.list_events(domains=["example.test"])] == ["ann@example.test"]
    assert log.list_events(domains=[]) == []
    assert [event.object_name for event in log.list_events(search="Ann@example.test")] == ["ann@example.test"]
    assert log.list_events(action="alias") == []
    assert len(log.list_events(before=newest().id)) == 1
    assert log.forget(now=timezone.now() + timedelta(days=500)) == 2
