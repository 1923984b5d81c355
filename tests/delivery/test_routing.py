"""Where an address leads; who may write to it and as it."""

import dataclasses
from typing import Any

import pytest

from mailcore.delivery import routing
from mailcore.delivery.routing import Hop, Way
from mailcore.directory import aliases, domains, mailboxes
from mailcore.directory.models import AliasTarget
from mailcore.kernel.errors import Denied, NotFound, OverQuota, Refused
from mailcore.kernel.ids import MailboxId, UserId
from mailcore.kernel.principal import Principal, Role
from mailcore.store.models import Usage
from tests.delivery.cast import make_domain, make_mailbox

pytestmark = pytest.mark.django_db


def person(mailbox_id: MailboxId | None, *, role: Role = Role.USER) -> Principal:
    return Principal(UserId(1), "ann@here.test", role, 1, mailbox_id, "ann@here.test")


def check(address: str, *, principal: Principal | None = None, size: int = 0) -> None:
    routing.check_recipient(address=address, principal=principal, size=size)


def test_mailboxes_by_every_name() -> None:
    make_domain()
    domains.create(name="other.test", alias_of="here.test")
    ann = make_mailbox("ann@here.test")
    for address in ("ann@here.test", "ANN@Here.Test", "ann+shop@here.test", "ann@other.test"):
        route = routing.route(address)
        assert (route.way, route.mailbox_id, route.address) == (Way.MAILBOX, ann, "ann@here.test")
    assert routing.route("ann+shop@here.test").detail == "shop"


def test_aliases_are_followed_to_their_ends() -> None:
    make_domain()
    make_mailbox("ann@here.test")
    make_mailbox("bo@here.test")
    aliases.create(address="inner@here.test", targets=("bo@here.test", "out@far.test"))
    aliases.create(address="outer@here.test", targets=("ann@here.test", "inner@here.test"))
    route = routing.route("outer@here.test")
    assert route.way is Way.EXPAND
    assert set(route.targets) == {"ann@here.test", "bo@here.test", "out@far.test"}


def test_a_forward_elsewhere_and_elsewhere_itself() -> None:
    make_domain()
    aliases.create(address="away@here.test", targets=("ann@far.test",))
    assert routing.route("away@here.test").targets == ("ann@far.test",)
    assert routing.route("Ann@far.test").way is Way.REMOTE


def test_an_alias_loop_is_refused() -> None:
    make_domain()
    make_mailbox("ann@here.test")
    first = aliases.create(address="a@here.test", targets=("ann@here.test",))
    second = aliases.create(address="b@here.test", targets=("a@here.test",))
    # The directory refuses to make a loop; one made behind its back must still end.
    AliasTarget.objects.filter(alias=first).update(target="b@here.test")
    route = routing.route("b@here.test")
    assert (route.way, route.code) == (Way.REFUSE, 554)
    assert second.pk


def test_the_unknown_and_the_unreadable_are_refused() -> None:
    make_domain()
    assert routing.route("nobody@here.test").text.startswith("5.1.1")
    assert routing.route("no address").text.startswith("5.1.3")


def test_recipients_at_rcpt() -> None:
    make_domain()
    ann = make_mailbox("ann@here.test", quota_bytes=1_000)
    check("ann@here.test", size=1_000)
    with pytest.raises(OverQuota):
        check("ann@here.test", size=1_001)
    Usage.objects.create(mailbox_id=ann, bytes=600)
    with pytest.raises(OverQuota):
        check("ann+x@here.test", size=500)
    with pytest.raises(NotFound):
        check("nobody@here.test")
    with pytest.raises(Refused):
        check("bo@far.test")
    check("bo@far.test", principal=person(ann))
    mailboxes.suspend(mailbox_id=ann)
    with pytest.raises(Refused):
        check("ann@here.test")


def test_postmaster_alone_reaches_somebody() -> None:
    make_domain()
    make_mailbox("ann@here.test")
    check("postmaster")
    check("postmaster@mx.facteur.test")
    assert routing.route("postmaster@mx.facteur.test").way is Way.MAILBOX


def test_senders() -> None:
    make_domain()
    ann, bo = make_mailbox("ann@here.test"), make_mailbox("bo@here.test")
    aliases.create(address="team@here.test", targets=("ann@here.test",))
    domains.change(domain_id=domains.get(name="here.test").pk, to=domains.DomainChange(catch_all="ann@here.test"))
    for address in ("", "ann@here.test", "Ann+x@here.test", "team@here.test"):
        routing.check_sender(address=address, principal=person(ann))
    for address, mailbox_id in (("bo@here.test", ann), ("team@here.test", bo), ("any@here.test", ann), ("ann@far.test", ann)):
        with pytest.raises(Denied):
            routing.check_sender(address=address, principal=person(mailbox_id))
    root = person(None, role=Role.ROOT)
    routing.check_sender(address="bo@here.test", principal=root)
    with pytest.raises(Denied):
        routing.check_sender(address="bo@far.test", principal=root)


def test_the_operators_routes_win_over_the_smarthost(settings: Any) -> None:
    assert routing.find_hop("far.test") is None
    settings.FACTEUR = dataclasses.replace(settings.FACTEUR, smarthost="[::1]:2525", routes=("Far.test=mx.test:26", "near.test=relay.test"))
    assert routing.find_hop("far.test") == Hop("mx.test", 26)
    assert routing.find_hop("near.test") == Hop("relay.test", 25)
    assert routing.find_hop("else.test") == Hop("::1", 2525)
