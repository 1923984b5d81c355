"""Codes of a telephone: the vectors of the standard, once each, and what mail programs are told."""

import base64

import pytest
from django.core.management import call_command

from mailcore.directory import authentication, domains, mailboxes, second_step, users
from mailcore.directory.faults import BadField
from mailcore.directory.models import SecondStep, User
from mailcore.kernel.errors import Denied, NotFound, Throttled
from mailcore.kernel.principal import Service

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
PEER = "192.0.2.7"
NOW = 1_800_000_000


@pytest.fixture
def ann() -> User:
    domains.create(name="example.org")
    mailboxes.create(address="ann@example.org", password=PASSWORD)
    return User.objects.get(login="ann@example.org")


def code(secret: str, step: int) -> str:
    return second_step.code_at(secret=base64.b32decode(secret), step=step)


def switch_on(ann: User) -> tuple[str, list[str]]:
    secret = second_step.begin(user_id=ann.id)
    return secret, second_step.confirm(user_id=ann.id, code=code(secret, NOW // 30), now=NOW)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(59, "287082"), (1_111_111_109, "081804"), (1_111_111_111, "050471"), (1_234_567_890, "005924"), (20_000_000_000, "353130")],
)
def test_vectors_of_the_standard(seconds: int, expected: str) -> None:
    assert second_step.code_at(secret=b"12345678901234567890", step=seconds // 30) == expected


def test_it_counts_only_when_confirmed(ann: User) -> None:
    secret = second_step.begin(user_id=ann.id)
    with pytest.raises(BadField):
        second_step.confirm(user_id=ann.id, code="000000" if code(secret, NOW // 30) != "000000" else "000001", now=NOW)
    assert authentication.authenticate(login="ann@example.org", secret=PASSWORD, service=Service.IMAP, peer=PEER)
    assert second_step.find_begun(user_id=ann.id) == secret and secret not in SecondStep.objects.get().sealed
    second_step.confirm(user_id=ann.id, code=code(secret, NOW // 30), now=NOW)
    assert second_step.find_begun(user_id=ann.id) is None
    with pytest.raises(Denied):
        second_step.begin(user_id=ann.id)


def test_mail_programs_need_an_app_password_then(ann: User) -> None:
    authentication.authenticate(login="ann@example.org", secret=PASSWORD, service=Service.IMAP, peer=PEER)
    switch_on(ann)
    for service in (Service.IMAP, Service.SMTP, Service.POP3, Service.SIEVE):
        with pytest.raises(Denied, match="app password"):
            authentication.authenticate(login="ann@example.org", secret=PASSWORD, service=service, peer=PEER)
    with pytest.raises(Denied, match="do not match"):
        authentication.authenticate(login="ann@example.org", secret="wrong", service=Service.IMAP, peer=PEER)
    app = users.add_app_password(user_id=ann.id, name="Telephone", services=(Service.IMAP,))
    assert authentication.authenticate(login="ann@example.org", secret=app, service=Service.IMAP, peer=PEER)
    assert authentication.authenticate(login="ann@example.org", secret=PASSWORD, service=Service.WEB, peer=PEER)


def test_each_code_is_good_once_and_for_a_minute(ann: User) -> None:
    secret, _codes = switch_on(ann)
    here = NOW // 30 + 10
    for step, moment in ((here, here), (here + 1, here), (here + 3, here + 4)):
        assert second_step.check(user_id=ann.id, login="a", code=code(secret, step), peer=PEER, now=moment * 30) is False
    for step, moment in ((here + 3, here + 4), (here + 2, here + 4), (here + 9, here + 4)):
        with pytest.raises(Denied):
            second_step.check(user_id=ann.id, login="a", code=code(secret, step), peer=PEER, now=moment * 30)


def test_recovery_codes_are_good_once_and_can_be_renewed(ann: User) -> None:
    _secret, codes = switch_on(ann)
    assert len(set(codes)) == second_step.CODES
    assert second_step.check(user_id=ann.id, login="a", code=codes[0].upper().replace("-", " "), peer=PEER) is True
    with pytest.raises(Denied):
        second_step.check(user_id=ann.id, login="a", code=codes[0], peer=PEER)
    assert second_step.count_codes(user_id=ann.id) == second_step.CODES - 1
    second_step.renew_codes(user_id=ann.id)
    with pytest.raises(Denied):
        second_step.check(user_id=ann.id, login="a", code=codes[1], peer=PEER)


def test_guessing_is_throttled(ann: User) -> None:
    secret, _codes = switch_on(ann)
    with pytest.raises(Throttled):
        for guess in range(100):
            try:
                second_step.check(user_id=ann.id, login="a", code=f"x{guess:05}", peer=PEER, now=NOW)
            except Throttled:
                raise
            except Denied:
                continue
    with pytest.raises(Throttled):
        second_step.check(user_id=ann.id, login="a", code=code(secret, NOW // 30 + 9), peer=PEER, now=NOW + 270)


def test_switched_off_the_password_is_enough(ann: User) -> None:
    switch_on(ann)
    call_command("second_step", "off", "ann@example.org")
    assert authentication.authenticate(login="ann@example.org", secret=PASSWORD, service=Service.IMAP, peer=PEER)
    assert not SecondStep.objects.exists()
    with pytest.raises(NotFound):
        second_step.confirm(user_id=ann.id, code="123456")


def test_what_an_authenticator_reads() -> None:
    text = second_step.uri(secret="ABC", login="ann@example.org", issuer="mail.example.org")
    assert text == "otpauth://totp/mail.example.org%3Aann%40example.org?secret=ABC&issuer=mail.example.org&digits=6&period=30"
