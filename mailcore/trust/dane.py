"""DANE: a domain publishes, under DNSSEC, which certificates its mail hosts have. RFC 7672, RFC 6698. Pure.

Only what a validating resolver vouches for counts. Records of usage 0 and 1 are not for mail (§3.1.3).
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .names import Kind, Names

TRUST_ANCHOR, END_ENTITY = 2, 3
MAX_CHAIN = 10
_RECORD = re.compile(r"(\d{1,3}) (\d{1,3}) (\d{1,3}) ([0-9a-f ]+)\Z")


@dataclass(frozen=True, slots=True)
class Tlsa:
    usage: int
    selector: int
    matching: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Published:
    """What a host publishes: nothing (not `exists`), records that can be used, or only others."""

    exists: bool
    records: tuple[Tlsa, ...] = ()


def find(names: Names, host: str, *, port: int = 25) -> Published:
    """NamesFailed where the host has addresses under DNSSEC and its TLSA records cannot be had: then it must not be used (§2.1.2)."""
    secure = any((answer := names.look_up(host, kind)).secure and answer.records for kind in (Kind.A, Kind.AAAA))
    if not secure:
        return Published(False)
    answer = names.look_up(f"_{port}._tcp.{host}", Kind.TLSA)
    if not answer.secure or not answer.records:
        return Published(False)
    return Published(True, tuple(one for text in answer.records if (one := parse(text)) is not None))


def parse(text: str) -> Tlsa | None:
    """None for a record that is malformed or not for mail."""
    match = _RECORD.match(text.lower())
    if match is None:
        return None
    usage, selector, matching = int(match[1]), int(match[2]), int(match[3])
    digits = match[4].replace(" ", "")
    sizes = {0: None, 1: 64, 2: 128}
    if usage not in (TRUST_ANCHOR, END_ENTITY) or selector not in (0, 1) or matching not in sizes:
        return None
    if len(digits) % 2 or (sizes[matching] is not None and len(digits) != sizes[matching]):
        return None
    return Tlsa(usage, selector, matching, bytes.fromhex(digits))


def verify(records: Sequence[Tlsa], chain: Sequence[bytes], *, host: str, now: datetime | None = None) -> bool:
    """Whether the certificates a host showed (DER, its own first) fit one of its records. Never raises."""
    try:
        certificates = [x509.load_der_x509_certificate(der) for der in chain[:MAX_CHAIN]]
    except ValueError:
        return False
    if not certificates:
        return False
    # §3.1.1: with usage 3 neither name nor date counts; the record says it all.
    if any(one.usage == END_ENTITY and _fits(one, certificates[0]) for one in records):
        return True
    anchors = [one for one in records if one.usage == TRUST_ANCHOR]
    return bool(anchors) and _leads_to(anchors, certificates, host, now or datetime.now(UTC))


def _leads_to(anchors: Sequence[Tlsa], chain: Sequence[x509.Certificate], host: str, now: datetime) -> bool:
    """§3.1.2: from the host's certificate, whose name must be right, by signatures to one of the anchors."""
    current, left = chain[0], list(chain[1:])
    if not _is_named(current, host):
        return False
    for _ in range(MAX_CHAIN):
        if not current.not_valid_before_utc <= now <= current.not_valid_after_utc:
            return False
        if any(_fits(one, current) for one in anchors) and current is not chain[0]:
            return True
        issuer = next((one for one in left if _has_issued(one, current)), None)
        if issuer is None:
            return False
        left.remove(issuer)
        current = issuer
    return False


def _has_issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        if not issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return False
        certificate.verify_directly_issued_by(issuer)
    except (x509.ExtensionNotFound, InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def _is_named(certificate: x509.Certificate, host: str) -> bool:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
    except (x509.ExtensionNotFound, ValueError):
        return False
    name = host.lower().rstrip(".")
    return any(one.lower() == name or (one.startswith("*.") and name.partition(".")[2] == one[2:].lower()) for one in found)


def _fits(record: Tlsa, certificate: x509.Certificate) -> bool:
    if record.selector == 0:
        data = certificate.public_bytes(Encoding.DER)
    else:
        data = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if record.matching == 0:
        return data == record.data
    return hashlib.new("sha256" if record.matching == 1 else "sha512", data).digest() == record.data
