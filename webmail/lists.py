"""A list of messages as a page needs it: of a folder or of a search, in an order, fifty at a time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from mailcore.kernel.errors import NotFound
from mailcore.prepared import Prepared

from .access.port import SHOWS, SORTS, Folder, Found, Page, Query, Row, View
from .access.queries import is_empty, parse_query
from .desk import Desk
from .labels import ShownLabel, find_label, list_labels
from .models import FolderView
from .rowhtml import RowWriter, Tag
from .rows import ShownRow, show_row

_OWN = ("\\Drafts", "\\Sent")
_VIEWS = Prepared(lambda mailbox_id, folder: FolderView.objects.filter(mailbox_id=mailbox_id, folder=folder), -7919, "a folder")
LAYOUTS = ("right", "below", "off")


@dataclass(frozen=True, slots=True)
class Day:
    label: str
    detail: str
    rows: tuple[ShownRow, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Where the rows come from."""

    folder: str = ""
    typed: str = ""
    """A search; the folder is then where the person came from, or ""."""

    @property
    def is_search(self) -> bool:
        return bool(self.typed) or not self.folder

    @property
    def address(self) -> str:
        return reverse("search") if self.is_search else reverse("folder", args=[self.folder])


def folder_list(request: HttpRequest, desk: Desk, folders: Sequence[Folder], folder: str, *, current: str = "") -> dict[str, Any]:
    here = find_folder(folders, folder)
    view = read_view(request, desk, here)
    labels = list_labels(desk.mailbox_id)
    page = desk.mail.list_page(folder, before=request.GET.get("before", ""), view=view)
    writer = _writer(folders, labels, current=current)
    context = _describe(request, Source(folder), page.rows, page.before, writer, view)
    return context | {"here": here, "folder": folder, "page": page, "labels": labels}


def search_list(request: HttpRequest, desk: Desk, folders: Sequence[Folder], typed: str, *, current: str = "") -> dict[str, Any]:
    labels = list_labels(desk.mailbox_id)
    query = read_query(typed, labels)
    found = Found(()) if is_empty(query) else desk.mail.search(query, before=request.GET.get("before", ""))
    writer = _writer(folders, labels, current=current, is_cross=True, query=typed, needles=needles_of(query))
    view = View()
    context = _describe(request, Source("", typed), found.rows, found.before, writer, view)
    page = Page(found.rows, 0, found.before)
    return context | {
        "typed": typed,
        "query": query,
        "found": found,
        "page": page,
        "labels": labels,
        "faults": query.faults,
        "terms": typed.split(),
        "folder": "",
        "missing_folder": query.folder if query.folder and not _names_folder(folders, query.folder) else "",
    }


def read_query(typed: str, labels: Iterable[ShownLabel]) -> Query:
    """As typed, with a label's name turned into its keyword."""
    query = parse_query(typed)
    label = find_label(labels, query.label) if query.label else None
    return replace(query, label=label.keyword) if label else query


def read_view(request: HttpRequest, desk: Desk, here: Folder) -> View:
    """As the address says; the order as last chosen for this folder. An order named in the address is remembered."""
    shows = tuple(name for name in request.GET.get("show", "").split(".") if name in SHOWS)
    keyword = request.GET.get("label", "")[:100]
    sort, is_ascending = request.GET.get("sort", ""), request.GET.get("dir", "") == "asc"
    if sort in SORTS:
        FolderView.objects.update_or_create(
            mailbox_id=desk.mailbox_id, folder=here.name, defaults={"sort": sort, "is_ascending": is_ascending}
        )
    else:
        kept = _VIEWS.first(desk.mailbox_id, here.name)
        sort, is_ascending = (kept.sort, kept.is_ascending) if kept is not None and kept.sort in SORTS else ("date", False)
    is_by_thread = (
        request.COOKIES.get("threads") != "off"
        and here.special_use not in _OWN
        and sort == "date"
        and not (shows or keyword or is_ascending)
    )
    return View(sort, is_ascending, shows, keyword, is_by_thread)


def find_folder(folders: Iterable[Folder], name: str) -> Folder:
    for folder in folders:
        if folder.name == name:
            return folder
    raise NotFound(gettext("There is no folder %(name)s.") % {"name": name})


def needles_of(query: Query) -> tuple[str, ...]:
    """What is marked in the hits."""
    words = (*query.words, *query.sender, *query.recipient, *query.subject, *query.filename)
    return tuple(dict.fromkeys(word.casefold() for word in words if word))


def writer_for(folders: Sequence[Folder], labels: Iterable[ShownLabel], *, is_cross: bool = False, query: str = "") -> RowWriter:
    """For rows that replace some that are shown."""
    return _writer(folders, labels, is_cross=is_cross, query=query, needles=needles_of(parse_query(query)) if query else ())


