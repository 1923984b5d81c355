"""Signing keys for the tests, made once, and the zone that publishes them."""

import base64
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from mailcore.trust.dkim.signing import SigningKey


@lru_cache
def rsa_key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@lru_cache
def ed_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


def rsa_pem(bits: int = 2048) -> bytes:
    return rsa_key(bits).private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())


def ed_seed() -> bytes:
    return base64.b64encode(ed_key().private_bytes_raw())


def rsa_record(bits: int = 2048) -> str:
    der = rsa_key(bits).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; k=rsa; p={base64.b64encode(der).decode()}"


def ed_record() -> str:
    return f"v=DKIM1; k=ed25519; p={base64.b64encode(ed_key().public_key().public_bytes_raw()).decode()}"


def zone(domain: str = "ann.test") -> str:
    return f'r._domainkey.{domain} TXT "{rsa_record()}"\ne._domainkey.{domain} TXT "{ed_record()}"\n'


def signing_rsa(domain: str = "ann.test") -> SigningKey:
    return SigningKey(domain, "r", rsa_key(2048))


def signing_ed(domain: str = "ann.test") -> SigningKey:
    return SigningKey(domain, "e", ed_key())
