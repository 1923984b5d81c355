"""OAUTHBEARER and XOAUTH2 messages (RFC 7628), and a login by one over the directory that is really used."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcore.directory import domains, mailboxes, users
from mailcore.directory.authentication import authenticate
from mailcore.imap.grammar.framing import Command
from mailcore.imap.session.config import SessionConfig
from mailcore.imap.session.session import Session
from mailcore.kernel.bearer import MECHANISMS, REFUSAL, read
from mailcore.kernel.errors import BadSyntax, Denied, MailError
from mailcore.kernel.principal import Service

GOOD = b"n,a=ann@example.org,\x01host=mx\x01port=993\x01auth=Bearer abcd-efgh\x01\x01"


@pytest.mark.parametrize(
    ("mechanism", "message", "said"),
    [
        ("OAUTHBEARER", GOOD, ("ann@example.org", "abcd-efgh")),
        ("OAUTHBEARER", b"y,a=x=2Cy=3Dz,\x01AUTH=bearer  t\x01\x01", ("x,y=z", "t")),
        ("XOAUTH2", b"user=ann\x01auth=Bearer t\x01\x01", ("ann", "t")),
    ],
)
def test_what_is_read(mechanism: str, message: bytes, said: tuple[str, str]) -> None:
    assert read(mechanism, message) == said


@pytest.mark.parametrize(
    "message",
    [
        b"", b"\xff", GOOD[:-1], GOOD.replace(b"auth=", b"oath="), GOOD.replace(b"Bearer", b"Basic"), GOOD.replace(b"abcd-efgh", b""),
        GOOD.replace(b"abcd-efgh", "clé".encode()), GOOD.replace(b"a=ann@example.org", b""), GOOD.replace(b"n,a", b"x,a"),
        GOOD.replace(b"ann", b"a=nn"), GOOD.replace(b",\x01", b",x\x01"), GOOD.replace(b"port=993", b"auth=Bearer b"), b"user=ann\x01\x01",
    ],
)  # fmt: skip
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_what_is_not_taken(mechanism: str, message: bytes) -> None:
    with pytest.raises(BadSyntax):
        read(mechanism, message)


def test_no_channel_binding() -> None:
    with pytest.raises(Denied):
        read("OAUTHBEARER", GOOD.replace(b"n,", b"p=tls-unique,"))


@given(st.binary(max_size=60) | st.text("n,ay=\x01uthBer 2C3D", max_size=40).map(str.encode))
def test_anything_is_read_or_refused(message: bytes) -> None:
    for mechanism in MECHANISMS:
        try:
            login, token = read(mechanism, message)
        except MailError:
            continue
        assert login and token


@pytest.mark.django_db(transaction=True)
def test_an_app_password_is_a_token_and_a_removed_one_is_none() -> None:
    domains.create(name="bearer.test")
    mailbox = mailboxes.create(address="ann@bearer.test", password="a good long password")
    assert mailbox.user is not None
    token = users.add_app_password(user_id=mailbox.user.id, name="telephone", services=(Service.IMAP,))

    def say(secret: str, service: Service = Service.IMAP) -> bytes:
        session = Session(SessionConfig(clear_login=True, service=service), authenticate, lambda principal: object())  # type: ignore[arg-type,return-value]
        message = f"n,a=ann@bearer.test,\x01auth=Bearer {secret}\x01\x01".encode()
        return b"".join(session.execute(Command(b"a AUTHENTICATE OAUTHBEARER " + b64encode(message), ())))

    assert b"a OK" in say(token)
    assert say(token, Service.POP3).startswith(b"+ ") and b"invalid_token" in REFUSAL
    assert say("abcd-efgh-ijkm").startswith(b"+ ")
    users.remove_app_password(user_id=mailbox.user.id, app_password_id=users.list_app_passwords(user_id=mailbox.user.id)[0].id)
    assert say(token).startswith(b"+ ")