def _writer(
    folders: Sequence[Folder], labels: Iterable[ShownLabel], *, current: str = "", is_cross: bool = False, query: str = "",
    needles: tuple[str, ...] = (),
) -> RowWriter:  # fmt: skip
    return RowWriter(
        labels={label.keyword.lower(): Tag(label.name, label.hue) for label in labels},
        current=current,
        is_cross=is_cross,
        special={folder.name: folder.special_use for folder in folders},
        query=query,
        needles=needles,
    )


def _describe(request: HttpRequest, source: Source, rows: Sequence[Row], before: str, writer: RowWriter, view: View) -> dict[str, Any]:
    is_dated = view.sort == "date"
    days = group_by_day(rows, skip=request.GET.get("day", "")) if is_dated else [Day("", "", tuple(map(show_row, rows)))] if rows else []
    asked = {"q": source.typed} if source.is_search else {}
    asked |= {name: request.GET[name] for name in ("show", "label") if request.GET.get(name)}
    address = _join(source.address, asked)
    last = days[-1].label or request.GET.get("day", "") if days else ""
    return {
        "source": source,
        "writer": writer,
        "view": view,
        "days": days,
        "is_first": "before" not in request.GET,
        "list_url": address,
        "act_url": _join(reverse("act"), {name: asked[name] for name in asked if name != "q"}),
        "more_url": _join(source.address, asked | {"before": before, "day": last if is_dated else ""}) if before else "",
        "layout": read_layout(request),
        "chips": _chips(source, view),
        "sorts": _sorts(source, view),
    }


def _join(address: str, asked: dict[str, str]) -> str:
    return f"{address}?{urlencode(asked, quote_via=quote)}" if asked else address


def read_layout(request: HttpRequest) -> str:
    wanted = request.COOKIES.get("layout", "")
    return wanted if wanted in LAYOUTS else LAYOUTS[0]


@dataclass(frozen=True, slots=True)
class Choice:
    name: str
    label: str
    address: str
    is_on: bool
    detail: str = ""


def _chips(source: Source, view: View) -> list[Choice]:
    """The quick filters, each with the address that turns it on or off."""
    if source.is_search:
        return []
    labels = {"unread": gettext("Unread"), "starred": gettext("Starred"), "attachment": gettext("Files")}
    keyword = f"&label={quote(view.keyword)}" if view.keyword else ""
    found = [Choice("", gettext("All"), source.address, view.is_plain)]
    for name, label in labels.items():
        is_on = name in view.shows
        shows = [one for one in SHOWS if (one in view.shows) != (one == name)]
        found.append(Choice(name, label, f"{source.address}?show={'.'.join(shows)}{keyword}", is_on))
    return found


def _sorts(source: Source, view: View) -> list[Choice]:
    if source.is_search:
        return []
    labels = {
        "date": gettext("Date"),
        "from": gettext("From"),
        "subject": gettext("Subject"),
        "size": gettext("Size"),
        "to": gettext("To"),
        "sent": gettext("Date written"),
        "unread": gettext("Unread first"),
        "starred": gettext("Starred first"),
        "attachment": gettext("With files first"),
    }
    found: list[Choice] = []
    for name, label in labels.items():
        is_on = view.sort == name
        starts_ascending = name in ("from", "subject", "to")
        is_ascending = not view.is_ascending if is_on else starts_ascending
        detail = ("asc" if view.is_ascending else "desc") if is_on else ""
        found.append(Choice(name, label, f"{source.address}?sort={name}&dir={'asc' if is_ascending else 'desc'}", is_on, detail))
    return found


def group_by_day(rows: Iterable[Row], *, skip: str = "") -> list[Day]:
    """Consecutive rows under one label. The label `skip` was already shown by the page before."""
    today = timezone.localdate()
    zone = timezone.get_current_timezone()
    known: dict[date, tuple[str, str]] = {}
    groups: list[tuple[str, str, list[ShownRow]]] = []
    for row in rows:
        day = row.arrived.astimezone(zone).date()
        if day not in known:
            known[day] = _label(day, today)
        label, detail = known[day]
        if not groups or groups[-1][0] != label:
            groups.append((label, detail, []))
        groups[-1][2].append(show_row(row))
    return [
        Day("" if position == 0 and label == skip else label, detail, tuple(found))
        for position, (label, detail, found) in enumerate(groups)
    ]


def _label(day: date, today: date) -> tuple[str, str]:
    full = date_format(day, "l j F")
    if day >= today:
        return gettext("Today"), full
    if day == today - timedelta(days=1):
        return gettext("Yesterday"), full
    if day > today - timedelta(days=7):
        return date_format(day, "l"), date_format(day, "j F")
    return date_format(day, "F Y" if day.year != today.year else "F"), ""


def _names_folder(folders: Iterable[Folder], typed: str) -> bool:
    return any(typed.casefold() in (folder.name.casefold(), folder.shown_name.casefold()) for folder in folders)
