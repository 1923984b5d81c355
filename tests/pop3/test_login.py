"""SCRAM, tokens, UTF8 and LANG in POP3 (RFC 5034, RFC 7677, RFC 7628, RFC 6856)."""

import base64

import pytest

from mailcore.kernel.bearer import REFUSAL
from mailcore.pop3.login import Sasl
from mailcore.pop3.session import Session
from tests.imap.scram_client import ScramClient

from .fakes import Inbox, Keys, session

BINDINGS = {"tls-server-end-point": b"digest of the certificate"}


@pytest.fixture
def inbox() -> Inbox:
    return Inbox([b"Subject: caf\xc3\xa9\r\n\r\nbody\r\n"])


def say(talk: Session, line: str) -> bytes:
    return b"".join(talk.execute(line.encode()))


def encode(message: bytes) -> str:
    return base64.b64encode(message).decode()


def challenge_in(reply: bytes) -> bytes:
    assert reply.startswith(b"+ "), reply
    return base64.b64decode(reply[2:])


def log_in(talk: Session, client: ScramClient, mechanism: str = "SCRAM-SHA-256") -> bytes:
    challenge = challenge_in(say(talk, f"AUTH {mechanism} {encode(client.first())}"))
    reply = say(talk, encode(client.final(challenge)))
    if not reply.startswith(b"+ "):
        return reply
    assert challenge_in(reply) == client.signature
    return say(talk, "")


def test_scram_with_an_initial_response(inbox: Inbox) -> None:
    talk = session(inbox, sasl=Sasl(Keys()))
    assert b"SASL SCRAM-SHA-256 PLAIN OAUTHBEARER XOAUTH2\r\n" in say(talk, "CAPA")
    assert log_in(talk, ScramClient("ann@example.org", "a pass word")) == b"+OK 1 messages\r\n"
    assert say(talk, "STAT").startswith(b"+OK 1 ")


def test_scram_without_an_initial_response(inbox: Inbox) -> None:
    talk, client = session(inbox, sasl=Sasl(Keys())), ScramClient("ann@example.org", "a pass word")
    assert say(talk, "AUTH SCRAM-SHA-256") == b"+ \r\n"
    challenge = challenge_in(say(talk, encode(client.first())))
    assert challenge_in(say(talk, encode(client.final(challenge)))) == client.signature
    assert say(talk, "=").startswith(b"+OK")


def test_scram_with_a_wrong_password_waits_like_any_other_login(inbox: Inbox) -> None:
    talk = session(inbox, sasl=Sasl(Keys()))
    assert log_in(talk, ScramClient("ann@example.org", "guessed")).startswith(b"-ERR [AUTH]")
    assert talk.pause == 1.0
    assert say(talk, "STAT").startswith(b"-ERR")


def test_scram_plus_where_the_channel_can_be_bound(inbox: Inbox) -> None:
    bound = Sasl(Keys(), BINDINGS)
    assert b"-PLUS" not in say(session(inbox, sasl=bound), "CAPA")
    talk = session(inbox, sasl=bound, has_tls=True)
    client = ScramClient("ann@example.org", "a pass word", header="p=tls-server-end-point,,", binding=BINDINGS["tls-server-end-point"])
    assert log_in(talk, client, "SCRAM-SHA-256-PLUS").startswith(b"+OK")
    other = ScramClient("ann@example.org", "a pass word", header="p=tls-server-end-point,,", binding=b"of another")
    assert log_in(session(inbox, sasl=bound, has_tls=True), other, "SCRAM-SHA-256-PLUS").startswith(b"-ERR")


@pytest.mark.parametrize("line", ["!!!", "bm90IHNjcmFt", "", "*"])
def test_what_is_no_scram_ends_the_exchange_and_not_the_session(inbox: Inbox, line: str) -> None:
    talk = session(inbox, sasl=Sasl(Keys()))
    say(talk, "AUTH SCRAM-SHA-256")
    assert say(talk, line).startswith(b"-ERR")
    assert log_in(talk, ScramClient("ann@example.org", "a pass word")).startswith(b"+OK")


