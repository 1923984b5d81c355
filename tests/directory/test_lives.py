"""A mailbox that receives only, is renamed, or is removed with a delay; hashes from elsewhere; keys by address."""

from datetime import timedelta

import pytest
from django.utils import timezone

from directory.cast import PASSWORD, Cast
from mailcore.delivery import routing
from mailcore.delivery.routing import Way
from mailcore.directory import aliases, keys, mailboxes
from mailcore.directory.authentication import authenticate
from mailcore.directory.faults import AlreadyExists, BadField
from mailcore.directory.models import Mailbox
from mailcore.directory.passwords import hash_password
from mailcore.kernel.errors import Denied, NotFound
from mailcore.kernel.principal import Service


def log_in(service: Service, login: str = "ann@example.test") -> object:
    return authenticate(login=login, secret=PASSWORD, service=service, peer="192.0.2.1")


def test_a_mailbox_that_receives_only(cast: Cast) -> None:
    mailboxes.receive_only(mailbox_id=cast.ann.id)
    assert routing.route("ann@example.test").way is Way.MAILBOX
    principal = authenticate(login="ann@example.test", secret=PASSWORD, service=Service.IMAP, peer="192.0.2.1")
    with pytest.raises(Denied, match="receives only"):
        log_in(Service.SMTP)
    with pytest.raises(Denied, match="receives only"):
        routing.check_sender(address="ann@example.test", principal=principal)
    mailboxes.resume(mailbox_id=cast.ann.id)
    log_in(Service.SMTP)
    routing.check_sender(address="ann@example.test", principal=principal)


def test_removal_with_a_way_back(cast: Cast) -> None:
    now = timezone.now()
    mailboxes.remove_later(mailbox_id=cast.ann.id, at=now + timedelta(days=14))
    assert routing.route("ann@example.test").way is Way.DEFER
    with pytest.raises(Denied):
        log_in(Service.IMAP)
    assert mailboxes.remove_due(now=now + timedelta(days=13)) == 0
    mailboxes.resume(mailbox_id=cast.ann.id)
    log_in(Service.IMAP)
    assert mailboxes.get_by_id(mailbox_id=cast.ann.id).remove_at is None
    mailboxes.remove_later(mailbox_id=cast.ann.id, at=now)
    assert mailboxes.remove_due(now=now) == 1
    assert not Mailbox.objects.filter(id=cast.ann.id).exists()


def test_a_new_name_keeps_the_mail_of_the_old_one(cast: Cast) -> None:
    mailboxes.rename(mailbox_id=cast.ann.id, address="Anna@example.test")
    assert routing.route("anna@example.test").mailbox_id == cast.ann.id
    assert routing.route("ann@example.test").mailbox_id == cast.ann.id
    assert aliases.get(address="ann@example.test")
    log_in(Service.IMAP, "anna@example.test")
    mailboxes.rename(mailbox_id=cast.ann.id, address="ann.archer@other.test", keep_old=False)
    assert routing.route("ann.archer@other.test").mailbox_id == cast.ann.id
    with pytest.raises(NotFound):
        mailboxes.get(address="anna@example.test")


def test_a_name_that_is_taken_changes_nothing(cast: Cast) -> None:
    with pytest.raises(AlreadyExists):
        mailboxes.rename(mailbox_id=cast.ann.id, address="bo@example.test")
    with pytest.raises(BadField):
        mailboxes.rename(mailbox_id=cast.ann.id, address="ann@unknown.test")
    assert mailboxes.get(address="ann@example.test").id == cast.ann.id


def test_a_hash_from_elsewhere_opens_the_mailbox(cast: Cast) -> None:
    encoded = hash_password(PASSWORD).removeprefix("argon2")
    for number, text in enumerate((encoded, "{ARGON2ID}" + encoded)):
        mailboxes.add(mailboxes.prepare(address=f"new{number}@example.test", password_hash=text))
        log_in(Service.IMAP, f"new{number}@example.test")


@pytest.mark.parametrize(
    "text",
    [
        "{SHA512-CRYPT}$6$x$y",
        "$argon2i$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaGhhc2g",
        "plain",
        "$argon2id$v=19$m=99999999,t=3,p=4$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaGhhc2g",
        "$argon2id$v=19$m=65536,t=999,p=4$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaGhhc2g",
    ],
)
def test_other_hashes_are_refused(cast: Cast, text: str) -> None:
    with pytest.raises(BadField, match="argon2id"):
        mailboxes.prepare(address="new@example.test", password_hash=text)


def test_a_key_of_certain_networks(cast: Cast) -> None:
    key, text = keys.create(owner=cast.root, name="k", scopes=("domains:read",), networks=("192.0.2.0/24", "2001:db8::1"))
    assert keys.open_key(text, peer="192.0.2.77").key_id == key.id
    assert keys.open_key(text, peer="::ffff:192.0.2.77").key_id == key.id
    assert keys.open_key(text, peer="2001:db8::1").key_id == key.id
    for peer in ("198.51.100.1", "2001:db8::2", "", "nonsense"):
        with pytest.raises(Denied, match="your address"):
            keys.open_key(text, peer=peer)
    key.refresh_from_db()
    assert key.last_used_at is not None
    with pytest.raises(BadField, match="not an address"):
        keys.create(owner=cast.root, name="k", scopes=("domains:read",), networks=("everywhere",))
