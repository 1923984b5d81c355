"""Whether the signatures of a message are good. RFC 6376 §6, RFC 8301, RFC 8463. Pure; asks only the names port.

Never raises. At most MAX_SIGNATURES are looked at, so that a message full of them costs no more.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from ..fields import Field, get_all
from ..names import Names, NamesFailed
from ..tags import BadTags
from . import publickeys, signature
from .canonical import canonicalise_body, gather
from .publickeys import NoKey, WeakKey
from .signature import ALGORITHMS, Signature

MAX_SIGNATURES = 8
CLOCK_SKEW = 300


@dataclass(frozen=True, slots=True)
class Verdict:
    result: str
    """pass, fail, policy, neutral, temperror or permerror (RFC 8601 §2.7.1)."""
    domain: str = ""
    selector: str = ""
    identity: str = ""
    algorithm: str = ""
    reason: str = ""
    mark: str = ""
    """The first characters of b=, to tell signatures apart (RFC 6008)."""
    is_testing: bool = False


class Bodies:
    """Hashes of one body, each way of canonicalising computed once."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._plain: dict[bool, bytes] = {}
        self._hashes: dict[tuple[bool, int | None], bytes] = {}

    def length(self, *, relaxed: bool) -> int:
        return len(self._canonical(relaxed))

    def hash(self, *, relaxed: bool, length: int | None) -> bytes:
        key = (relaxed, length)
        if key not in self._hashes:
            data = self._canonical(relaxed)
            self._hashes[key] = hashlib.sha256(data if length is None else data[:length]).digest()
        return self._hashes[key]

    def _canonical(self, relaxed: bool) -> bytes:
        if relaxed not in self._plain:
            self._plain[relaxed] = canonicalise_body(self._body, relaxed=relaxed)
        return self._plain[relaxed]


def verify_all(names: Names, fields: Sequence[Field], bodies: Bodies, *, now: int) -> list[Verdict]:
    """One verdict for each DKIM-Signature from the top, at most MAX_SIGNATURES; none for an unsigned message."""
    found = get_all(list(fields), b"dkim-signature")
    return [_verify(names, fields, bodies, field, now) for field in found[:MAX_SIGNATURES]]


def _verify(names: Names, fields: Sequence[Field], bodies: Bodies, field: Field, now: int) -> Verdict:
    try:
        parsed = signature.parse(field.value)
    except BadTags as error:
        return Verdict("permerror", reason=f"malformed signature: {error}")
    others = [one for one in fields if one is not field]
    return judge(names, others, bodies, field, parsed, now=now)


def judge(names: Names, fields: Sequence[Field], bodies: Bodies, field: Field, parsed: Signature, *, now: int) -> Verdict:
    """One parsed signature against the fields (without its own) and the body. Also serves ARC-Message-Signature."""

    def say(result: str, reason: str = "", *, is_testing: bool = False) -> Verdict:
        mark = signature_mark(parsed.value)
        return Verdict(result, parsed.domain, parsed.selector, parsed.identity, parsed.algorithm, reason, mark, is_testing)

    if parsed.algorithm not in ALGORITHMS:
        return say("policy", f"{parsed.algorithm[:30]} proves nothing")
    if parsed.expires_at is not None and parsed.expires_at < now:
        return say("fail", "the signature has expired")
    if parsed.signed_at is not None and parsed.signed_at > now + CLOCK_SKEW:
        return say("fail", "the signature is from the future")
    if parsed.length is not None and parsed.length > bodies.length(relaxed=parsed.relaxed_body):
        return say("permerror", "l= is longer than the body")
    if bodies.hash(relaxed=parsed.relaxed_body, length=parsed.length) != parsed.body_hash:
        return say("fail", "the body was changed")
    try:
        key = publickeys.find(names, selector=parsed.selector, domain=parsed.domain)
    except NamesFailed as error:
        return say("temperror", str(error))
    except NoKey as error:
        return say("permerror", str(error))
    except WeakKey as error:
        return say("policy", str(error))
    if key.algorithm != parsed.algorithm.partition("-")[0]:
        return say("permerror", "the key is of another algorithm")
    if key.is_strict and parsed.identity.rpartition("@")[2] != parsed.domain:
        return say("permerror", "the key is not for subdomains")
    signed = gather(fields, parsed.names, field.raw, relaxed=parsed.relaxed_header)
    if not key.verify(parsed.value, signed):
        return say("fail", "the signature does not match", is_testing=key.is_testing)
    if parsed.length is not None and parsed.length < bodies.length(relaxed=parsed.relaxed_body):
        # §8.2: anything may have been added after what was signed.
        return say("policy", "only part of the body is signed", is_testing=key.is_testing)
    return say("pass", is_testing=key.is_testing)


def signature_mark(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")[:8]
