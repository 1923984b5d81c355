"""The DKIM keys of our domains: made in pairs, used once the DNS shows them, replaced with an overlap.

pending → active (the DNS shows its record) → retiring (a newer one is active) → gone. A message
that was signed just before a change is still proved by the record of the key that signed it.
"""

import base64
import logging
import threading
import time
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat, load_der_private_key
from django.db import transaction

from mailcore import sealing
from mailcore.directory.models import Domain
from mailcore.kernel.errors import NotFound

from .dkim import publickeys
from .dkim.publickeys import NoKey, WeakKey
from .dkim.signing import SigningKey
from .models import DkimKey
from .names import Names, NamesFailed

log = logging.getLogger(__name__)

ALGORITHMS = ("rsa", "ed25519")
RSA_BITS = 2_048
RETIRING_SECONDS = 14 * 86_400
"""The longest a message may wait in a queue, ours or another's, and be checked at the end."""
CACHE_SECONDS = 30.0
_PURPOSE = "dkim"
_State = DkimKey.State

_lock = threading.Lock()
_cache: dict[str, tuple[float, tuple[SigningKey, ...]]] = {}


@dataclass(frozen=True, slots=True)
class Shown:
    """A key as the pages and the command show it; without its secret."""

    id: int
    domain: str
    selector: str
    algorithm: str
    state: str
    created_at: int
    changed_at: int
    name: str
    """Of its DNS record."""
    record: str


def ensure(*, domain: str, now: int | None = None) -> list[Shown]:
    """The keys of a domain of ours, made first where it has none."""
    row = _get_domain(domain)
    if not DkimKey.objects.filter(domain=row).exists():
        _make_pair(row, _now(now))
    return list_keys(domain=domain)


def list_keys(*, domain: str) -> list[Shown]:
    return [_show(key) for key in DkimKey.objects.select_related("domain").filter(domain__name=domain).order_by("id")]


def rotate(*, domain: str, now: int | None = None) -> list[Shown]:
    """Make a new pair. The old one signs until the DNS shows the new one; one that was still pending is replaced."""
    row, at = _get_domain(domain), _now(now)
    with transaction.atomic():
        DkimKey.objects.filter(domain=row, state=_State.PENDING).delete()
        _make_pair(row, at)
    return list_keys(domain=domain)


def activate(*, domain: str, selector: str, now: int | None = None) -> None:
    """Sign with this key from now on; an older one of the same kind retires."""
    at = _now(now)
    with transaction.atomic():
        key = DkimKey.objects.filter(domain__name=domain, selector=selector).first()
        if key is None:
            raise NotFound(f"{domain} has no key {selector}.")
        if key.state != _State.ACTIVE:
            same = DkimKey.objects.filter(domain=key.domain, algorithm=key.algorithm, state=_State.ACTIVE)
            same.update(state=_State.RETIRING, changed_at=at)
            DkimKey.objects.filter(pk=key.pk).update(state=_State.ACTIVE, changed_at=at)
    forget_cached()


def remove(*, domain: str, selector: str) -> None:
    if not DkimKey.objects.filter(domain__name=domain, selector=selector).delete()[0]:
        raise NotFound(f"{domain} has no key {selector}.")
    forget_cached()


def advance(*, names: Names, now: int | None = None) -> int:
    """Move every key on as far as the DNS and the time allow; the number moved. Asks the DNS outside transactions."""
    at, moved = _now(now), 0
    for key in DkimKey.objects.select_related("domain").filter(state=_State.PENDING, domain__is_active=True).order_by("id"):
        if is_published(key, names):
            activate(domain=key.domain.name, selector=key.selector, now=at)
            log.info("DKIM key %s is published and signs from now on", key)
            moved += 1
    gone, _ = DkimKey.objects.filter(state=_State.RETIRING, changed_at__lt=at - RETIRING_SECONDS).delete()
    return moved + gone


def is_published(key: DkimKey, names: Names) -> bool:
    try:
        found = publickeys.find(names, selector=key.selector, domain=key.domain.name)
    except (NamesFailed, NoKey, WeakKey):
        return False
    return _public(found.key) == key.public


def find_signing(*, domain: str) -> tuple[SigningKey, ...]:
    """The active keys of a domain, RSA first; none where it has none. Remembered for CACHE_SECONDS."""
    now = time.monotonic()
    with _lock:
        known = _cache.get(domain)
    if known is not None and known[0] > now:
        return known[1]
    rows = DkimKey.objects.filter(domain__name=domain, domain__is_active=True, state=_State.ACTIVE).order_by("-algorithm", "id")
    found = tuple(SigningKey(domain, row.selector, _load(_unseal(row.secret))) for row in rows)
    with _lock:
        if len(_cache) > 10_000:
            _cache.clear()
        _cache[domain] = now + CACHE_SECONDS, found
    return found


def forget_cached() -> None:
    """In this process; others see a change within CACHE_SECONDS, when the old key is still published."""
    with _lock:
        _cache.clear()


def _make_pair(domain: Domain, now: int) -> None:
    stamp = time.strftime("%Y%m%d", time.gmtime(now))
    taken = set(DkimKey.objects.filter(domain=domain).values_list("selector", flat=True))
    for algorithm in ALGORITHMS:
        # Selectors are never used twice: caches of the DNS could mix up the keys.
        wanted = [f"{stamp}{algorithm[0]}", *(f"{stamp}{algorithm[0]}{number}" for number in range(2, 100))]
        selector = next(one for one in wanted if one not in taken)
        key = rsa.generate_private_key(65_537, RSA_BITS) if algorithm == "rsa" else Ed25519PrivateKey.generate()
        secret = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        DkimKey.objects.get_or_create(
            domain=domain,
            selector=selector,
            defaults={
                "algorithm": algorithm,
                "secret": _seal(secret),
                "public": _public(key.public_key()),
                "created_at": now,
                "changed_at": now,
            },
        )


def _public(key: object) -> str:
    if isinstance(key, rsa.RSAPublicKey):
        return base64.b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode("ascii")
    raw: bytes = key.public_bytes_raw()  # type: ignore[attr-defined]
    return base64.b64encode(raw).decode("ascii")


def _seal(secret: bytes) -> bytes:
    return sealing.seal(base64.b64encode(secret).decode("ascii"), purpose=_PURPOSE).encode("ascii")


def _unseal(sealed: bytes | memoryview) -> bytes:
    return base64.b64decode(sealing.unseal(bytes(sealed).decode("ascii"), purpose=_PURPOSE))


def _load(secret: bytes) -> rsa.RSAPrivateKey | Ed25519PrivateKey:
    key = load_der_private_key(secret, None)
    if not isinstance(key, rsa.RSAPrivateKey | Ed25519PrivateKey):
        raise TypeError(f"a DKIM key of type {type(key).__name__}")
    return key


def _show(key: DkimKey) -> Shown:
    record = f"v=DKIM1; k={key.algorithm}; p={key.public}"
    name = f"{key.selector}._domainkey.{key.domain.name}"
    return Shown(key.pk, key.domain.name, key.selector, key.algorithm, key.state, key.created_at, key.changed_at, name, record)


def _get_domain(name: str) -> Domain:
    found = Domain.objects.filter(name=name).first()
    if found is None:
        raise NotFound(f"{name} is not a domain of this server.")
    return found


def _now(now: int | None) -> int:
    return int(time.time()) if now is None else now
