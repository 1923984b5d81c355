"""/panel/archive/mail: what was removed from a mailbox, brought back for its owner, who sees that it was."""

from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_GET, require_POST

from mailcore.archive import levels, moments, owners, undeleting
from mailcore.archive.owners import Owner
from mailcore.archive.rewinding import applying, planning
from mailcore.audit import log
from mailcore.directory.access import Actor, access_mailbox
from mailcore.kernel.errors import BadSyntax, Denied, MailError, NotFound

from .gate import for_administrators, show

PAGE = 50


@require_GET
@for_administrators
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    address, search, moment = (request.GET.get(name, "").strip()[:330] for name in ("address", "q", "moment"))
    before = request.GET.get("before", "")
    start = int(before) if before.isascii() and before.isdigit() and len(before) < 18 else None
    values: dict[str, Any] = {"address": address, "search": search, "typed_moment": moment, "here": "archive"}
    try:
        if address:
            owner = _find(actor, address)
            values |= _list(owner, search, start)
            values["plan"] = planning.make_plan(mailbox_id=owner.mailbox_id, moment=moments.read(moment)) if moment else None
    except (BadSyntax, NotFound) as error:
        values["fault"] = gettext(error.public)
    return show(request, actor, "archive_mail", values, status=422 if "fault" in values else 200)


@require_POST
@for_administrators
def act(request: HttpRequest, actor: Actor, mailbox_id: int, action: str) -> HttpResponse:
    """`restore` what is ticked or all that is found, `rewind` to a moment, `undo` a rewind."""
    owner = owners.of_mailbox(access_mailbox(actor, mailbox_id=mailbox_id, to_change=True))
    if action not in _ACTS:
        raise NotFound("There is no such page.")
    try:
        messages.success(request, _ACTS[action](owner, request))
    except (Denied, MailError) as error:
        messages.error(request, gettext(error.public))
    return redirect(f"{reverse('panel:archive-mail')}?{urlencode({'address': owner.shown, 'q': request.POST.get('q', '')})}")


def _restore(owner: Owner, request: HttpRequest) -> str:
    ids = [int(text) for text in request.POST.getlist("pick") if text.isascii() and text.isdigit() and len(text) < 18][:PAGE]
    about: dict[str, Any] = {"mailbox_id": owner.mailbox_id, "name": owner.shown, "domain": owner.domain}
    if "all" in request.POST:
        done = undeleting.restore_all(search=request.POST.get("q", "").strip(), **about)
    elif ids:
        done = undeleting.restore(removal_ids=ids, **about)
    else:
        raise BadSyntax(gettext("Tick some messages first."))
    return ngettext("%(count)d message is back", "%(count)d messages are back", done) % {"count": done}


def _rewind(owner: Owner, request: HttpRequest) -> str:
    moment = moments.read(request.POST.get("moment", ""))
    done = applying.apply(mailbox_id=owner.mailbox_id, moment=moment, name=owner.shown, domain=owner.domain)
    count = done.restored + done.moved + done.reflagged
    return ngettext("%(count)d message put back", "%(count)d messages put back", count) % {"count": count}


def _undo(owner: Owner, request: HttpRequest) -> str:
    number = request.POST.get("rewind", "")
    rewind_id = int(number) if number.isascii() and number.isdigit() and len(number) < 18 else 0
    applying.undo(mailbox_id=owner.mailbox_id, rewind_id=rewind_id, name=owner.shown, domain=owner.domain)
    return gettext("Taken back")


_ACTS = {"restore": _restore, "rewind": _rewind, "undo": _undo}


def _find(actor: Actor, address: str) -> Owner:
    if "@" not in address:
        raise BadSyntax(gettext("That is no address."))
    return owners.find(actor, address)


def _list(owner: Owner, search: str, before: int | None) -> dict[str, Any]:
    """Looking is recorded too, under the address, where its owner sees it."""
    page = undeleting.list_removed(mailbox_id=owner.mailbox_id, search=search, before=before, limit=PAGE)
    with transaction.atomic():
        log.record(
            "archive.listed",
            object_id=owner.mailbox_id,
            name=owner.shown,
            domain=owner.domain,
            after={"search": search, "found": len(page.rows)},
        )
    return {
        "mailbox_id": owner.mailbox_id,
        "rows": [(row, _moment(row.at), _moment(row.until)) for row in page.rows],
        "older": page.older,
        "days": undeleting.get_window(owner.mailbox_id) // levels.DAY,
        "earliest": _moment(planning.find_earliest(owner.mailbox_id)),
        "rewinds": [(row, _moment(row.moment), _moment(row.began_at)) for row in applying.list_rewinds(mailbox_id=owner.mailbox_id)],
    }


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)
