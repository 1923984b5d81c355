"""API keys: made once, shown once, kept as hashes."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from mailcore.kernel.errors import Denied, NotFound

from .access import Actor, actor_of
from .faults import BadField
from .models import ApiKey, Domain, Mailbox, User
from .passwords import keyed_digest, new_api_key

AREAS = ("domains", "mailboxes", "aliases", "queue")
SCOPES = (*(f"{area}:{right}" for area in AREAS for right in ("read", "write")), "journey:read")
_PURPOSE = "api-key"


def create(
    *, owner: User, name: str, scopes: tuple[str, ...], domains: tuple[Domain, ...] | None = None, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """Make a key; the text is seen this once. `domains` None reaches all that the owner reaches."""
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
        )
        key.domains.set(domains or ())
    return key, text


def list_all(*, owner: User | None = None) -> list[ApiKey]:
    found = ApiKey.objects.select_related("owner").prefetch_related("domains").order_by("id")
    return list(found if owner is None else found.filter(owner=owner))


def remove(*, key_id: int, owner: User | None = None) -> None:
    found = ApiKey.objects.filter(id=key_id)
    if not (found if owner is None else found.filter(owner=owner)).delete()[0]:
        raise NotFound("There is no such key.")


def open_key(text: str) -> Actor:
    """The actor of a key: never more than its owner may do now. Denied where it is unknown or has run out."""
    digest = keyed_digest(secret=text, purpose=_PURPOSE)
    key = ApiKey.objects.select_related("owner__mailbox").filter(digest=digest).first()
    if key is None or not _is_open(key.owner):
        raise Denied("This API key is not known.")
    if key.expires_at is not None and key.expires_at <= timezone.now():
        raise Denied("This API key has run out.")
    reach = actor_of(key.owner)
    ids, names = reach.domain_ids, reach.domain_names
    if key.is_limited:
        limited = dict(key.domains.values_list("id", "name"))
        ids = frozenset(limited) if ids is None else ids & frozenset(limited)
        names = frozenset(name for domain_id, name in limited.items() if domain_id in ids)
    return Actor(reach.user_id, f"{reach.name} (key {key.name})", reach.is_root, ids, names, frozenset(key.scopes.split()))


def _is_open(owner: User) -> bool:
    mailbox: Mailbox | None = getattr(owner, "mailbox", None)
    return owner.is_active and (mailbox is None or mailbox.state == Mailbox.State.ACTIVE)
