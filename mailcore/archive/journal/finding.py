"""Search a journal and open its records. Every look is written into the audit log."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from mailcore.audit import log
from mailcore.directory.access import Actor
from mailcore.kernel.errors import BadSyntax, NotFound
from mailcore.kernel.ids import BlobId
from mailcore.store import blobs

from .. import moments
from ..held import has_words
from ..models import Record

STEP = 500
MAX_LOOKED_AT = 100_000
"""Records one search reads where the database cannot compare the words by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    domain: str = ""
    """"" is every domain within reach."""
    who: str = ""
    """Part of an address among sender and recipients."""
    words: str = ""
    """All in the subject, or the whole Message-ID."""
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    rows: list[Record] = field(default_factory=list)
    older: int | None = None
    """`before` of the page that follows."""


def search(actor: Actor, query: Query, *, before: int | None = None, limit: int = 50) -> Found:
    """Newest first. NotFound for a domain outside the actor's reach."""
    found = _find(_scope(actor, query), query, before, limit + 1)
    page = Found(found[:limit], found[limit - 1].pk if len(found) > limit else None)
    with transaction.atomic():
        _record("archive.journal_searched", query, {"found": len(page.rows)})
    return page


def list_all(actor: Actor, query: Query) -> list[int]:
    """Ids of everything a search finds, oldest first. For an export, which is audited there."""
    ids: list[int] = []
    before: int | None = None
    while True:
        rows = _find(_scope(actor, query), query, before, STEP)
        ids += [row.pk for row in rows]
        if len(rows) < STEP:
            return ids[::-1]
        before = rows[-1].pk


def open_record(actor: Actor, *, record_id: int) -> tuple[Record, bytes]:
    """A record and its message, byte for byte as it was accepted."""
    found = Record.objects.filter(pk=record_id).first()
    if found is None or (actor.domain_ids is not None and found.domain not in (actor.domain_names or ())):
        raise NotFound("There is no such record.")
    with transaction.atomic():
        log.record(
            "archive.record_opened", object_id=found.pk, name=f"{found.domain} {found.seq}", domain=found.domain,
            after={"trace_id": found.trace_id, "sender": found.sender, "subject": found.subject},
        )  # fmt: skip
    return found, blobs.read(BlobId(found.blob_id))


def shown(query: Query) -> dict[str, Any]:
    times = {name: moments.show(at) for name, at in (("since", query.since), ("until", query.until)) if at is not None}
    return {name: getattr(query, name) for name in ("domain", "who", "words") if getattr(query, name)} | times


def _record(action: str, query: Query, more: dict[str, Any]) -> None:
    log.record(action, object_id="", name=query.domain or "every domain", domain=query.domain, after={**shown(query), **more})


def _scope(actor: Actor, query: Query) -> QuerySet[Record]:
    if query.since is not None and query.until is not None and query.until <= query.since:
        raise BadSyntax("The period ends before it begins.")
    found = Record.objects.all()
    if actor.domain_ids is not None:
        names = actor.domain_names or frozenset()
        if query.domain and query.domain not in names:
            raise NotFound(f"{query.domain} is not a domain you look after.")
        found = found.filter(domain__in=[query.domain] if query.domain else list(names))
    elif query.domain:
        found = found.filter(domain=query.domain)
    if query.since is not None:
        found = found.filter(at__gte=query.since)
    if query.until is not None:
        found = found.filter(at__lt=query.until)
    for word in query.who.split():
        if word.isascii():
            found = found.filter(Q(sender__icontains=word) | Q(recipients__icontains=word))
    for word in query.words.split():
        if word.isascii():
            found = found.filter(Q(subject__icontains=word) | Q(message_id=word.strip("<>")))
    return found


def _find(scope: QuerySet[Record], query: Query, before: int | None, limit: int) -> list[Record]:
    """The database folds ASCII alone on SQLite, so other words are compared here."""
    if (query.who + query.words).isascii():
        return list((scope if before is None else scope.filter(pk__lt=before)).order_by("-pk")[:limit])
    found: list[Record] = []
    looked_at = 0
    while len(found) < limit and looked_at < MAX_LOOKED_AT:
        rows = list((scope if before is None else scope.filter(pk__lt=before)).order_by("-pk")[:STEP])
        found += [row for row in rows if _fits(row, query)]
        looked_at += len(rows)
        if len(rows) < STEP:
            break
        before = rows[-1].pk
    return found[:limit]


def _fits(row: Record, query: Query) -> bool:
    words = [word for word in query.words.split() if not word.isascii()]
    return has_words(f"{row.sender} {row.recipients}", query.who) and has_words(row.subject, " ".join(words))


def list_recipients(row: Record) -> Sequence[str]:
    return row.recipients.split("\n")