def test_a_mechanism_that_is_not_offered(inbox: Inbox) -> None:
    talk = session(inbox)
    assert say(talk, "AUTH SCRAM-SHA-256").startswith(b"-ERR")
    assert say(talk, "AUTH") == b"+OK mechanisms follow\r\nPLAIN\r\nOAUTHBEARER\r\nXOAUTH2\r\n.\r\n"


@pytest.mark.parametrize("answer", [b"\0ann@example.org\0", b"\0\0secret", b"one\0two", b"\0\xff\0x", b"a\0b\0c\0d"])
def test_what_is_no_plain_message(inbox: Inbox, answer: bytes) -> None:
    assert say(session(inbox), f"AUTH PLAIN {encode(answer)}").startswith(b"-ERR ")


def test_nobody_acts_for_another(inbox: Inbox) -> None:
    answer = encode(b"bo@example.org\0ann@example.org\0a pass word")
    assert say(session(inbox), f"AUTH PLAIN {answer}").startswith(b"-ERR [AUTH]")


def test_utf8_is_said_before_logging_in_and_after_tls(inbox: Inbox) -> None:
    talk = session(inbox)
    capabilities = say(talk, "CAPA")
    assert b"\r\nUTF8 USER\r\n" in capabilities
    assert b"\r\nSTLS\r\n" in capabilities
    assert say(talk, "UTF8 now").startswith(b"-ERR")
    assert say(talk, "UTF8").startswith(b"+OK")
    assert say(talk, "STLS").startswith(b"-ERR")
    assert b"STLS" not in say(talk, "CAPA")
    say(talk, "USER ann@example.org")
    say(talk, "PASS a pass word")
    assert say(talk, "UTF8").startswith(b"-ERR")
    assert b"Subject: caf\xc3\xa9\r\n" in say(talk, "RETR 1")


def test_languages(inbox: Inbox) -> None:
    talk = session(inbox)
    assert b"\r\nLANG\r\n" in say(talk, "CAPA")
    assert say(talk, "LANG") == b"+OK languages follow\r\ni-default English\r\nen English\r\nfr Fran\xc3\xa7ais\r\n.\r\n"
    assert say(talk, "LANG EN").startswith(b"+OK en ")
    assert say(talk, "LANG *").startswith(b"+OK i-default ")
    assert say(talk, "LANG MUL").startswith(b"-ERR ")


def token(secret: str, mechanism: str = "OAUTHBEARER") -> str:
    head = "n,a=ann@example.org," if mechanism == "OAUTHBEARER" else "user=ann@example.org"
    message = f"{head}\x01auth=Bearer {secret}\x01\x01"
    return f"AUTH {mechanism} {encode(message.encode())}"


@pytest.mark.parametrize("mechanism", ["OAUTHBEARER", "XOAUTH2"])
def test_a_token(inbox: Inbox, mechanism: str) -> None:
    talk = session(inbox)
    assert f" {mechanism}".encode() in say(talk, "CAPA")
    assert say(talk, token("a pass word", mechanism)) == b"+OK 1 messages\r\n"


@pytest.mark.parametrize("word", ["AQ==", "=", "*"])
def test_a_wrong_token_is_told_why_and_counts_as_a_guess(inbox: Inbox, word: str) -> None:
    talk = session(inbox)
    for _ in range(5):
        assert challenge_in(say(talk, token("guessed"))) == REFUSAL
        assert talk.pause > 0
        if not talk.is_closed:
            assert say(talk, word).startswith(b"-ERR cancelled" if word == "*" else b"-ERR [AUTH]")
    assert talk.is_closed


def test_what_is_no_token(inbox: Inbox) -> None:
    assert say(session(inbox), "AUTH XOAUTH2 " + encode(b"n,a=ann,")).startswith(b"-ERR That is not")
    assert say(session(inbox, may_log_in_clear=False), token("a pass word")).startswith(b"-ERR [AUTH] start TLS")
