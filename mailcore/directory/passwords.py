"""How passwords and tokens become what is stored. Nothing here reads or writes the database.

People's passwords are slow argon2id hashes. App passwords and API keys are random and long,
so a fast keyed hash is enough for them, and they cost a login microseconds.
"""

import hashlib
import secrets

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher, check_password, make_password
from django.utils.functional import SimpleLazyObject

MIN_LENGTH = 8
MAX_LENGTH = 1_024
"""Octets; longer secrets are refused before they are hashed, since hashing them costs time."""

_APP_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
_APP_LENGTH = 24


class Argon2Hasher(Argon2PasswordHasher):
    """argon2id with 19 MiB, two passes and one lane."""

    time_cost = 2
    memory_cost = 19_456
    parallelism = 1


def hash_password(secret: str) -> str:
    return make_password(secret)


def verify_password(*, secret: str, encoded: str) -> bool:
    return check_password(secret, encoded)


_dummy = SimpleLazyObject(lambda: make_password(secrets.token_urlsafe(16)))


def spend_dummy(secret: str) -> None:
    """Cost as much as a real check, so that time does not tell which logins exist."""
    check_password(secret, str(_dummy))


def keyed_digest(*, secret: str, purpose: str) -> str:
    """A fast keyed hash of a long random secret; `purpose` keeps the kinds apart."""
    key = hashlib.blake2b(settings.SECRET_KEY.encode(), digest_size=64, person=b"facteur-token").digest()
    return hashlib.blake2b(f"{purpose}\0{secret}".encode(), key=key, digest_size=32).hexdigest()


def new_app_password() -> str:
    """Six groups of four: 120 bits, easy to copy by eye."""
    text = "".join(secrets.choice(_APP_ALPHABET) for _ in range(_APP_LENGTH))
    return "-".join(text[start : start + 4] for start in range(0, _APP_LENGTH, 4))


def fold_app_password(secret: str) -> str | None:
    """The bare letters of what may be an app password, or None where it cannot be one."""
    bare = secret.replace("-", "").replace(" ", "").lower()
    if len(bare) != _APP_LENGTH or any(char not in _APP_ALPHABET for char in bare):
        return None
    return bare


def new_api_key() -> str:
    return "fk_" + secrets.token_urlsafe(32)
