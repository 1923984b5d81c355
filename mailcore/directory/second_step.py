"""The second step of signing in: codes of a telephone, and recovery codes on paper.

RFC 6238 (TOTP) with SHA-1, six digits and steps of thirty seconds, which every authenticator
knows; RFC 4226 §5.3 (truncation). A code is taken once, one step early or late.
"""

import base64
import hashlib
import hmac
import secrets
import struct
import time
from urllib.parse import quote, urlencode

from django.db import transaction

from mailcore.kernel.errors import Denied, NotFound
from mailcore.sealing import seal, unseal

from . import throttle, users
from .faults import BadField
from .models import RecoveryCode, SecondStep, User
from .passwords import keyed_digest

STEP = 30
DIGITS = 6
DRIFT = 1
CODES = 10
_PURPOSE = "second-step"
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def code_at(*, secret: bytes, step: int) -> str:
    """RFC 4226 §5.3 with the counter of RFC 6238 §4."""
    digest = hmac.new(secret, struct.pack(">Q", step), hashlib.sha1).digest()
    offset = digest[-1] & 15
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def begin(*, user_id: int) -> str:
    """A new secret in base32, kept and without effect until `confirm`. Denied where the second step is on already."""
    if User.objects.filter(id=user_id, has_second_step=True).exists():
        raise Denied("The second step is on already. Switch it off first.")
    text = base64.b32encode(secrets.token_bytes(20)).decode("ascii")
    SecondStep.objects.update_or_create(user_id=user_id, defaults={"sealed": seal(text, purpose=_PURPOSE), "last_used": 0})
    return text


def find_begun(*, user_id: int) -> str | None:
    """The secret that waits to be confirmed."""
    row = SecondStep.objects.filter(user_id=user_id, user__has_second_step=False).first()
    return None if row is None else unseal(row.sealed, purpose=_PURPOSE)


def uri(*, secret: str, login: str, issuer: str) -> str:
    """What an authenticator reads from the square."""
    label = quote(f"{issuer}:{login}")
    return f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': issuer, 'digits': DIGITS, 'period': STEP})}"


def confirm(*, user_id: int, code: str, now: float | None = None) -> list[str]:
    """Switch it on; the recovery codes, seen this once. BadField where the code is wrong."""
    if find_begun(user_id=user_id) is None:
        raise NotFound("Nothing waits to be confirmed. Begin again.")
    if not _is_code(user_id, code, now):
        raise BadField("code", "That is not the code shown now. Is the clock of the telephone right?")
    with transaction.atomic():
        User.objects.filter(id=user_id).update(has_second_step=True)
        users.void(user_id=user_id)
        return renew_codes(user_id=user_id)


def renew_codes(*, user_id: int) -> list[str]:
    """New recovery codes; the old ones are void."""
    codes = ["-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(2)) for _ in range(CODES)]
    with transaction.atomic():
        RecoveryCode.objects.filter(user_id=user_id).delete()
        RecoveryCode.objects.bulk_create([RecoveryCode(user_id=user_id, digest=_digest(user_id, code)) for code in codes])
    return codes


def count_codes(*, user_id: int) -> int:
    return RecoveryCode.objects.filter(user_id=user_id).count()


def check(*, user_id: int, login: str, code: str, peer: str, now: float | None = None) -> bool:
    """Whether a code or a recovery code is right; True where it was a recovery code.

    Denied where it is wrong, Throttled after too many guesses. Each is taken once.
    """
    throttle.check(login=f"code:{login}", peer=peer)
    text = "".join(code.split()).lower()
    if text.isdecimal() and _is_code(user_id, text, now):
        return False
    if RecoveryCode.objects.filter(user_id=user_id, digest=_digest(user_id, text)).delete()[0]:
        return True
    throttle.record_failure(login=f"code:{login}", secret=text[:100], peer=peer)
    raise Denied("That code is wrong or was used already.", f"wrong code for {login!r} from {peer}")


def remove(*, user_id: int) -> None:
    """Switch it off; every remembered login is void."""
    with transaction.atomic():
        if not User.objects.filter(id=user_id).update(has_second_step=False):
            raise NotFound("There is no such login.")
        SecondStep.objects.filter(user_id=user_id).delete()
        RecoveryCode.objects.filter(user_id=user_id).delete()
        users.void(user_id=user_id)


def _is_code(user_id: int, code: str, now: float | None) -> bool:
    with transaction.atomic():
        row = SecondStep.objects.select_for_update().filter(user_id=user_id).first()
        if row is None:
            return False
        secret = base64.b32decode(unseal(row.sealed, purpose=_PURPOSE))
        here = int((time.time() if now is None else now) // STEP)
        text = "".join(code.split())
        for step in range(here - DRIFT, here + DRIFT + 1):
            if hmac.compare_digest(code_at(secret=secret, step=step).encode(), text.encode()) and step > row.last_used:
                row.last_used = step
                row.save(update_fields=["last_used"])
                return True
    return False


def _digest(user_id: int, code: str) -> str:
    bare = code.replace("-", "").replace(" ", "").lower()
    return keyed_digest(secret=f"{user_id}:{bare}", purpose="recovery-code")
