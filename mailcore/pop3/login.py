"""AUTH: SASL exchanges as generators that yield challenges, take answers and return the reply (RFC 5034, RFC 4616, RFC 7677, RFC 7628)."""

import binascii
from base64 import b64decode
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from secrets import token_urlsafe

from mailcore.kernel import bearer as bearers
from mailcore.kernel import scram as scrams
from mailcore.kernel.errors import BadSyntax, Denied, Throttled
from mailcore.kernel.ports import ScramPort
from mailcore.kernel.principal import Principal, Service
from mailcore.kernel.sasl import read_plain

Exchange = Generator[bytes, bytes, bytes]
MECHANISMS = ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN", *bearers.MECHANISMS)
_NONCE_BYTES = 18


@dataclass(frozen=True, slots=True)
class Sasl:
    """What logins by SASL need of the world."""

    scram: ScramPort | None = None
    """None where some login has no key for it yet."""
    bindings: Mapping[str, bytes] = field(default_factory=dict)
    """What the TLS channel can be bound to, by name (RFC 5929)."""

    def list_mechanisms(self, *, has_tls: bool) -> list[str]:
        """What can be used now, the best first."""
        scrams_too = self.scram is not None
        plus_too = scrams_too and has_tls and bool(self.bindings)
        return [one for one in MECHANISMS if not one.startswith("SCRAM") or (plus_too if one.endswith("-PLUS") else scrams_too)]


def plain(log_in: Callable[[str, str], bytes]) -> Exchange:
    """The first challenge, an empty one, is answered by the initial response where the client sent it along."""
    return log_in(*read_plain((yield b"")))


def bearer(
    mechanism: str,
    *,
    prove: Callable[[str, str], Principal],
    open_drop: Callable[[Principal], bytes],
    refuse: Callable[[Denied], bytes],
) -> Exchange:
    """A token that is not taken is answered with the reason, and the login fails with the client's next line (RFC 7628 §3.2.3)."""
    login, token = bearers.read(mechanism, (yield b""))
    try:
        principal = prove(login, token)
    except Throttled:
        raise
    except Denied as error:
        # Counted now: the client may cancel in place of an answer.
        reply = refuse(error)
        yield bearers.REFUSAL
        return reply
    return open_drop(principal)


def scram(sasl: Sasl, *, is_plus: bool, has_tls: bool, peer: str, open_drop: Callable[[Principal], bytes]) -> Exchange:
    """BadSyntax for what is no SCRAM, Denied where the proof fits no key."""
    assert sasl.scram is not None, "it is offered with its port only"
    exchange = scrams.Exchange(token_urlsafe(_NONCE_BYTES), sasl.bindings if has_tls else {}, is_plus)
    try:
        login = exchange.first((yield b""))
        exchange.final((yield exchange.challenge(salt=sasl.scram.find_salt(login=login, peer=peer))))
    except scrams.BadMessage as error:
        raise BadSyntax(str(error)) from error
    principal, signature = sasl.scram.log_in(login=exchange.login, service=Service.POP3, peer=peer, check=exchange.check)
    if (yield signature):
        # The last word was ours; the client has nothing to add (RFC 5802 §5).
        raise BadSyntax("There was nothing left to say")
    return open_drop(principal)


def decode(line: bytes | None) -> bytes:
    """The answer in a line; "=" is an empty one (RFC 5034 §4)."""
    try:
        return b"" if line == b"=" else b64decode(line or b"", validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadSyntax("That is not base64") from error
