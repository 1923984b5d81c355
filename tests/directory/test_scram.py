"""SCRAM logins: the same doors as for a password, and no key that a new password leaves behind."""

from base64 import b64decode

import pytest

from directory.cast import PASSWORD, Cast
from mailcore.directory import mailboxes, scram_keys, users
from mailcore.directory.authentication import authenticate
from mailcore.directory.models import ScramKey, User
from mailcore.directory.scram import ScramDirectory
from mailcore.kernel.errors import Denied, Throttled
from mailcore.kernel.principal import Principal, Service
from mailcore.kernel.scram import Exchange
from tests.imap.scram_client import ScramClient

PEER = "192.0.2.7"
ANN = "ann@example.test"


def log_in(login: str, secret: str, service: Service = Service.IMAP) -> Principal:
    """What a client and a server do between them; the client checks the server too."""
    client, directory, exchange = ScramClient(login, secret), ScramDirectory(), Exchange("server")
    name = exchange.first(client.first())
    exchange.final(client.final(exchange.challenge(salt=directory.find_salt(login=name, peer=PEER))))
    principal, signature = directory.log_in(login=name, service=service, peer=PEER, check=exchange.check)
    assert signature == client.signature
    return principal


def test_a_key_is_made_with_the_password_and_goes_with_it(cast: Cast) -> None:
    assert cast.ann.user_id is not None
    users.set_password(user_id=cast.ann.user_id, password="first horse 1")
    assert log_in("Ann@EXAMPLE.test", "first horse 1").address == ANN
    with pytest.raises(Denied):
        log_in(ANN, "second horse 2")
    users.set_password(user_id=cast.ann.user_id, password="second horse 2")
    assert log_in(ANN, "second horse 2").mailbox_id == cast.ann.pk
    with pytest.raises(Denied):
        log_in(ANN, "first horse 1")
    # A hash set from elsewhere voids the key too, until the password has been used once.
    users.set_encoded(user_id=cast.ann.user_id, encoded=User.objects.get(pk=cast.bo.user_id).password)
    for secret in ("second horse 2", PASSWORD):
        with pytest.raises(Denied):
            log_in(ANN, secret)
    authenticate(login=ANN, secret=PASSWORD, service=Service.IMAP, peer=PEER)
    assert log_in(ANN, PASSWORD).address == ANN


def test_app_passwords_with_and_without_dashes_and_only_for_their_services(cast: Cast) -> None:
    assert cast.ann.user_id is not None
    users.set_password(user_id=cast.ann.user_id, password="first horse 1")
    secret = users.add_app_password(user_id=cast.ann.user_id, name="phone", services=(Service.IMAP,))
    assert log_in(ANN, secret).address == log_in(ANN, secret.replace("-", "")).address == ANN
    with pytest.raises(Denied):
        log_in(ANN, secret, Service.POP3)
    assert log_in(ANN, "first horse 1", Service.POP3).address == ANN
    users.remove_app_password(user_id=cast.ann.user_id, app_password_id=users.list_app_passwords(user_id=cast.ann.user_id)[0].pk)
    with pytest.raises(Denied):
        log_in(ANN, secret)


def test_closed_doors(cast: Cast) -> None:
    assert cast.ann.user_id is not None
    users.set_password(user_id=cast.ann.user_id, password="first horse 1")
    User.objects.filter(pk=cast.ann.user_id).update(has_second_step=True)
    with pytest.raises(Denied):
        log_in(ANN, "first horse 1")
    User.objects.filter(pk=cast.ann.user_id).update(has_second_step=False, is_active=False)
    with pytest.raises(Denied, match="suspended"):
        log_in(ANN, "first horse 1")


def test_names_that_do_not_exist_look_like_others(cast: Cast) -> None:
    directory = ScramDirectory()
    salts = [directory.find_salt(login=name, peer=PEER) for name in ("nobody@example.test", "nobody@example.test", "other@example.test")]
    assert salts[0] == salts[1] != salts[2] and len(salts[0]) == 16
    with pytest.raises(Denied):
        log_in("nobody@example.test", "x")


def test_guessing_is_slowed_down(cast: Cast) -> None:
    with pytest.raises(Throttled):
        for _ in range(200):
            try:
                log_in(ANN, "wrong")
            except Throttled:
                raise
            except Denied:
                pass


def test_it_is_offered_once_every_login_has_its_key(cast: Cast) -> None:
    assert not scram_keys.is_complete()
    for row in (cast.ann, cast.bo, cast.cy):
        authenticate(login=str(row), secret=PASSWORD, service=Service.IMAP, peer=PEER)
    assert scram_keys.is_complete()
    fresh = mailboxes.create(address="new@example.test", password="some horse 9")
    assert scram_keys.is_complete() and log_in("new@example.test", "some horse 9").mailbox_id == fresh.pk
    ScramKey.objects.filter(user_id=fresh.user_id).delete()
    assert not scram_keys.is_complete()


def test_what_lies_in_the_database_is_sealed(cast: Cast) -> None:
    authenticate(login=ANN, secret=PASSWORD, service=Service.IMAP, peer=PEER)
    row = ScramKey.objects.get(user_id=cast.ann.user_id)
    keys = scram_keys.read(row.sealed)
    assert len(keys.stored) == len(keys.server) == 32
    assert keys.stored not in b64decode(row.sealed + "==", altchars=b"-_")
