"""One door: who gets in, who does not, what it costs."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from directory.cast import PASSWORD, Cast
from mailcore.directory import domains, mailboxes, throttle, users
from mailcore.directory.authentication import authenticate
from mailcore.directory.models import GuessBucket
from mailcore.kernel.errors import Denied, Throttled
from mailcore.kernel.principal import Principal, Role, Service

PEER = "192.0.2.7"


def login(name: str, secret: str = PASSWORD, *, service: Service = Service.IMAP, peer: str = PEER) -> Principal:
    return authenticate(login=name, secret=secret, service=service, peer=peer)


@pytest.mark.parametrize("name", ["ann@example.test", " Ann@Example.TEST ", "ANN@example.test."])
def test_spellings_of_one_login(cast: Cast, name: str) -> None:
    found = login(name)
    assert (found.login, found.mailbox_id, found.address) == ("ann@example.test", cast.ann.id, "ann@example.test")
    assert found.role is Role.USER


def test_an_administrator_needs_no_mailbox(cast: Cast) -> None:
    found = login("admin", service=Service.WEB)
    assert (found.role, found.mailbox_id, found.address) == (Role.ROOT, None, "")


def test_alias_domain_is_accepted(cast: Cast) -> None:
    domains.create(name="alias.test", alias_of="example.test")
    assert login("ann@alias.test").mailbox_id == cast.ann.id


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("ann@example.test", "wrong"),
        ("ann@example.test", ""),
        ("nobody@example.test", PASSWORD),
        ("", ""),
        ("ann@example.test", PASSWORD + "\0"),
    ],
)
def test_wrong_is_denied_in_the_same_words(cast: Cast, name: str, secret: str) -> None:
    with pytest.raises(Denied) as caught:
        login(name, secret)
    assert caught.value.public == "That name and password do not match."


def test_suspended_is_told_only_to_who_knows_the_password(cast: Cast) -> None:
    mailboxes.suspend(mailbox_id=cast.ann.id)
    with pytest.raises(Denied, match="suspended"):
        login("ann@example.test")
    with pytest.raises(Denied, match="do not match"):
        login("ann@example.test", "wrong")
    mailboxes.resume(mailbox_id=cast.ann.id)
    assert login("ann@example.test").mailbox_id == cast.ann.id


def test_suspended_domain_closes_its_logins(cast: Cast) -> None:
    login("ann@example.test")
    domains.suspend(domain_id=cast.example.id)
    with pytest.raises(Denied, match="suspended"):
        login("ann@example.test")


def test_a_remembered_login_costs_two_queries_and_no_hash(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    login("ann@example.test")

    def never(**_: str) -> bool:
        raise AssertionError("hashed again")

    monkeypatch.setattr("mailcore.directory.authentication.verify_password", never)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        login("ann@example.test")
    assert len(queries) == 2


def test_a_new_password_voids_what_is_remembered(cast: Cast) -> None:
    before = login("ann@example.test")
    mailboxes.set_password(mailbox_id=cast.ann.id, password="another horse 8")
    with pytest.raises(Denied):
        login("ann@example.test")
    assert login("ann@example.test", "another horse 8").auth_version > before.auth_version


def test_unknown_login_costs_a_hash(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    spent: list[str] = []
    monkeypatch.setattr("mailcore.directory.authentication.spend_dummy", spent.append)
    with pytest.raises(Denied):
        login("nobody@example.test", "guess")
    assert spent == ["guess"]


def test_app_password_opens_its_services_only(cast: Cast) -> None:
    assert cast.ann.user_id is not None
    secret = users.add_app_password(user_id=cast.ann.user_id, name="phone", services=(Service.IMAP,))
    assert login("ann@example.test", secret).mailbox_id == cast.ann.id
    assert login("ann@example.test", secret.replace("-", " ").upper()).mailbox_id == cast.ann.id
    with pytest.raises(Denied):
        login("ann@example.test", secret, service=Service.WEB)
    with pytest.raises(Denied):
        login("bo@example.test", secret)
    row = users.list_app_passwords(user_id=cast.ann.user_id)[0]
    assert secret.replace("-", "") not in row.digest
    users.remove_app_password(user_id=cast.ann.user_id, app_password_id=row.id)
    with pytest.raises(Denied):
        login("ann@example.test", secret)


def guess(name: str, times: int, *, peer: str = PEER) -> None:
    for number in range(times):
        throttle.record_failure(login=name, secret=f"guess {number}", peer=peer)


def test_guesses_lock_a_login_for_everybody_else(cast: Cast) -> None:
    guess("ann@example.test", throttle.LIMITS["login"], peer="198.51.100.1")
    with pytest.raises(Throttled):
        login("ann@example.test")
    assert login("bo@example.test").mailbox_id == cast.bo.id


def test_the_owner_stays_in_while_somebody_guesses_elsewhere(cast: Cast) -> None:
    login("ann@example.test")
    guess("ann@example.test", throttle.LIMITS["login"], peer="198.51.100.1")
    assert login("ann@example.test").mailbox_id == cast.ann.id
    # The guesser gains nothing by it: from there even the right password is not looked at.
    with pytest.raises(Throttled):
        login("ann@example.test", peer="198.51.100.1")


@pytest.mark.parametrize(
    ("peer", "same_network", "elsewhere"),
    [("203.0.113.5", "203.0.113.77", "203.0.114.5"), ("2001:db8:1:2::5", "2001:db8:1:2:9::1", "2001:db8:1:3::5")],
)
def test_peer_and_network_are_limited(cast: Cast, peer: str, same_network: str, elsewhere: str) -> None:
    for number in range(throttle.LIMITS["peer"]):
        throttle.record_failure(login=f"u{number}@example.test", secret="x", peer=peer)
    with pytest.raises(Throttled):
        login("ann@example.test", peer=peer)
    assert login("ann@example.test", peer=same_network)
    GuessBucket.objects.filter(key__startswith="net:").update(count=throttle.LIMITS["net"])
    with pytest.raises(Throttled):
        login("bo@example.test", peer=same_network)
    assert login("bo@example.test", peer=elsewhere)


def test_one_wrong_password_repeated_counts_once(cast: Cast) -> None:
    for _ in range(throttle.LIMITS["login"] + 5):
        throttle.record_failure(login="ann@example.test", secret="old password", peer=PEER)
    assert login("ann@example.test").mailbox_id == cast.ann.id


def test_only_failures_write_and_what_ran_out_is_purged(cast: Cast) -> None:
    login("ann@example.test")
    assert not GuessBucket.objects.exists()
    with pytest.raises(Denied):
        login("ann@example.test", "wrong")
    assert GuessBucket.objects.count() == 4
    assert "wrong" not in " ".join(GuessBucket.objects.values_list("key", flat=True))
    until = GuessBucket.objects.latest("window_until").window_until
    assert throttle.purge(now=until) == 4


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "::ffff:127.0.0.1", ""])
def test_loopback_is_limited_by_login_only(cast: Cast, peer: str) -> None:
    for number in range(throttle.LIMITS["net"] + 1):
        throttle.record_failure(login=f"u{number}@example.test", secret="x", peer=peer)
    assert login("ann@example.test", peer=peer)
    guess("ann@example.test", throttle.LIMITS["login"], peer=peer)
    # Nor does the remembered login answer then: behind a proxy it could be guessed at.
    with pytest.raises(Throttled):
        login("ann@example.test", peer=peer)
