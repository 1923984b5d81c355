"""Addresses that lead a bounce back through us. The Sender Rewriting Scheme, SRS0 and SRS1. Pure.

Mail passed on to another host comes from us, so its envelope sender must be ours, or SPF fails
there. `SRS0=HASH=TT=far.test=ann@here.test` is ann@far.test, on a day TT, and HASH proves that we
wrote it: nobody else can make us send a bounce anywhere. Of an address another forwarder rewrote,
SRS1 keeps only the way to that one.
"""

import base64
import hashlib
import hmac
import re

from mailcore.kernel.addresses import MailAddress
from mailcore.kernel.errors import BadSyntax, Denied

HASH_LENGTH = 6
MAX_AGE_DAYS = 21
MAX_LOCAL = 255
"""Over the 64 octets of RFC 5321 §4.5.3.1.1, as every SRS is for long addresses; hosts take it."""
_SLOTS = 1_024
_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_SRS0 = re.compile(r"SRS0[=+-]([^=]+)=([^=]+)=([^=]+)=(.+)\Z", re.IGNORECASE | re.DOTALL)
_SRS1 = re.compile(r"SRS1[=+-]([^=]+)=([^=]+)=(=.+|[+-].+)\Z", re.IGNORECASE | re.DOTALL)


def is_rewritten(local: str) -> bool:
    return local[:4].upper() in ("SRS0", "SRS1") and local[4:5] in ("=", "+", "-")


def rewrite(sender: str, *, domain: str, key: bytes, day: int) -> str:
    """The envelope sender to use for mail from `sender` that we pass on. BadSyntax for what is no address."""
    address = MailAddress.parse(sender)
    if is_rewritten(address.local):
        return _rewrite_again(address, domain, key)
    stamp = _BASE32[day % _SLOTS >> 5] + _BASE32[day % _SLOTS & 31]
    proof = _prove(key, stamp, address.domain, address.local)
    return str(MailAddress(f"SRS0={proof}={stamp}={address.domain}={address.local}", domain))


def _rewrite_again(address: MailAddress, domain: str, key: bytes) -> str:
    again = _SRS1.match(address.local)
    host, rest = (again[2], again[3]) if again else (address.domain, address.local[4:])
    return str(MailAddress(f"SRS1={_prove(key, host, rest)}={host}={rest}", domain))


def reverse(local: str, *, key: bytes, day: int) -> str:
    """The address behind a local part we wrote. Denied where we did not, or too long ago."""
    again = _SRS1.match(local)
    if again:
        if not _is_proved(key, again[1], again[2], again[3]):
            raise Denied("This address was not made here.", f"5.7.1 {local}")
        return _make(f"SRS0{again[3]}", again[2])
    first = _SRS0.match(local)
    if first is None:
        raise Denied("This address was not made here.", f"5.7.1 {local}")
    proof, stamp, host, user = first.groups()
    if not _is_proved(key, proof, stamp, host, user):
        raise Denied("This address was not made here.", f"5.7.1 {local}")
    if not _is_fresh(stamp, day):
        raise Denied("This address has run out.", f"5.7.1 {local}")
    return _make(user, host)


def _make(local: str, domain: str) -> str:
    try:
        return str(MailAddress.parse(str(MailAddress(local, domain))))
    except BadSyntax as error:
        # Longer than an address may be: what we wrote can be, and is proved to be ours.
        if error.public.startswith("The part before @ is longer") and len(local) <= MAX_LOCAL:
            return f"{local}@{domain}"
        raise Denied("This address leads nowhere.", f"5.1.3 {local}@{domain}") from error


def _is_fresh(stamp: str, day: int) -> bool:
    letters = stamp.upper()
    if len(letters) != 2 or any(letter not in _BASE32 for letter in letters):
        return False
    then = _BASE32.index(letters[0]) << 5 | _BASE32.index(letters[1])
    return (day - then) % _SLOTS <= MAX_AGE_DAYS


def _prove(key: bytes, *parts: str) -> str:
    """Case does not count: hosts on the way may fold it."""
    digest = hmac.new(key, "\0".join(parts).lower().encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
    return base64.b32encode(digest).decode("ascii")[:HASH_LENGTH]


def _is_proved(key: bytes, proof: str, *parts: str) -> bool:
    return hmac.compare_digest(_prove(key, *parts).encode(), proof.upper().encode("utf-8", "replace"))
