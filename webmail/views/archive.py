"""Deleted messages, which can be brought back for a while; and the whole mailbox as it was at an earlier moment."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_GET, require_POST

from mailcore.archive import levels, moments, undeleting
from mailcore.archive.rewinding import applying, planning
from mailcore.audit import log
from mailcore.audit.acting import Acting, Via, acting_as, new_request_id
from mailcore.kernel.errors import BadSyntax, MailError
from mailcore.kernel.ids import MailboxId

from ..access.port import Folder
from ..desk import Desk, Toast, frame, leave_toast, with_desk

PAGE = 50
_RECORDED = 8
"""Lines of what administrators did here that are shown."""


@require_GET
@with_desk
def deleted(request: HttpRequest, desk: Desk) -> HttpResponse:
    search, before = request.GET.get("q", "").strip()[:200], _read_number(request.GET.get("before", ""))
    page = undeleting.list_removed(mailbox_id=desk.mailbox_id, search=search, before=before, limit=PAGE)
    folders = desk.mail.list_folders()
    context = {
        "rows": [_show(row, folders) for row in page.rows],
        "older": page.older,
        "search_deleted": search,
        "days": undeleting.get_window(desk.mailbox_id) // levels.DAY,
        "events": _list_events(desk),
    }
    return render(request, "webmail/deleted.html", context | frame(request, desk, folders=folders))


@require_POST
@with_desk
def restore(request: HttpRequest, desk: Desk) -> HttpResponse:
    """What is ticked, or with `all` everything the search finds; to where it was, or to `folder`."""
    search, folder = request.POST.get("q", "").strip()[:200], request.POST.get("folder", "")
    ids = [number for number in map(_read_number, request.POST.getlist("pick")) if number is not None][:PAGE]
    about: dict[str, Any] = {"mailbox_id": desk.mailbox_id, "folder": folder, "name": desk.owner.person.address, "domain": _domain(desk)}
    if "all" not in request.POST and not ids:
        raise BadSyntax(gettext("Tick some messages first."))
    with _acting(request, desk):
        done = undeleting.restore_all(search=search, **about) if "all" in request.POST else undeleting.restore(removal_ids=ids, **about)
    text = ngettext("%(count)d message is back", "%(count)d messages are back", done) % {"count": done}
    leave_toast(request, Toast(text))
    return redirect(f"{reverse('deleted')}?{urlencode({'q': search})}" if search else reverse("deleted"))


@require_GET
@with_desk
def rewind(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Choose a moment, and see what it takes to be back there."""
    typed, folder = request.GET.get("moment", "").strip(), request.GET.get("folder", "")
    return _show_rewind(request, desk, typed, folder)


@require_POST
@with_desk
def rewind_apply(request: HttpRequest, desk: Desk) -> HttpResponse:
    typed, folder = request.POST.get("moment", "").strip(), request.POST.get("folder", "")
    try:
        with _acting(request, desk):
            done = applying.apply(
                mailbox_id=desk.mailbox_id, moment=moments.read(typed), folder=folder, drop_new="drop" in request.POST,
                name=desk.owner.person.address, domain=_domain(desk),
            )  # fmt: skip
    except MailError as error:
        return _show_rewind(request, desk, typed, folder, fault=gettext(error.public))
    count = done.restored + done.moved + done.reflagged + done.removed
    leave_toast(request, Toast(ngettext("%(count)d message put back", "%(count)d messages put back", count) % {"count": count}))
    return redirect("rewind")


@require_POST
@with_desk
def rewind_undo(request: HttpRequest, desk: Desk, rewind_id: int) -> HttpResponse:
    with _acting(request, desk):
        applying.undo(mailbox_id=desk.mailbox_id, rewind_id=rewind_id, name=desk.owner.person.address, domain=_domain(desk))
    leave_toast(request, Toast(gettext("Taken back")))
    return redirect("rewind")


def _show_rewind(request: HttpRequest, desk: Desk, typed: str, folder: str, *, fault: str = "") -> HttpResponse:
    plan = None
    if typed and not fault:
        try:
            plan = planning.make_plan(mailbox_id=desk.mailbox_id, moment=moments.read(typed), folder=folder)
        except MailError as error:
            fault = gettext(error.public)
    now = timezone.now()
    earliest = _moment(planning.find_earliest(MailboxId(desk.mailbox_id)))
    usual = [(name, now - back) for name, back in _usual() if now - back > earliest]
    context = {
        "plan": plan, "typed_moment": typed, "typed_folder": folder, "fault": fault, "usual": usual, "earliest": earliest,
        "days": undeleting.get_window(desk.mailbox_id) // levels.DAY,
        "done": [(row, _moment(row.moment), _moment(row.began_at)) for row in applying.list_rewinds(mailbox_id=desk.mailbox_id)],
        "lasting": now,
    }  # fmt: skip
    return render(request, "webmail/rewind.html", context | frame(request, desk), status=422 if fault else 200)


def _usual() -> list[tuple[str, timedelta]]:
    return [
        (gettext("An hour ago"), timedelta(hours=1)),
        (gettext("Yesterday at this time"), timedelta(days=1)),
        (gettext("A week ago"), timedelta(days=7)),
    ]


def _show(row: undeleting.Removed, folders: list[Folder]) -> dict[str, Any]:
    return {
        "row": row,
        "at": _moment(row.at),
        "until": _moment(row.until),
        "folder": _name(row.folder, folders),
        "still_in": _name(row.still_in, folders) if row.still_in else "",
    }


def _name(name: str, folders: list[Folder]) -> str:
    return next((folder.shown_name for folder in folders if folder.name == name), name)


def _list_events(desk: Desk) -> list[Any]:
    """What others did with the removed mail and the past of this mailbox."""
    found = log.list_events(search=desk.owner.person.address, action="archive.", limit=50)
    mine = desk.owner.principal.user_id
    return [event for event in found if event.actor_id != mine and event.object_name == desk.owner.person.address][:_RECORDED]


@contextmanager
def _acting(request: HttpRequest, desk: Desk) -> Iterator[None]:
    peer = request.META.get("REMOTE_ADDR", "")
    with acting_as(Acting(desk.owner.person.address, Via.WEBMAIL, desk.owner.principal.user_id, peer, new_request_id())):
        yield


def _domain(desk: Desk) -> str:
    return desk.owner.person.address.rpartition("@")[2]


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _read_number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None
