"""/panel/archive/holds and /panel/archive/periods: what must be kept, and how long the rest is."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.http import require_http_methods, require_POST

from mailcore.archive import holds, levels, moments, owners, retention
from mailcore.archive.holds import NewHold
from mailcore.archive.models import Hold
from mailcore.archive.owners import Owner
from mailcore.directory.access import Actor
from mailcore.kernel.errors import BadSyntax, Denied, MailError, NotFound

from .gate import for_administrators, show, try_act

FIELDS = ("name", "scope", "reason", "who", "words", "since", "until")
MOST_PREVIEWED = 2_000
"""Mailboxes of which the preview counts; a larger server is asked by domain."""
TITLES = {
    "undelete_days": gettext_noop("Deleted mail can be brought back for"),
    "junk_days": gettext_noop("Mail stays in Spam for"),
    "trash_days": gettext_noop("Mail stays in the Bin for"),
    "inbox_days": gettext_noop("Mail stays in the inbox for"),
    "sent_days": gettext_noop("Mail stays in Sent for"),
    "drafts_days": gettext_noop("Mail stays in Drafts for"),
    "archive_days": gettext_noop("Mail stays in Archive for"),
    "journal": gettext_noop("A journal is written (1) or not (0)"),
    "journal_days": gettext_noop("Records stay in the journal for"),
}


@dataclass(frozen=True, slots=True)
class Line:
    hold: Hold
    placed_at: datetime
    released_at: datetime | None
    since: datetime | None
    until: datetime | None


@require_http_methods(["GET", "POST"])
@for_administrators
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    typed, fault = {name: request.POST.get(name, "").strip() for name in FIELDS}, ""
    if request.method == "POST":
        try:
            since, until = moments.read_optional(typed["since"]), moments.read_optional(typed["until"])
            holds.place(actor, NewHold(**{**typed, "since": since, "until": until}))  # type: ignore[arg-type]
            return redirect("panel:archive-holds")
        except (Denied, MailError) as error:
            fault = gettext(error.public)
    lines = [
        Line(hold, *map(_moment, (hold.placed_at, hold.released_at, hold.since, hold.until)))  # type: ignore[arg-type]
        for hold in holds.list_all(domains=actor.domain_names)
    ]
    return show(
        request, actor, "archive_holds", {"lines": lines, "typed": typed, "fault": fault, "here": "archive"}, status=422 if fault else 200
    )


@require_POST
@for_administrators
def release(request: HttpRequest, actor: Actor, hold_id: int) -> HttpResponse:
    try_act(request, lambda: holds.release(actor, hold_id=hold_id), gettext("The hold is released."))
    return redirect("panel:archive-holds")


@require_http_methods(["GET", "POST"])
@for_administrators
def periods(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Of the server, a domain or a mailbox: what holds and who set it; with POST one is set, or taken back where it is left empty."""
    text = (request.POST if request.method == "POST" else request.GET).get("owner", "").strip()
    fault, owner = "", None
    try:
        owner = owners.find(actor, text) if text or actor.domain_ids is None else None
        if request.method == "POST" and owner is not None:
            owners.set_period(owner, name=request.POST.get("name", ""), value=_read_days(request.POST.get("value", "")))
            return redirect(f"{reverse('panel:archive-periods')}?{urlencode({'owner': text})}")
    except (NotFound, BadSyntax) as error:
        fault = gettext(error.public)
    values = {"owner_text": text, "owner": owner, "fault": fault, "here": "archive", **(_show_owner(owner) if owner else {})}
    return show(request, actor, "archive_periods", values, status=422 if fault else 200)


def _show_owner(owner: Owner) -> dict[str, object]:
    found = levels.list_all(owner=owner.key, domain=owner.domain)
    ids = owners.list_mailbox_ids(owner)
    going = retention.preview(mailbox_ids=ids[:MOST_PREVIEWED])
    return {
        "periods": [(name, gettext(TITLES[name]), one, one.owner == owner.key, _level_words(one.level)) for name, one in found.items()],
        "going": sum(one.messages for one in going),
        "going_bytes": sum(one.bytes for one in going),
        "is_partial": len(ids) > MOST_PREVIEWED,
    }


def _level_words(level: str) -> str:
    words = {"mailbox": gettext("the mailbox"), "domain": gettext("the domain"), "system": gettext("this server")}
    return words.get(level, gettext("the usual value"))


def _read_days(text: str) -> int | None:
    if not text.strip():
        return None
    if not text.strip().isascii() or not text.strip().isdigit() or len(text.strip()) > 6:
        raise BadSyntax(gettext("Give a number of days; 0 is for ever."))
    return int(text)


def _moment(at: int | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at, UTC)
