"""Logins proved a moment ago, in this process only.

An argon2 check costs tens of milliseconds on purpose; a mail program that opens ten
connections need not pay ten times. The key holds the auth version, so a change of password
or standing voids every entry, and the peer's network, so that an entry made by its owner
is of no use to a guesser elsewhere.
"""

import hashlib
import secrets
import threading
import time

TTL_SECONDS = 300.0
MAX_ENTRIES = 20_000

_process_key = secrets.token_bytes(32)
_lock = threading.Lock()
_entries: dict[bytes, float] = {}


def _digest(*, user_id: int, auth_version: int, service: str, network: str, secret: str) -> bytes:
    head = f"{user_id}\0{auth_version}\0{service}\0{network}\0"
    return hashlib.blake2b(head.encode() + secret.encode("utf-8", "surrogatepass"), key=_process_key, digest_size=32).digest()


def remember(*, user_id: int, auth_version: int, service: str, network: str, secret: str) -> None:
    now = time.monotonic()
    digest = _digest(user_id=user_id, auth_version=auth_version, service=service, network=network, secret=secret)
    with _lock:
        if len(_entries) >= MAX_ENTRIES:
            _drop_old(now)
        _entries[digest] = now + TTL_SECONDS


def is_known(*, user_id: int, auth_version: int, service: str, network: str, secret: str) -> bool:
    digest = _digest(user_id=user_id, auth_version=auth_version, service=service, network=network, secret=secret)
    with _lock:
        until = _entries.get(digest)
    return until is not None and until > time.monotonic()


def clear() -> None:
    with _lock:
        _entries.clear()


def _drop_old(now: float) -> None:
    """Make room: what has run out goes, and where nothing has, the older half."""
    for digest in [digest for digest, until in _entries.items() if until <= now]:
        del _entries[digest]
    if len(_entries) >= MAX_ENTRIES:
        for digest in list(_entries)[: MAX_ENTRIES // 2]:
            del _entries[digest]
