"""Key records: what a domain publishes under `selector._domainkey`. RFC 6376 §3.6, RFC 8463 §4. Pure."""

from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from .. import tags
from ..names import Kind, Names
from ..tags import BadTags

MIN_RSA_BITS = 1_024
"""RFC 8301 §3.2: shorter keys prove nothing."""


class NoKey(ValueError):
    """The signature cannot be checked, now or later (permerror)."""


class WeakKey(ValueError):
    """A key or algorithm that no longer counts (policy)."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    key: RSAPublicKey | Ed25519PublicKey
    is_testing: bool = False
    is_strict: bool = False
    """t=s: i= must name the very domain of d=."""

    @property
    def algorithm(self) -> str:
        return "rsa" if isinstance(self.key, RSAPublicKey) else "ed25519"

    def verify(self, signature: bytes, signed: bytes) -> bool:
        """Whether `signature` is of `signed`, with SHA-256."""
        try:
            if isinstance(self.key, RSAPublicKey):
                self.key.verify(signature, signed, PKCS1v15(), hashes.SHA256())
            else:
                digest = hashes.Hash(hashes.SHA256())
                digest.update(signed)
                self.key.verify(signature, digest.finalize())
        except (InvalidSignature, ValueError):
            return False
        return True


def find(names: Names, *, selector: str, domain: str) -> PublicKey:
    """NoKey, WeakKey, or NamesFailed where the DNS does not answer."""
    answer = names.look_up(f"{selector}._domainkey.{domain}", Kind.TXT)
    if answer.is_void:
        raise NoKey(f"no key at {selector}._domainkey.{domain}")
    fault: ValueError = NoKey("no key")
    for text in answer.records[:4]:
        try:
            return parse(text)
        except (NoKey, WeakKey) as error:
            fault = error
    raise fault


def parse(text: str) -> PublicKey:
    try:
        found = tags.parse(text)
        if found.get("v", "DKIM1") != "DKIM1" or ("v" in found and next(iter(found)) != "v"):
            raise NoKey("the record is of another version")
        if "p" not in found:
            raise NoKey("the record has no key")
        if not found["p"]:
            raise NoKey("the key was revoked")
        data = tags.decode_base64(found["p"])
    except BadTags as error:
        raise NoKey(f"the key record is malformed: {error}") from error
    if "sha256" not in _words(found.get("h", "sha256")):
        raise NoKey("the key is not for SHA-256")
    if not {"*", "email"} & set(_words(found.get("s", "*"))):
        raise NoKey("the key is not for mail")
    flags = _words(found.get("t", ""))
    return PublicKey(_load(found.get("k", "rsa"), data), "y" in flags, "s" in flags)


def _load(kind: str, data: bytes) -> RSAPublicKey | Ed25519PublicKey:
    try:
        if kind == "ed25519":
            return Ed25519PublicKey.from_public_bytes(data)
        key = load_der_public_key(data) if kind == "rsa" else None
    except (ValueError, UnsupportedAlgorithm) as error:
        raise NoKey("the key cannot be read") from error
    if not isinstance(key, RSAPublicKey):
        raise NoKey(f"no key of type {kind[:20]!r}")
    if key.key_size < MIN_RSA_BITS:
        raise WeakKey(f"an RSA key of {key.key_size} bits proves nothing")
    return key


def _words(text: str) -> list[str]:
    return [word.strip(" \t") for word in text.split(":")]
