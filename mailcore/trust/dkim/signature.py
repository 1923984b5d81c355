"""The tags of one DKIM-Signature (or ARC-Message-Signature) as values. RFC 6376 §3.5, RFC 8617 §4.1.2. Pure."""

import quopri
import re
from dataclasses import dataclass

from .. import tags
from ..names import is_name
from ..tags import BadTags

ALGORITHMS = frozenset({"rsa-sha256", "ed25519-sha256"})
_SELECTOR = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)*\Z")
_FIELD_NAME = re.compile(r"[!-9<-~]+\Z")
_ALGORITHM = re.compile(r"[a-z0-9]+-[a-z0-9]+\Z")


@dataclass(frozen=True, slots=True)
class Signature:
    algorithm: str
    value: bytes
    body_hash: bytes
    domain: str
    selector: str
    names: tuple[bytes, ...]
    """h=, lower case, in order."""
    relaxed_header: bool = False
    relaxed_body: bool = False
    identity: str = ""
    length: int | None = None
    signed_at: int | None = None
    expires_at: int | None = None


def parse(value: bytes, *, is_arc: bool = False) -> Signature:
    """BadTags where it breaks the rules; it is not checked here whether it is still valid."""
    found = tags.parse(value.decode("utf-8", "replace"))
    needed = ("a", "b", "bh", "d", "h", "s") + (() if is_arc else ("v",))
    missing = [name for name in needed if name not in found]
    if missing:
        raise BadTags(f"{missing[0]}= is missing")
    if not is_arc and found["v"] != "1":
        raise BadTags("v= is not 1")
    if "dns/txt" not in [word.strip(" ") for word in found.get("q", "dns/txt").split(":")]:
        raise BadTags("q= names no known way to the key")
    header, body = _canonicalisation(found.get("c", "simple/simple"))
    domain, selector = _domain(found["d"]), found["s"].lower()
    if not _SELECTOR.match(selector):
        raise BadTags("s= is no selector")
    if not _ALGORITHM.match(found["a"]):
        raise BadTags("a= is no algorithm")
    signed_at = tags.read_number(found["t"]) if "t" in found else None
    expires_at = tags.read_number(found["x"]) if "x" in found else None
    if signed_at is not None and expires_at is not None and expires_at < signed_at:
        raise BadTags("x= is before t=")
    return Signature(
        algorithm=found["a"],
        value=tags.decode_base64(found["b"]),
        body_hash=tags.decode_base64(found["bh"]),
        domain=domain,
        selector=selector,
        names=_names(found["h"], is_arc=is_arc),
        relaxed_header=header,
        relaxed_body=body,
        identity=f"@{domain}" if is_arc else _identity(found.get("i", f"@{domain}"), domain),
        length=tags.read_number(found["l"], digits=76) if "l" in found else None,
        signed_at=signed_at,
        expires_at=expires_at,
    )


def _canonicalisation(text: str) -> tuple[bool, bool]:
    header, _, body = text.partition("/")
    words = (header, body or "simple")
    if not set(words) <= {"simple", "relaxed"}:
        raise BadTags("c= is no known canonicalisation")
    return words[0] == "relaxed", words[1] == "relaxed"


def _domain(text: str) -> str:
    domain = text.lower()
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError as error:
            raise BadTags("d= is no domain name") from error
    if not is_name(domain) or "." not in domain or re.search(r"[^a-z0-9._-]", domain):
        raise BadTags("d= is no domain name")
    return domain


def _names(text: str, *, is_arc: bool) -> tuple[bytes, ...]:
    words = [word.strip(" ") for word in text.split(":")]
    if not all(_FIELD_NAME.match(word) for word in words):
        raise BadTags("h= is no list of field names")
    names = tuple(word.lower().encode() for word in words)
    if b"from" not in names:
        raise BadTags("h= does not cover From")
    if is_arc and b"arc-seal" in names:
        raise BadTags("h= covers ARC-Seal")
    return names


def _identity(text: str, domain: str) -> str:
    plain = quopri.decodestring(text.replace(" ", "").encode("utf-8")).decode("utf-8", "replace")
    local, at, host = plain.rpartition("@")
    host = host.lower()
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError as error:
            raise BadTags("i= is no identity") from error
    if not at or (host != domain and not host.endswith(f".{domain}")):
        raise BadTags("i= is not within d=")
    return f"{local}@{host}"
