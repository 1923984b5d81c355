"""Domains, mailboxes, aliases and keys: made, changed, removed, refused."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from directory.cast import PASSWORD, Cast
from mailcore.directory import access, aliases, domains, keys, mailboxes, users
from mailcore.directory.domains import DomainChange
from mailcore.directory.faults import AlreadyExists, BadField, LevelLimit
from mailcore.directory.models import Address, Mailbox, User
from mailcore.kernel.errors import Conflict, Denied, NotFound
from mailcore.kernel.ids import MailboxId


def test_names_are_taken_once(cast: Cast) -> None:
    with pytest.raises(AlreadyExists) as caught:
        domains.create(name="EXAMPLE.test.")
    assert caught.value.existing_id == cast.example.id
    with pytest.raises(AlreadyExists) as caught:
        mailboxes.create(address="Ann@example.test", password=PASSWORD)
    assert caught.value.existing_id == cast.ann.id
    alias = aliases.create(address="team@example.test", targets=("ann@example.test",))
    with pytest.raises(AlreadyExists) as caught:
        aliases.create(address="team@example.test", targets=("bo@example.test",))
    assert caught.value.existing_id == alias.id
    with pytest.raises(AlreadyExists) as caught:
        mailboxes.create(address="team@example.test", password=PASSWORD)
    assert caught.value.existing_id is None
    assert User.objects.filter(login="team@example.test").count() == 0


@pytest.mark.parametrize("name", ["", "two words.test", "-bad.test", "[192.0.2.1]", "a..b"])
def test_bad_domain_names(db: None, name: str) -> None:
    with pytest.raises(BadField) as caught:
        domains.create(name=name)
    assert caught.value.field == "name"


def test_international_domain(db: None) -> None:
    domain = domains.create(name="Bücher.test")
    assert (domain.name, domain.shown_name) == ("xn--bcher-kva.test", "bücher.test")
    mailboxes.create(address="ann@bücher.test", password=PASSWORD)
    assert mailboxes.get(address="ann@xn--bcher-kva.test").user.login == "ann@xn--bcher-kva.test"  # type: ignore[union-attr]


def test_a_mailbox_needs_a_home_and_a_password(cast: Cast) -> None:
    for address in ("x@remote.test", "no at sign", "@example.test"):
        with pytest.raises(BadField) as caught:
            mailboxes.create(address=address, password=PASSWORD)
        assert caught.value.field == "address"
    with pytest.raises(BadField) as caught:
        mailboxes.create(address="x@example.test", password="short")
    assert caught.value.field == "password"
    domains.create(name="alias.test", alias_of="example.test")
    with pytest.raises(BadField, match="Make the mailbox there"):
        mailboxes.create(address="x@alias.test", password=PASSWORD)
    with pytest.raises(BadField):
        domains.create(name="second.test", alias_of="alias.test")


def test_the_domain_limits_its_mailboxes(cast: Cast) -> None:
    domains.change(domain_id=cast.other.id, to=DomainChange(max_mailboxes=1))
    with pytest.raises(LevelLimit, match="Set by the domain: 1"):
        mailboxes.create(address="second@other.test", password=PASSWORD)
    assert not Address.objects.filter(local="second").exists()


def test_quota_levels(cast: Cast) -> None:
    box = MailboxId(cast.ann.id)
    assert mailboxes.find_limit(mailbox_id=box) is None
    domains.change(domain_id=cast.example.id, to=DomainChange(default_quota_bytes=500))
    assert mailboxes.find_limit(mailbox_id=box) == mailboxes.QuotaLimit(500, "domain")
    mailboxes.set_quota(mailbox_id=box, quota_bytes=900)
    assert mailboxes.find_limit(mailbox_id=box) == mailboxes.QuotaLimit(900, "mailbox")
    mailboxes.set_quota(mailbox_id=box, quota_bytes=0)
    assert mailboxes.find_limit(mailbox_id=box) is None
    with pytest.raises(BadField):
        mailboxes.set_quota(mailbox_id=box, quota_bytes=-1)


def test_removal(cast: Cast) -> None:
    with pytest.raises(Conflict, match="still holds 2 addresses"):
        domains.remove(domain_id=cast.example.id)
    mailboxes.remove(mailbox_id=cast.cy.id)
    assert not User.objects.filter(login="cy@other.test").exists()
    domains.remove(domain_id=cast.other.id)
    with pytest.raises(NotFound):
        domains.get(name="other.test")


def test_reach(cast: Cast) -> None:
    bo = access.actor_of(cast.bo.user)  # type: ignore[arg-type]
    ann = access.actor_of(cast.ann.user)  # type: ignore[arg-type]
    root = access.actor_of(cast.root)
    assert [list(access.list_domains(actor)) for actor in (bo, ann, root)] == [[cast.example], [], [cast.example, cast.other]]
    assert access.access_mailbox(bo, mailbox_id=cast.ann.id) == cast.ann
    with pytest.raises(NotFound):
        access.access_mailbox(bo, mailbox_id=cast.cy.id)
    with pytest.raises(NotFound):
        access.require_domain(bo, name="other.test")
    with pytest.raises(Denied):
        access.require_everything(bo)


def test_a_domain_administrator_cannot_take_over_who_may_do_more(cast: Cast) -> None:
    bo = access.actor_of(cast.bo.user)  # type: ignore[arg-type]
    assert access.access_mailbox(bo, mailbox_id=cast.bo.id, to_change=True)
    users.set_role(user_id=cast.ann.user_id or 0, role=User.Role.ROOT)
    with pytest.raises(Denied):
        access.access_mailbox(bo, mailbox_id=cast.ann.id, to_change=True)
    users.set_role(user_id=cast.ann.user_id or 0, role=User.Role.DOMAIN_ADMIN, domains=(cast.example, cast.other))
    with pytest.raises(Denied):
        access.access_mailbox(bo, mailbox_id=cast.ann.id, to_change=True)


def test_keys(cast: Cast) -> None:
    key, text = keys.create(owner=cast.root, name="billing", scopes=("domains:read",), domains=(cast.other,))
    assert text not in key.digest
    actor = keys.open_key(text)
    assert (actor.domain_ids, actor.scopes) == (frozenset({cast.other.id}), frozenset({"domains:read"}))
    with pytest.raises(Denied):
        access.require_scope(actor, "domains:write")
    with pytest.raises(Denied):
        access.require_everything(actor)
    with pytest.raises(Denied):
        keys.open_key(text + "x")
    with pytest.raises(BadField):
        keys.create(owner=cast.root, name="x", scopes=("everything:write",))


def test_a_limited_key_stays_limited_when_its_domain_goes(cast: Cast) -> None:
    empty = domains.create(name="empty.test")
    _, text = keys.create(owner=cast.root, name="k", scopes=("domains:read",), domains=(empty,))
    domains.remove(domain_id=empty.id)
    assert keys.open_key(text).domain_ids == frozenset()


def test_a_key_reaches_no_further_than_its_owner(cast: Cast) -> None:
    _, text = keys.create(owner=cast.bo.user, name="k", scopes=("domains:read",), domains=(cast.example, cast.other))  # type: ignore[arg-type]
    assert keys.open_key(text).domain_ids == frozenset({cast.example.id})
    mailboxes.suspend(mailbox_id=cast.bo.id)
    with pytest.raises(Denied):
        keys.open_key(text)


def test_a_key_runs_out(cast: Cast) -> None:
    _, text = keys.create(owner=cast.root, name="k", scopes=("domains:read",), expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(Denied, match="run out"):
        keys.open_key(text)


def run(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def test_commands(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", StringIO("correct horse 9\n"))
    assert run("domain", "add", "example.test", "--quota", "2G") == "example.test added.\n"
    assert run("mailbox", "add", "ann@example.test", "--password-stdin", "--quota", "500M") == "ann@example.test added.\n"
    assert run("mailbox", "list") == "ann@example.test\tactive\t500 MB\n"
    run("mailbox", "quota", "ann@example.test", "default")
    assert run("mailbox", "list", "--domain", "example.test") == "ann@example.test\tactive\t2 GB\n"
    run("alias", "add", "team@example.test", "ann@example.test", "far@remote.test")
    assert run("alias", "list") == "team@example.test\tann@example.test far@remote.test\n"
    run("mailbox", "suspend", "ann@example.test")
    assert Mailbox.objects.get().state == Mailbox.State.SUSPENDED
    run("alias", "remove", "team@example.test")
    run("mailbox", "remove", "ann@example.test")
    run("domain", "remove", "example.test")
    assert run("domain", "list") == ""


@pytest.mark.parametrize(
    "words",
    [
        ("domain", "add", "bad name"),
        ("domain", "remove", "unknown.test"),
        ("mailbox", "suspend", "nobody@unknown.test"),
        ("alias", "add", "a@unknown.test", "b@unknown.test"),
        ("queue", "retry", "no-such-id"),
        ("explain", "<nothing@known.test>"),
    ],
)
def test_commands_fail_with_one_clear_line(db: None, words: tuple[str, ...]) -> None:
    with pytest.raises(CommandError) as caught:
        run(*words)
    assert "\n" not in str(caught.value)
    assert str(caught.value)


def test_administrators(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", StringIO("correct horse 9\nanother horse 8\ncorrect horse 7\n"))
    run("administrator", "add", "admin", "--password-stdin")
    with pytest.raises(CommandError, match="last administrator"):
        run("administrator", "remove", "admin")
    run("administrator", "add", "second", "--password-stdin")
    run("administrator", "password", "second", "--password-stdin")
    assert run("administrator", "list") == "admin\nsecond\n"
    run("administrator", "remove", "admin")
    assert run("administrator", "list") == "second\n"
