"""API keys: made once, shown once, kept as hashes."""

import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from mailcore.audit import log
from mailcore.kernel.errors import Denied, NotFound
from mailcore.kernel.networks import is_within

from .access import Actor, actor_of
from .faults import BadField
from .models import ApiKey, Domain, Mailbox, Replay, User
from .passwords import keyed_digest, new_api_key

AREAS = (
    "domains",
    "mailboxes",
    "aliases",
    "lists",
    "credentials",
    "administrators",
    "keys",
    "queue",
    "webhooks",
    "policies",
    "archive",
    "routes",
    "certificates",
)
SCOPES = (
    *(f"{area}:{right}" for area in AREAS for right in ("read", "write")),
    "journey:read",
    "audit:read",
    "reports:read",
)
REPLAYED_FOR = timedelta(days=1)
_USE_NOTED_EVERY = timedelta(minutes=1)
_PURPOSE = "api-key"


def create(
    *,
    owner: User,
    name: str,
    scopes: tuple[str, ...],
    domains: tuple[Domain, ...] | None = None,
    expires_at: datetime | None = None,
    networks: tuple[str, ...] = (),
) -> tuple[ApiKey, str]:
    """Make a key; the text is seen this once. `domains` None reaches all that the owner reaches, no `networks` is any."""
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        raise BadField("scopes", f"Scopes are {', '.join(SCOPES)}.", f"unknown: {unknown}")
    if not name.strip():
        raise BadField("name", "Give the key a name, such as the program it is for.")
    text = new_api_key()
    with transaction.atomic():
        key = ApiKey.objects.create(
            owner=owner,
            name=name.strip()[:100],
            hint=text[:8],
            digest=keyed_digest(secret=text, purpose=_PURPOSE),
            scopes=" ".join(sorted(set(scopes))),
            is_limited=domains is not None,
            expires_at=expires_at,
            networks=_read_networks(networks),
        )
        key.domains.set(domains or ())
        log.record("key.created", object_id=key.id, name=key.name, after=shown(key))
    return key, text


def list_all(*, owner: User | None = None) -> list[ApiKey]:
    found = ApiKey.objects.select_related("owner").prefetch_related("domains").order_by("id")
    return list(found if owner is None else found.filter(owner=owner))


def remove(*, key_id: int, owner: User | None = None) -> None:
    with transaction.atomic():
        found = ApiKey.objects.filter(id=key_id)
        key = (found if owner is None else found.filter(owner=owner)).first()
        if key is None:
            raise NotFound("There is no such key.")
        log.record("key.removed", object_id=key.id, name=key.name, before=shown(key))
        key.delete()


def shown(key: ApiKey) -> dict[str, object]:
    """As the audit log keeps it."""
    return {
        "owner": key.owner.login,
        "scopes": key.scopes,
        "domains": sorted(key.domains.values_list("name", flat=True)) if key.is_limited else None,
        "networks": key.networks,
        "expires_at": key.expires_at.isoformat() if key.expires_at else None,
    }


def open_key(text: str, *, peer: str = "") -> Actor:
    """The actor of a key: never more than its owner may do now.

    Denied where it is unknown, has run out, or may not be used from `peer` (all look alike to who does not hold it).
    """
    digest = keyed_digest(secret=text, purpose=_PURPOSE)
    key = ApiKey.objects.select_related("owner__mailbox").filter(digest=digest).first()
    if key is None or not _is_open(key.owner):
        raise Denied("This API key is not known.")
    if key.expires_at is not None and key.expires_at <= timezone.now():
        raise Denied("This API key has run out.")
    if key.networks and not is_within(peer, tuple(key.networks.split())):
        raise Denied("This API key may not be used from your address.", f"key {key.pk} used from {peer}")
    _note_use(key)
    reach = actor_of(key.owner)
    ids, names = reach.domain_ids, reach.domain_names
    if key.is_limited:
        limited = dict(key.domains.values_list("id", "name"))
        ids = frozenset(limited) if ids is None else ids & frozenset(limited)
        names = frozenset(name for domain_id, name in limited.items() if domain_id in ids)
    return Actor(reach.user_id, f"{reach.name} (key {key.name})", reach.is_root, ids, names, frozenset(key.scopes.split()), key.pk)


def _note_use(key: ApiKey) -> None:
    now = timezone.now()
    if key.last_used_at is None or now - key.last_used_at > _USE_NOTED_EVERY:
        ApiKey.objects.filter(id=key.pk).update(last_used_at=now)


def _read_networks(texts: tuple[str, ...]) -> str:
    found = []
    for text in texts:
        try:
            found.append(str(ipaddress.ip_network(text.strip(), strict=False)))
        except ValueError as error:
            raise BadField("networks", f"{text} is not an address or network, such as 192.0.2.0/24.") from error
    joined = " ".join(dict.fromkeys(found))
    if len(joined) > 400:
        raise BadField("networks", "These are too many networks for one key.")
    return joined


def are_within(wanted: Sequence[str], allowed: Sequence[str]) -> bool:
    """Whether every network lies in one of those allowed."""
    outer = [ipaddress.ip_network(text) for text in allowed]
    try:
        inner = [ipaddress.ip_network(text, strict=False) for text in wanted]
    except ValueError:
        return False
    return all(any(one.version == two.version and one.subnet_of(two) for two in outer) for one in inner)  # type: ignore[arg-type]


def _is_open(owner: User) -> bool:
    mailbox: Mailbox | None = getattr(owner, "mailbox", None)
    return owner.is_active and (mailbox is None or mailbox.state in (Mailbox.State.ACTIVE, Mailbox.State.RECEIVE_ONLY))


def forget_replays(*, now: datetime) -> int:
    """Remove remembered answers older than a day."""
    return Replay.objects.filter(created_at__lt=now - REPLAYED_FOR).delete()[0]
