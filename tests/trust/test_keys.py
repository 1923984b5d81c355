"""Keys of a domain from their making to their end; nothing secret in the database."""

import base64
import dataclasses
from typing import Any

import pytest

from mailcore.directory import domains
from mailcore.kernel.errors import Conflict, NotFound
from mailcore.trust import keys
from mailcore.trust.keys import RETIRING_SECONDS
from mailcore.trust.models import DkimKey
from mailcore.trust.zone import ZoneNames

pytestmark = pytest.mark.django_db
NOW = 1_800_000_000


@pytest.fixture(autouse=True)
def domain() -> None:
    keys.forget_cached()
    domains.create(name="here.test")


def publish(*shown: keys.Shown) -> ZoneNames:
    return ZoneNames("".join(f'{one.name} TXT "{one.record}"\n' for one in shown))


def states() -> list[str]:
    return [one.state for one in keys.list_keys(domain="here.test")]


def test_a_pair_signs_once_it_is_published() -> None:
    made = keys.ensure(domain="here.test", now=NOW)
    assert [(one.algorithm, one.state) for one in made] == [("rsa", "pending"), ("ed25519", "pending")]
    assert made == keys.ensure(domain="here.test")
    assert keys.advance(names=ZoneNames(""), now=NOW) == 0
    assert keys.find_signing(domain="here.test") == ()
    assert keys.advance(names=publish(made[1]), now=NOW) == 1
    assert keys.advance(names=publish(*made), now=NOW) == 1
    assert [one.algorithm for one in keys.find_signing(domain="here.test")] == ["rsa-sha256", "ed25519-sha256"]


def test_a_record_with_another_key_does_not_count() -> None:
    made = keys.ensure(domain="here.test")
    assert keys.advance(names=publish(dataclasses.replace(made[1], record="v=DKIM1; k=ed25519; p=" + "A" * 43 + "="))) == 0


def test_rotation_overlaps() -> None:
    old = keys.ensure(domain="here.test", now=NOW)
    keys.advance(names=publish(*old), now=NOW)
    both = keys.rotate(domain="here.test", now=NOW + 10)
    assert [one.state for one in both] == ["active", "active", "pending", "pending"]
    assert len({one.selector for one in both}) == 4
    keys.forget_cached()
    assert len(keys.find_signing(domain="here.test")) == 2
    keys.advance(names=publish(*both), now=NOW + 20)
    assert states() == ["retiring", "retiring", "active", "active"]
    assert {one.selector for one in keys.find_signing(domain="here.test")} == {one.selector for one in both[2:]}
    keys.advance(names=publish(*both), now=NOW + 20 + RETIRING_SECONDS)
    assert len(states()) == 4
    keys.advance(names=publish(*both), now=NOW + 21 + RETIRING_SECONDS)
    assert states() == ["active", "active"]


def test_a_second_rotation_replaces_what_was_never_used() -> None:
    keys.ensure(domain="here.test", now=NOW)
    keys.rotate(domain="here.test", now=NOW)
    assert states() == ["pending", "pending"]


def test_by_hand() -> None:
    made = keys.ensure(domain="here.test")
    keys.activate(domain="here.test", selector=made[0].selector)
    assert states() == ["active", "pending"]
    keys.remove(domain="here.test", selector=made[1].selector)
    for call in (keys.activate, keys.remove):
        with pytest.raises(NotFound):
            call(domain="here.test", selector="none")
    with pytest.raises(NotFound):
        keys.ensure(domain="far.test")


def test_a_suspended_domain_does_not_sign() -> None:
    made = keys.ensure(domain="here.test")
    keys.activate(domain="here.test", selector=made[0].selector)
    domains.suspend(domain_id=domains.get(name="here.test").id)
    keys.forget_cached()
    assert keys.find_signing(domain="here.test") == ()


def test_the_database_alone_opens_nothing(settings: Any) -> None:
    made = keys.ensure(domain="here.test")
    keys.activate(domain="here.test", selector=made[0].selector)
    assert len(keys.find_signing(domain="here.test")) == 1
    row = DkimKey.objects.get(selector=made[0].selector)
    assert len(row.secret) > 1_000
    assert base64.b64encode(b"\x30\x82") not in bytes(row.secret)[:8]
    settings.SECRET_KEY = "another"
    keys.forget_cached()
    with pytest.raises(Conflict):
        keys.find_signing(domain="here.test")
