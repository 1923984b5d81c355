"""The ordered routes: add, list, move, remove, and try one before it is kept."""

from dataclasses import dataclass

from django.db import transaction

from mailcore.audit import log
from mailcore.kernel.errors import BadSyntax, NotFound

from . import patterns, table
from .models import Route, Transport
from .table import Rule


@dataclass(frozen=True, slots=True)
class Draft:
    transport: str
    sender: str = ""
    recipient: str = ""
    min_size: int = 0
    max_size: int = 0
    position: int = 0
    """Where it is put; 0 is at the end."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    id: int
    position: int
    sender: str
    recipient: str
    min_size: int
    max_size: int
    transport: str
    kind: str
    note: str


@dataclass(frozen=True, slots=True)
class Trial:
    """What a draft would do to a message."""

    holds: bool
    """Its conditions do."""
    decides: bool
    """And no earlier route's do."""
    earlier: str = ""
    """The words of the route that decides instead."""


def list_all() -> list[Shown]:
    return [_show(row) for row in Route.objects.select_related("transport")]


def add(draft: Draft) -> Shown:
    """BadSyntax for what is no condition, NotFound for a transport that is not there."""
    with transaction.atomic():
        row = _make(draft)
        rows = list(Route.objects.select_for_update())
        at = draft.position if 0 < draft.position <= len(rows) else len(rows) + 1
        rows.insert(at - 1, row)
        _number(rows)
        log.record("route.added", object_id=row.pk, name=row.transport.name, after=_facts(row))
    table.forget()
    return _show(row)


def move(*, route_id: int, to: int) -> None:
    """To a position counted from 1; beyond the end is the end."""
    with transaction.atomic():
        rows = list(Route.objects.select_for_update().select_related("transport"))
        row = next((one for one in rows if one.pk == route_id), None)
        if row is None:
            raise NotFound("There is no such route.")
        before = row.position
        rows.remove(row)
        rows.insert(max(0, to - 1), row)
        _number(rows)
        log.record("route.moved", object_id=row.pk, name=row.transport.name, before={"position": before}, after={"position": row.position})
    table.forget()


def remove(*, route_id: int) -> None:
    with transaction.atomic():
        rows = list(Route.objects.select_for_update().select_related("transport"))
        row = next((one for one in rows if one.pk == route_id), None)
        if row is None:
            raise NotFound("There is no such route.")
        log.record("route.removed", object_id=row.pk, name=row.transport.name, before=_facts(row))
        row.delete()
        rows.remove(row)
        _number(rows)
    table.forget()


def attempt(draft: Draft, *, sender: str, recipient: str, size: int = 0) -> Trial:
    """What would become of a message if the draft were kept. Keeps nothing."""
    row = _make(draft)
    folded = patterns.fold(sender), patterns.fold(recipient), size
    holds = table.make_rule(row, row.transport).holds_for(*folded)
    before = [one for one in _rules() if not 0 < draft.position <= one.position]
    earlier = next((one for one in before if one.holds_for(*folded)), None)
    return Trial(holds, holds and earlier is None, earlier.words if earlier is not None else "")


def _rules() -> list[Rule]:
    return [table.make_rule(row, row.transport) for row in Route.objects.select_related("transport")]


def _make(draft: Draft) -> Route:
    transport = Transport.objects.filter(name=draft.transport.strip().lower()).first()
    if transport is None:
        raise NotFound(f"There is no transport {draft.transport}.")
    if draft.min_size < 0 or draft.max_size < 0 or (draft.max_size and draft.max_size < draft.min_size):
        raise BadSyntax("The sizes do not go together: the least is above the most.")
    sender, recipient = patterns.read(draft.sender, is_sender=True), patterns.read(draft.recipient)
    return Route(
        transport=transport, sender=sender, recipient=recipient, min_size=draft.min_size, max_size=draft.max_size, note=draft.note[:200]
    )


def _number(rows: list[Route]) -> None:
    for position, row in enumerate(rows, 1):
        if row.pk is None or row.position != position:
            row.position = position
            row.save()


def _facts(row: Route) -> dict[str, object]:
    return {
        "position": row.position, "sender": row.sender, "recipient": row.recipient, "min_size": row.min_size, "max_size": row.max_size,
        "transport": row.transport.name, "note": row.note,
    }  # fmt: skip


def _show(row: Route) -> Shown:
    kind = row.transport.kind
    return Shown(row.pk, row.position, row.sender, row.recipient, row.min_size, row.max_size, row.transport.name, kind, row.note)
