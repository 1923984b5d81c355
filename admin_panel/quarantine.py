"""Held mail as far as an actor may see it. Releasing and deleting is the queue's."""

from dataclasses import replace

from admin_panel.waiting import narrow
from mailcore.delivery import holding
from mailcore.delivery.holding import Held, Opened
from mailcore.directory.access import Actor
from mailcore.kernel.ids import TraceId


def list_held(actor: Actor, *, search: str = "", before: int | None = None, limit: int = 50) -> list[Held]:
    found = holding.list_held(domains=actor.domain_names, search=search, before=before, limit=limit)
    return [replace(one, row=narrow(one.row, actor)) for one in found]


def access_held(actor: Actor, *, trace_id: TraceId) -> Opened:
    opened = holding.open_held(trace_id=trace_id, domains=actor.domain_names)
    return replace(opened, held=replace(opened.held, row=narrow(opened.held.row, actor)))
