"""Record what was done and read it back. Recording also feeds the webhooks, in the same transaction."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db import connection
from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from mailcore.webhooks import outbox

from .acting import current
from .models import Event

RETENTION = timedelta(days=400)
HIDDEN = "(hidden)"
_SETTLES_WITHIN = timedelta(seconds=5)
_SECRET_WORDS = ("password", "secret", "digest", "token", "private")

Values = Mapping[str, Any]


def record(
    action: str, *, object_id: object, name: str, domain: str = "", before: Values | None = None, after: Values | None = None
) -> None:
    """Add a row in the caller's transaction. Of two states only what differs is kept; of secrets only that they changed."""
    old, new = _difference(before, after)
    if before is not None and after is not None and not old and not new:
        return
    event = _event(action, object_id=object_id, name=name, domain=domain, before=old, after=new)
    event.save(force_insert=True)
    outbox.put(action, domain=domain, data={"audit_id": event.pk, "id": str(object_id), "name": name, "before": old, "after": new})


@dataclass(frozen=True, slots=True)
class Record:
    """One of many that were made by the same act."""

    object_id: object
    name: str
    domain: str
    after: Values


def record_many(action: str, made: Sequence[Record]) -> None:
    """As `record`, for many new objects with one query each for the log and the webhooks."""
    states = [_clean(one.after) for one in made]
    events = Event.objects.bulk_create(
        [
            _event(action, object_id=one.object_id, name=one.name, domain=one.domain, before=None, after=state)
            for one, state in zip(made, states, strict=True)
        ]
    )
    outbox.put_many(
        action,
        [
            (one.domain, {"audit_id": event.pk, "id": str(one.object_id), "name": one.name, "before": None, "after": state})
            for one, event, state in zip(made, events, states, strict=True)
        ],
    )


def _event(action: str, *, object_id: object, name: str, domain: str, before: Values | None, after: Values | None) -> Event:
    who = current()
    return Event(
        at=timezone.now(), action=action, object_id=str(object_id)[:64], object_name=name[:330], domain=domain[:255],
        actor_id=who.user_id, actor=who.name[:400], via=who.via.value, peer=who.peer[:64], request_id=who.request_id[:40],
        before=before, after=after,
    )  # fmt: skip


def list_events(
    *,
    domains: Collection[str] | None = None,
    search: str = "",
    action: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Event]:
    """Newest first; `domains` None is everything. `search` is a whole object name, or part of an actor's; `action` a prefix."""
    found: QuerySet[Event] = Event.objects.order_by("-id")
    if domains is not None:
        found = found.filter(domain__in=list(domains))
    if search:
        found = found.filter(Q(object_name=search.lower()) | Q(actor__icontains=search) | Q(object_name__istartswith=search))
    if action:
        found = found.filter(action__startswith=action)
    if since is not None:
        found = found.filter(at__gte=since)
    if until is not None:
        found = found.filter(at__lt=until)
    if before is not None:
        found = found.filter(id__lt=before)
    return list(found[:limit])


def find_settled(*, now: datetime) -> int:
    """The newest id below which nothing more will appear; 0 where nothing was done yet.

    PostgreSQL hands out ids before the commit, so that a smaller one may be seen after a larger one. SQLite has one writer.
    """
    found = Event.objects.all() if connection.vendor == "sqlite" else Event.objects.filter(at__lt=now - _SETTLES_WITHIN)
    return int(found.aggregate(newest=Max("id"))["newest"] or 0)


def list_between(
    *, after: int, until: int, domains: Collection[str] | None = None, kinds: Collection[str] = (), limit: int
) -> QuerySet[Event]:
    """What follows `after`, up to `until`, oldest first; `kinds` are beginnings of actions, none of them is every one."""
    found = Event.objects.filter(id__gt=after, id__lte=until).order_by("id")
    if domains is not None:
        found = found.filter(domain__in=list(domains))
    if kinds:
        found = found.filter(reduce(or_, (Q(action__startswith=kind) for kind in kinds)))
    return found[:limit]


def forget(*, now: datetime | None = None, retention: timedelta = RETENTION) -> int:
    """Remove what is older than the retention; its number."""
    return Event.objects.filter(at__lt=(now or timezone.now()) - retention).delete()[0]


def _difference(before: Values | None, after: Values | None) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    if before is None or after is None:
        return _clean(before), _clean(after)
    changed = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    return _clean({key: before.get(key) for key in changed}), _clean({key: after.get(key) for key in changed})


def _clean(values: Values | None) -> dict[str, Any] | None:
    if values is None:
        return None
    return {key: HIDDEN if any(word in key for word in _SECRET_WORDS) and value else _plain(value) for key, value in values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value if isinstance(value, bool | int | float | str | None) else str(value)
