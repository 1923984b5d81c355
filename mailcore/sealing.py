"""Secrets that must be read again (webhook keys), sealed with the installation's key. Law 9: none lies in clear."""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

from mailcore.kernel.errors import Conflict


def seal(text: str, *, purpose: str) -> str:
    return _box(purpose).encrypt(text.encode()).decode("ascii")


def unseal(sealed: str, *, purpose: str) -> str:
    """Conflict where `secret.key` is not the one it was sealed with."""
    try:
        return _box(purpose).decrypt(sealed.encode("ascii")).decode()
    except InvalidToken as error:
        raise Conflict("This secret was sealed with another secret.key and cannot be read.") from error


def _box(purpose: str) -> Fernet:
    key = hashlib.blake2b(settings.SECRET_KEY.encode(), digest_size=32, person=b"facteur-seal", salt=purpose.encode()[:16]).digest()
    return Fernet(base64.urlsafe_b64encode(key))
