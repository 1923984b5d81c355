"""What proves that an address or a link was made here: keyed digests in the alphabet of a local part.

`team-bounces+KEY@` is the envelope sender of one member's copies (VERP); KEY is a digest of list and
address, so it is made without a look at the members and nobody can make it up.
"""

import base64
import hashlib
import hmac

from django.conf import settings

from mailcore.kernel.addresses import MailAddress
from mailcore.kernel.errors import Denied

LENGTH = 16
"""Characters of five bits each: 80 bits, in local parts of at most 64 octets."""


def make(purpose: str, *parts: str) -> str:
    key = hashlib.blake2b(settings.SECRET_KEY.encode(), digest_size=32, person=b"facteur-lists").digest()
    digest = hmac.new(key, "\0".join((purpose, *parts)).encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
    return base64.b32encode(digest).decode("ascii").lower()[:LENGTH]


def is_made(token: str, purpose: str, *parts: str) -> bool:
    return hmac.compare_digest(make(purpose, *parts).encode(), token.casefold().encode("utf-8", "replace"))


def member_key(*, list_address: str, email: str) -> str:
    return make("bounce", list_address, email)


def leave_token(key: str) -> str:
    """Of the link that unsubscribes: more than the key, which every host on the way has seen."""
    return f"{key}.{make('leave', key)}"


def read_leave_token(token: str) -> str:
    """The member's key. Denied where the link was not made here."""
    key, _, proof = token.casefold().partition(".")
    if not is_made(proof, "leave", key):
        raise Denied("This link was not made here.")
    return key


def numbered(purpose: str, number: int, *parts: str) -> str:
    """`12-abc…`: a row and the proof of it."""
    return f"{number}-{make(purpose, str(number), *parts)}"


def read_number(token: str) -> int:
    """The row a token speaks of, not proved yet. Denied for what has not the form."""
    number = token.partition("-")[0]
    if not number.isascii() or not number.isdigit() or len(number) > 18:
        raise Denied("This link was not made here.")
    return int(number)


def command_address(list_address: str, command: str, token: str = "") -> str:
    """`team-confirm+token@example.org` of `team@example.org`."""
    parsed = MailAddress.parse(list_address)
    return str(MailAddress(f"{parsed.local}-{command}{f'+{token}' if token else ''}", parsed.domain))


def list_of(bounce_address: str) -> str:
    """The list behind `team-bounces@example.org`."""
    local, _, domain = bounce_address.rpartition("@")
    return f"{local.removesuffix('-bounces')}@{domain}"
