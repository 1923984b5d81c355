"""How many wrong guesses are borne, per login, per peer and per network.

Only failures write. One wrong password repeated by a mail program that was not told of the
new one counts once, so it never locks its owner out.
"""

import hashlib
import ipaddress
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from mailcore.kernel.errors import Throttled

from .models import GuessBucket

WINDOW = timedelta(minutes=15)
LIMITS = {"login": 20, "peer": 40, "net": 120}
"""Failures within WINDOW after which nothing is checked any more."""

_UPSERT = """
INSERT INTO directory_guessbucket (key, count, window_until) VALUES (%s, 1, %s)
ON CONFLICT (key) DO UPDATE SET
  count = CASE WHEN directory_guessbucket.window_until <= %s THEN 1 ELSE directory_guessbucket.count + 1 END,
  window_until = CASE WHEN directory_guessbucket.window_until <= %s THEN excluded.window_until ELSE directory_guessbucket.window_until END
RETURNING count
"""


def network_of(peer: str) -> str:
    """The /24 or /64 a peer belongs to; "" for loopback and for what is not an IP address.

    Loopback has no network: behind a proxy that hides addresses everybody comes from there,
    and one guesser must not lock all others out.
    """
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if address.is_loopback:
        return ""
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 64), strict=False))


def check(*, login: str, peer: str, ignore_login: bool = False) -> None:
    """Raise Throttled where a limit is reached. One indexed query."""
    keys = _keys(login=login, peer=peer)
    if ignore_login:
        keys.pop("login")
    if not keys:
        return
    # Raw, since every login of every protocol passes here; with it a remembered login costs about 0.2 ms.
    marks = ", ".join(["%s"] * len(keys))
    with connection.cursor() as cursor:
        now = connection.ops.adapt_datetimefield_value(timezone.now())
        cursor.execute(f"SELECT key, count FROM directory_guessbucket WHERE key IN ({marks}) AND window_until > %s", [*keys.values(), now])
        counts = dict(cursor.fetchall())
    for level, key in keys.items():
        if counts.get(key, 0) >= LIMITS[level]:
            raise Throttled("Too many wrong passwords. Wait a quarter of an hour.", f"throttled by {level}: {key}")


def record_failure(*, login: str, secret: str, peer: str) -> None:
    now = timezone.now()
    with transaction.atomic():
        if _count_up(_seen_key(login=login, secret=secret, peer=peer), now) > 1:
            return
        for key in _keys(login=login, peer=peer).values():
            _count_up(key, now)


def purge(*, now: datetime | None = None) -> int:
    """Remove what has run out; returns how many rows went."""
    return GuessBucket.objects.filter(window_until__lte=now or timezone.now()).delete()[0]


def _keys(*, login: str, peer: str) -> dict[str, str]:
    keys = {"login": "login:" + _short(login)}
    network = network_of(peer)
    if network:
        keys |= {"peer": f"peer:{peer[:60]}", "net": f"net:{network}"}
    return keys


def _seen_key(*, login: str, secret: str, peer: str) -> str:
    return "seen:" + _short(f"{login}\0{peer}\0{secret}")


def _short(text: str) -> str:
    """Keyed, so the table tells nobody which passwords were tried."""
    key = hashlib.blake2b(settings.SECRET_KEY.encode(), digest_size=32).digest()
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=key, digest_size=24).hexdigest()


def _count_up(key: str, now: datetime) -> int:
    adapt = connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        cursor.execute(_UPSERT, [key, adapt(now + WINDOW), adapt(now), adapt(now)])
        row = cursor.fetchone()
    return int(row[0])
