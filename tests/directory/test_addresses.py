"""What each address means, as a table."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from directory.cast import PASSWORD, Cast
from mailcore.directory import addresses, aliases, domains, mailboxes, users
from mailcore.directory.addresses import Kind, expand, resolve
from mailcore.directory.domains import DomainChange
from mailcore.directory.faults import Loop
from mailcore.directory.models import AliasTarget, User
from mailcore.kernel.addresses import MailAddress
from mailcore.kernel.errors import LimitReached


def at(text: str) -> MailAddress:
    return MailAddress.parse(text)


@pytest.fixture
def town(cast: Cast) -> Cast:
    """The cast with aliases, an alias domain and a catch-all."""
    aliases.create(address="team@example.test", targets=("ann@example.test", "Far@Remote.Test"))
    aliases.create(address="ann+vip@example.test", targets=("bo@example.test",))
    domains.create(name="alias.test", alias_of="example.test")
    domains.change(domain_id=cast.other.id, to=DomainChange(catch_all="cy@other.test"))
    asleep = mailboxes.create(address="asleep@example.test", password=PASSWORD)
    mailboxes.suspend(mailbox_id=asleep.id)
    off = aliases.create(address="off@example.test", targets=("ann@example.test",))
    aliases.set_enabled(alias_id=off.id, is_enabled=False)
    return cast


@pytest.mark.parametrize(
    ("address", "kind", "canonical", "detail", "targets"),
    [
        ("ann@example.test", Kind.MAILBOX, "ann@example.test", "", ()),
        ("ANN@EXAMPLE.TEST", Kind.MAILBOX, "ann@example.test", "", ()),
        ("Ann+News@example.test", Kind.MAILBOX, "ann@example.test", "News", ()),
        ("ann+a+b@example.test", Kind.MAILBOX, "ann@example.test", "a+b", ()),
        ("ann@alias.test", Kind.MAILBOX, "ann@example.test", "", ()),
        ("ann+x@alias.test", Kind.MAILBOX, "ann@example.test", "x", ()),
        ("ann+vip@example.test", Kind.ALIAS, "ann+vip@example.test", "", ("bo@example.test",)),
        ("team@example.test", Kind.ALIAS, "team@example.test", "", ("ann@example.test", "far@remote.test")),
        ("team+x@example.test", Kind.ALIAS, "team@example.test", "x", ("ann@example.test", "far@remote.test")),
        ("nobody@example.test", Kind.UNKNOWN, "nobody@example.test", "", ()),
        ("+ann@example.test", Kind.UNKNOWN, "+ann@example.test", "", ()),
        ("asleep@example.test", Kind.SUSPENDED, "asleep@example.test", "", ()),
        ("off@example.test", Kind.SUSPENDED, "off@example.test", "", ()),
        ("nobody@other.test", Kind.CATCH_ALL, "nobody@other.test", "", ("cy@other.test",)),
        ("cy@other.test", Kind.MAILBOX, "cy@other.test", "", ()),
        ("Far@remote.test", Kind.REMOTE, "Far@remote.test", "", ()),
        ("postmaster@example.test", Kind.ALIAS, "postmaster@example.test", "", ("bo@example.test",)),
        ("Abuse@alias.test", Kind.ALIAS, "abuse@example.test", "", ("bo@example.test",)),
        ("postmaster@other.test", Kind.ALIAS, "postmaster@other.test", "", ("cy@other.test",)),
    ],
)
def test_resolve(town: Cast, address: str, kind: Kind, canonical: str, detail: str, targets: tuple[str, ...]) -> None:
    found = resolve(at(address))
    assert (found.kind, found.address, found.detail, found.targets) == (kind, canonical, detail, targets)


def test_the_mailbox_id_is_given(town: Cast) -> None:
    assert resolve(at("ann+x@alias.test")).mailbox_id == town.ann.id


def test_a_named_postmaster_wins(town: Cast) -> None:
    aliases.create(address="postmaster@example.test", targets=("ann@example.test",))
    assert resolve(at("postmaster@example.test")).targets == ("ann@example.test",)


def test_postmaster_falls_to_roots_mailbox(town: Cast) -> None:
    chief = mailboxes.create(address="chief@example.test", password=PASSWORD)
    assert chief.user_id is not None
    users.set_role(user_id=chief.user_id, role=User.Role.ROOT)
    assert resolve(at("postmaster@other.test")).targets == ("chief@example.test",)
    assert resolve(at("postmaster@example.test")).targets == ("bo@example.test",)


def test_suspended_domains(town: Cast) -> None:
    domains.suspend(domain_id=town.example.id)
    assert resolve(at("ann@example.test")).kind is Kind.SUSPENDED
    assert resolve(at("ann@alias.test")).kind is Kind.SUSPENDED


@pytest.mark.parametrize(
    ("address", "queries"), [("ann+x@alias.test", 1), ("nobody@other.test", 1), ("far@remote.test", 1), ("team@example.test", 2)]
)
def test_query_counts(town: Cast, address: str, queries: int) -> None:
    with CaptureQueriesContext(connection) as captured:
        resolve(at(address))
    assert len(captured) == queries


def test_expand_reaches_each_end_once(town: Cast) -> None:
    aliases.create(address="all@example.test", targets=("team@example.test", "ann@alias.test", "ann+vip@example.test", "x@other.test"))
    assert [end.address for end in expand(at("all@example.test"))] == [
        "ann@example.test",
        "far@remote.test",
        "bo@example.test",
        "cy@other.test",
    ]


def test_loops_are_refused_when_written(town: Cast) -> None:
    aliases.create(address="one@example.test", targets=("two@example.test",))
    with pytest.raises(Loop):
        aliases.create(address="two@example.test", targets=("ann@example.test", "one@alias.test"))
    with pytest.raises(Loop):
        aliases.create(address="self@example.test", targets=("SELF+x@alias.test",))
    three = aliases.create(address="three@example.test", targets=("one@example.test",))
    with pytest.raises(Loop):
        aliases.set_targets(alias_id=three.id, targets=("three@example.test",))
    assert aliases.get(address="three@example.test").targets.get().target == "one@example.test"


def test_a_catch_all_that_leads_to_itself_is_refused(town: Cast) -> None:
    with pytest.raises(Loop):
        domains.change(domain_id=town.example.id, to=DomainChange(catch_all="nowhere@example.test"))
    domains.change(domain_id=town.other.id, to=DomainChange(catch_all="nowhere@example.test"))
    with pytest.raises(Loop):
        domains.change(domain_id=town.example.id, to=DomainChange(catch_all="nowhere@other.test"))


def test_a_loop_that_got_in_all_the_same_ends(town: Cast) -> None:
    first = aliases.create(address="first@example.test", targets=("second@example.test", "ann@example.test"))
    second = aliases.create(address="second@example.test", targets=("bo@example.test",))
    AliasTarget.objects.create(alias=second, target=f"{first.local}@example.test")
    assert {end.address for end in expand(at("first@example.test"))} == {"ann@example.test", "bo@example.test"}


def test_expansion_is_bounded(town: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "MAX_EXPANSION", 3)
    aliases.create(address="wide@example.test", targets=tuple(f"p{number}@remote.test" for number in range(5)))
    with pytest.raises(LimitReached):
        expand(at("wide@example.test"))
