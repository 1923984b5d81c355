"""/panel/audit: who did what, before and after."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from mailcore.audit import log
from mailcore.audit.models import Event
from mailcore.directory.access import Actor
from mailcore.management.answers import show_size

from .gate import for_administrators, show

PAGE = 50
KINDS = (
    ("", "All"), ("domain", "Domains"), ("mailbox", "Mailboxes"), ("alias", "Aliases"), ("user", "Logins"),
    ("app_password", "App passwords"), ("key", "Keys"), ("webhook", "Webhooks"), ("queue", "Queue"), ("archive", "Archive"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Line:
    event: Event
    kind: str
    what: str
    changes: tuple[Change, ...]


@require_GET
@for_administrators
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    search, kind, before = request.GET.get("q", "").strip(), request.GET.get("kind", ""), request.GET.get("before", "")
    start = int(before) if before.isascii() and before.isdigit() and len(before) < 18 else None
    events = log.list_events(domains=actor.domain_names, search=search, action=f"{kind}." if kind else "", before=start, limit=PAGE)
    values = {
        "lines": [_line(event) for event in events],
        "search": search,
        "kind": kind,
        "kinds": KINDS,
        "older": events[-1].pk if len(events) == PAGE else None,
        "here": "audit",
    }
    return show(request, actor, "audit", values)


def _line(event: Event) -> Line:
    kind, _, what = event.action.partition(".")
    old, new = event.before or {}, event.after or {}
    names = [name for name in {**old, **new} if old.get(name) not in (None, "", []) or new.get(name) not in (None, "", [])]
    changes = tuple(Change(name.replace("_", " "), _words(name, old.get(name)), _words(name, new.get(name))) for name in names)
    return Line(event, kind.replace("_", " "), what.replace("_", " "), changes)


def _words(name: str, value: Any) -> str:
    """A value as people read it."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if name.endswith("_bytes"):
        return show_size(value) if value else "no limit"
    if name.endswith("_at"):
        return str(value).partition(".")[0]
    return str(value).replace("_", " ") if name in ("state", "role") else str(value)
