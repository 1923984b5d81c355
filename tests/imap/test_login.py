from base64 import b64encode

from mailcore.imap.session.config import SessionConfig
from mailcore.imap.session.core import State

from .builders import Client

PLAIN = b64encode(b"\0ann\0secret")


def test_login_opens_the_mailbox() -> None:
    client = Client(log_in=False)
    assert client.send(b'x LOGIN "ann" {6}\r\nsecret\r\n').startswith(b"+ OK\r\nx OK [CAPABILITY ")
    assert client.session.state is State.AUTHENTICATED
    assert client.session.mailbox_id == 1


def test_failures_by_meaning() -> None:
    client = Client(log_in=False)
    assert b" NO [AUTHENTICATIONFAILED] " in client.run(b"LOGIN ann wrong")
    assert b" NO [UNAVAILABLE] " in client.run(b"LOGIN ann again")
    assert b" NO [AUTHORIZATIONFAILED] " in client.run(b"LOGIN root secret")
    assert b" BAD " in client.run(b"LOGIN ann")
    assert b" BAD " in client.run(b"SELECT INBOX")
    assert client.session.state is State.NOT_AUTHENTICATED


def test_plain_with_and_without_an_initial_response() -> None:
    assert b"x OK [CAPABILITY" in Client(log_in=False).send(b"x AUTHENTICATE PLAIN " + PLAIN + b"\r\n")
    client = Client(log_in=False)
    assert client.send(b"x AUTHENTICATE plain\r\n") == b"+ \r\n"
    assert client.session.pending_auth is not None
    assert client.send(PLAIN + b"\r\n").startswith(b"x OK [CAPABILITY")
    assert client.session.pending_auth is None


def test_the_login_mechanism() -> None:
    client = Client(log_in=False)
    assert client.send(b"x AUTHENTICATE LOGIN\r\n") == b"+ VXNlcm5hbWU6\r\n"
    assert client.send(b64encode(b"ann") + b"\r\n") == b"+ UGFzc3dvcmQ6\r\n"
    assert client.send(b64encode(b"secret") + b"\r\n").startswith(b"x OK ")


def test_authenticate_can_be_cancelled_and_garbled() -> None:
    client = Client(log_in=False)
    client.send(b"x AUTHENTICATE PLAIN\r\n")
    assert client.send(b"*\r\n") == b"x BAD Authentication cancelled\r\n"
    client.send(b"y AUTHENTICATE PLAIN\r\n")
    assert client.send(b"!!\r\n") == b"y BAD That is not base64\r\n"
    assert b" BAD " in client.run(b"AUTHENTICATE PLAIN " + b64encode(b"bo\0ann\0secret"))
    assert b" NO [CANNOT] " in client.run(b"AUTHENTICATE CRAM-MD5")
    assert client.session.state is State.NOT_AUTHENTICATED


def test_a_password_in_clear_is_not_taken_where_it_may_not() -> None:
    client = Client(config=SessionConfig(starttls=True), log_in=False)
    assert b" STARTTLS LOGINDISABLED]" in client.session.greeting()
    assert b"AUTH=" not in client.session.greeting()
    assert b" NO [PRIVACYREQUIRED] " in client.run(b"LOGIN ann secret")
    assert b" NO [PRIVACYREQUIRED] " in client.run(b"AUTHENTICATE PLAIN " + PLAIN)
    client.ok(b"STARTTLS")
    assert client.session.starttls_requested
    client.session.tls_started()
    capabilities = client.ok(b"CAPABILITY")
    assert b"AUTH=PLAIN" in capabilities and b"STARTTLS" not in capabilities
    client.ok(b"LOGIN ann secret")
