"""A folder's list, fifty at a time, and the tree beside it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from mailcore.kernel.errors import NotFound

from ..access.port import SHOWS, Folder, Row, Show
from ..desk import Desk, frame, is_fragment, with_desk
from ..rows import ShownRow, show_row


@dataclass(frozen=True, slots=True)
class Day:
    label: str
    detail: str
    rows: tuple[ShownRow, ...]


@require_GET
@with_desk
def show(request: HttpRequest, desk: Desk, folder: str) -> HttpResponse:
    context = list_context(request, desk, folder)
    if is_fragment(request):
        return render(request, "webmail/_rows.html", context)
    folders = desk.mail.list_folders()
    context |= frame(request, desk, at=folder, folders=folders)
    return render(request, "webmail/mailbox.html", context | {"here": find_folder(folders, folder), "pane": "list"})


@require_GET
@with_desk
def tree(request: HttpRequest, desk: Desk) -> HttpResponse:
    return render(request, "webmail/_folders.html", {"folders": desk.mail.list_folders(), "at": request.GET.get("at", "")})


def list_context(request: HttpRequest, desk: Desk, folder: str) -> dict[str, Any]:
    show = read_show(request)
    page = desk.mail.list_page(folder, before=request.GET.get("before", ""), show=show)
    days = group_by_day(page.rows, skip=request.GET.get("day", ""))
    return {
        "folder": folder,
        "page": page,
        "days": days,
        "show": show,
        "last_day": days[-1].label if days else "",
        "is_first": "before" not in request.GET,
    }


def find_folder(folders: Iterable[Folder], name: str) -> Folder:
    for folder in folders:
        if folder.name == name:
            return folder
    raise NotFound(f"There is no folder {name}.")


def read_show(request: HttpRequest) -> Show:
    wanted = request.GET.get("show", "all")
    return next((show for show in SHOWS if show == wanted), "all")


def group_by_day(rows: Iterable[Row], *, skip: str = "") -> list[Day]:
    """Consecutive rows under one label. The label `skip` was already shown by the page before."""
    today = timezone.localdate()
    groups: list[tuple[str, str, list[ShownRow]]] = []
    for row in rows:
        label, detail = _label(timezone.localtime(row.arrived).date(), today)
        if not groups or groups[-1][0] != label:
            groups.append((label, detail, []))
        groups[-1][2].append(show_row(row))
    return [
        Day("" if position == 0 and label == skip else label, detail, tuple(found))
        for position, (label, detail, found) in enumerate(groups)
    ]


def _label(day: date, today: date) -> tuple[str, str]:
    full = f"{day:%A} {day.day} {day:%B}"
    if day >= today:
        return "Today", full
    if day == today - timedelta(days=1):
        return "Yesterday", full
    if day > today - timedelta(days=7):
        return f"{day:%A}", f"{day.day} {day:%B}"
    return f"{day:%B %Y}" if day.year != today.year else f"{day:%B}", ""
