"""SCRAM-SHA-256: the example of RFC 7677, what is refused, and logins by it."""

from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailcore.kernel.scram import BadMessage, Exchange, derive, prepare

from .scram_client import ScramClient

SALT = b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")


def test_the_example_of_the_standard() -> None:
    exchange = Exchange("%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0")
    assert exchange.first(b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO") == "user"
    said = exchange.challenge(salt=SALT, iterations=4_096)
    assert said == b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    exchange.final(b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
    keys, other = derive("pencil", SALT, 4_096), derive("Pencil", SALT, 4_096)
    assert keys is not None and other is not None
    assert exchange.check(keys) == b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
    assert exchange.check(other) is None


def run(client: ScramClient, secret: str, **options: object) -> bytes | None:
    exchange = Exchange("server", **options)  # type: ignore[arg-type]
    exchange.first(client.first())
    exchange.final(client.final(exchange.challenge(salt=SALT, iterations=2)))
    keys = derive(secret, SALT, 2)
    assert keys is not None
    return exchange.check(keys)


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=30), st.text(min_size=1, max_size=20))
def test_who_knows_the_secret_gets_in(secret: str, login: str) -> None:
    login = login.replace("\0", "x").encode("utf-8", "replace").decode()
    client = ScramClient(login, secret)
    assert run(client, secret) == client.signature
    assert run(ScramClient(login, secret + "x"), secret) is None


def test_the_channel_is_bound() -> None:
    bindings = {"tls-server-end-point": b"digest of the certificate"}
    client = ScramClient("ann", "s", header="p=tls-server-end-point,,", binding=bindings["tls-server-end-point"])
    assert run(client, "s", bindings=bindings, is_plus=True) == client.signature
    for wrong in (
        ScramClient("ann", "s", header="p=tls-server-end-point,,", binding=b"of another"),
        ScramClient("ann", "s", header="p=tls-unique,,", binding=b"x"),
        ScramClient("ann", "s", header="n,,"),
    ):
        with pytest.raises(BadMessage):
            run(wrong, "s", bindings=bindings, is_plus=True)
    with pytest.raises(BadMessage):
        run(ScramClient("ann", "s", header="p=tls-server-end-point,,"), "s")


def test_a_mechanism_taken_out_on_the_way_is_noticed() -> None:
    with pytest.raises(BadMessage):
        run(ScramClient("ann", "s", header="y,,"), "s", bindings={"tls-server-end-point": b"x"})
    assert run(ScramClient("ann", "s", header="y,,"), "s") is not None


@pytest.mark.parametrize(
    "message",
    [b"", b"n", b"n,", b"n,,", b"n,,n=ann", b"n,,r=abcdefghijk", b"n,,n=,r=abcdefghijk", b"n,,n=a=b,r=abcdefghijk", b"n,,n=ann,r=abc",
     b"\xff", b"x,,n=ann,r=abcdefghijk", b"n,a=bo,n=ann,r=abcdefghijk", b"n,,m=x,n=ann,r=abcdefghijk", b"n,,n=ann,r=abc\0defghijk",
     b"n" * 5_000],
)  # fmt: skip
def test_what_is_no_first_message(message: bytes) -> None:
    with pytest.raises(BadMessage):
        Exchange("server").first(message)


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"c=biws",
        b"c=biws,r=abcdefghijkserver",
        b"c=biws,r=other,p=AAAA",
        b"c=eSws,r=abcdefghijkserver,p=AAAA",
        b"c=!,r=abcdefghijkserver,p=AA",
    ],
)
def test_what_is_no_answer(message: bytes) -> None:
    exchange = Exchange("server")
    exchange.first(b"n,,n=ann,r=abcdefghijk")
    exchange.challenge(salt=SALT)
    with pytest.raises(BadMessage):
        exchange.final(message)


def test_secrets_are_prepared() -> None:
    assert prepare("I\u00adX") == "IX" and prepare("\u00aa") == "a" and prepare("\u2168") == "IX" and prepare("a\u00a0b") == "a b"
    assert prepare("\x07") is None and prepare("") is None and prepare("é\u0007") is None
