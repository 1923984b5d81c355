"""What is kept of passwords so that SCRAM can check them (RFC 5802 §9).

Sealed with the installation's key: what lies in the database alone is no easier to guess from
than the slow hashes beside it. A key belongs to the very hash it was made with, so that a new
password voids it whoever sets it; what is missing is made at the next login with the password.
"""

import secrets
from base64 import b64decode, b64encode
from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from mailcore.kernel.scram import Keys, derive
from mailcore.sealing import seal, unseal

from .models import AppPassword, Mailbox, ScramKey
from .passwords import fold_app_password, keyed_digest

_PURPOSE = "scram"
_SALT = 16


@dataclass(frozen=True, slots=True)
class Verifier:
    salt: bytes
    sealed: str


def make(secret: str, *, user_id: int | None = None) -> Verifier | None:
    """Slow on purpose (10 ms): belongs before a transaction. None for what cannot be a SCRAM password.

    All keys of a login share a salt, since it is told before anybody can know which of them is meant.
    """
    salt = find_salt(user_id) if user_id is not None else None
    salt = salt or secrets.token_bytes(_SALT)
    keys = derive(secret, salt)
    if keys is None:
        return None
    return Verifier(salt, seal(b64encode(keys.stored + keys.server).decode("ascii"), purpose=_PURPOSE))


def keep_password(*, user_id: int, encoded: str, verifier: Verifier | None) -> None:
    ScramKey.objects.filter(user_id=user_id, app_password=None).delete()
    if verifier is not None:
        ScramKey.objects.create(user_id=user_id, for_password=encoded, salt=b64encode(verifier.salt).decode(), sealed=verifier.sealed)


def keep_new(rows: list[tuple[int, str, Verifier]]) -> None:
    """(user id, hash, verifier) of logins that were made just now, so that there is nothing to replace."""
    ScramKey.objects.bulk_create(
        [
            ScramKey(user_id=user_id, for_password=encoded, salt=b64encode(one.salt).decode(), sealed=one.sealed)
            for user_id, encoded, one in rows
        ]
    )


def keep_app_password(*, app_password: AppPassword, verifiers: list[Verifier | None]) -> None:
    for verifier in verifiers:
        if verifier is not None:
            ScramKey.objects.create(
                user_id=app_password.user_id, app_password=app_password, salt=b64encode(verifier.salt).decode(), sealed=verifier.sealed
            )


def make_app_password(secret: str, *, user_id: int) -> list[Verifier | None]:
    """As it is shown, and without the dashes."""
    bare = fold_app_password(secret) or secret
    return [make(form, user_id=user_id) for form in dict.fromkeys((spell(bare), bare))]


def spell(bare: str) -> str:
    return "-".join(bare[at : at + 4] for at in range(0, len(bare), 4))


def learn(*, user_id: int, encoded: str, secret: str) -> None:
    """Keep what is missing of a secret that has just opened this account."""
    bare = fold_app_password(secret)
    digest = keyed_digest(secret=bare, purpose="app-password") if bare else ""
    app_password = AppPassword.objects.filter(user_id=user_id, digest=digest).first() if bare else None
    if app_password is not None:
        if not ScramKey.objects.filter(app_password=app_password).exists():
            keep_app_password(app_password=app_password, verifiers=make_app_password(secret, user_id=user_id))
    elif not ScramKey.objects.filter(user_id=user_id, app_password=None, for_password=encoded).exists():
        keep_password(user_id=user_id, encoded=encoded, verifier=make(secret, user_id=user_id))


def is_complete() -> bool:
    """Whether every login that a mail program can use has its key: only then is the mechanism offered.

    A program that may choose takes SCRAM, and would stand before a locked door where a key is missing.
    """
    password_keys = ScramKey.objects.filter(user_id=OuterRef("user_id"), app_password=None, for_password=OuterRef("user__password"))
    lacking = Mailbox.objects.filter(user__is_active=True, user__has_second_step=False).exclude(user__password__startswith="!")
    if lacking.exclude(Exists(password_keys)).exists():
        return False
    return not AppPassword.objects.exclude(Exists(ScramKey.objects.filter(app_password_id=OuterRef("pk")))).exists()


def read(sealed: str) -> Keys:
    data = b64decode(unseal(sealed, purpose=_PURPOSE))
    return Keys(data[:32], data[32:])


def find_salt(user_id: int) -> bytes | None:
    salt = ScramKey.objects.filter(user_id=user_id).order_by("pk").values_list("salt", flat=True).first()
    return b64decode(salt) if salt else None
