"""AUTHENTICATE SCRAM-SHA-256 in a session: with and without a first answer, bound to the channel, and what goes wrong."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping

import pytest

from mailcore.imap.session.config import SessionConfig
from mailcore.imap.session.core import State
from mailcore.imap.session.table import list_capabilities
from mailcore.kernel.errors import Denied, Throttled
from mailcore.kernel.ids import MailboxId, UserId
from mailcore.kernel.principal import Principal, Role, Service
from mailcore.kernel.scram import Keys, derive

from .builders import Client
from .scram_client import ScramClient

SALT = b"0123456789abcdef"
BINDINGS = {"tls-server-end-point": b"digest"}


class Directory:
    """Ann, whose password is "secret"."""

    def find_salt(self, *, login: str, peer: str) -> bytes:
        if login == "again":
            raise Throttled("Too many guesses; wait a little.")
        return SALT

    def log_in(self, *, login: str, service: Service, peer: str, check: Callable[[Keys], bytes | None]) -> tuple[Principal, bytes]:
        keys = derive("secret", SALT)
        signature = check(keys) if keys is not None and login in ("ann", "root") else None
        if signature is None:
            raise Denied("That name and password do not match.")
        return Principal(UserId(1), login, Role.USER, 1, None if login == "root" else MailboxId(1), login), signature


def connected(*, tls: bool = False, bindings: Mapping[str, bytes] = BINDINGS) -> Client:
    return Client(config=SessionConfig(clear_login=True, tls=tls, scram=Directory(), bindings=bindings), log_in=False)


def answer(client: Client, message: bytes) -> bytes:
    return client.send(b64encode(message) + b"\r\n")


def read(said: bytes) -> bytes:
    assert said.startswith(b"+ "), said
    return b64decode(said[2:])


def test_a_login_with_a_first_answer() -> None:
    client, mine = connected(), ScramClient("ann", "secret")
    said = client.send(b"x AUTHENTICATE SCRAM-SHA-256 " + b64encode(mine.first()) + b"\r\n")
    assert read(answer(client, mine.final(read(said)))) == mine.signature
    assert client.session.state is State.NOT_AUTHENTICATED
    assert client.send(b"\r\n").startswith(b"x OK [CAPABILITY ")
    assert client.session.state is State.AUTHENTICATED


def test_a_login_without() -> None:
    client, mine = connected(), ScramClient("ann", "secret")
    assert client.send(b"x AUTHENTICATE SCRAM-SHA-256\r\n") == b"+ \r\n"
    assert read(answer(client, mine.final(read(answer(client, mine.first()))))) == mine.signature
    assert client.send(b"\r\n").startswith(b"x OK ")


def test_a_login_bound_to_the_certificate() -> None:
    client = connected(tls=True)
    mine = ScramClient("ann", "secret", header="p=tls-server-end-point,,", binding=b"digest")
    said = client.send(b"x AUTHENTICATE SCRAM-SHA-256-PLUS " + b64encode(mine.first()) + b"\r\n")
    assert read(answer(client, mine.final(read(said)))) == mine.signature
    assert client.send(b"\r\n").startswith(b"x OK ")


def test_somebody_in_the_middle_is_noticed() -> None:
    client = connected(tls=True)
    mine = ScramClient("ann", "secret", header="p=tls-server-end-point,,", binding=b"of another certificate")
    said = client.send(b"x AUTHENTICATE SCRAM-SHA-256-PLUS " + b64encode(mine.first()) + b"\r\n")
    assert answer(client, mine.final(read(said))).startswith(b"x BAD ")
    assert client.session.principal is None and client.session.pending_auth is None


@pytest.mark.parametrize(("login", "secret"), [("ann", "wrong"), ("bo", "secret")])
def test_a_wrong_proof(login: str, secret: str) -> None:
    client, mine = connected(), ScramClient(login, secret)
    said = client.send(b"x AUTHENTICATE SCRAM-SHA-256 " + b64encode(mine.first()) + b"\r\n")
    assert answer(client, mine.final(read(said))).startswith(b"x NO [AUTHENTICATIONFAILED] ")
    assert b" OK " in client.run(b"NOOP") and client.session.principal is None


def test_no_mailbox_too_many_guesses_and_nonsense() -> None:
    client, mine = connected(), ScramClient("root", "secret")
    said = client.send(b"x AUTHENTICATE SCRAM-SHA-256 " + b64encode(mine.first()) + b"\r\n")
    read(answer(client, mine.final(read(said))))
    assert client.send(b"\r\n").startswith(b"x NO [AUTHORIZATIONFAILED] ")
    again = b64encode(ScramClient("again", "x").first())
    assert client.send(b"x AUTHENTICATE SCRAM-SHA-256 " + again + b"\r\n").startswith(b"x NO [UNAVAILABLE] ")
    for line in (b"bm9uc2Vuc2U=", b"!", b"*", b""):
        client.send(b"x AUTHENTICATE SCRAM-SHA-256\r\n")
        assert client.send(line + b"\r\n").startswith(b"x BAD "), line
    assert client.session.pending_auth is None


def test_more_words_at_the_end_log_nobody_in() -> None:
    client, mine = connected(), ScramClient("ann", "secret")
    said = client.send(b"x AUTHENTICATE SCRAM-SHA-256 " + b64encode(mine.first()) + b"\r\n")
    answer(client, mine.final(read(said)))
    assert answer(client, b"more").startswith(b"x BAD ")
    assert client.session.principal is None


def offered(client: Client) -> set[bytes]:
    return {name for name in list_capabilities(client.session).split() if name.startswith(b"AUTH=SCRAM")}


def test_it_is_offered_where_it_works() -> None:
    assert offered(connected()) == {b"AUTH=SCRAM-SHA-256"}
    assert offered(connected(tls=True)) == {b"AUTH=SCRAM-SHA-256", b"AUTH=SCRAM-SHA-256-PLUS"}
    assert offered(connected(tls=True, bindings={})) == {b"AUTH=SCRAM-SHA-256"}
    without = Client(log_in=False)
    assert offered(without) == set()
    assert without.send(b"x AUTHENTICATE SCRAM-SHA-256\r\n").startswith(b"x NO [CANNOT] ")
