"""One message: the page, its letter in a frame of its own, its parts and its source."""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.translation import gettext
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_POST

from mailcore.kernel import flags
from mailcore.kernel.errors import Denied

from ..access.opened import open_letter
from ..access.port import Folder, Row
from ..desk import AnswerFirst, Desk, Toast, frame, is_fragment, leave_toast, with_desk
from ..labels import list_labels
from ..letters import Passage, clean_html, recall, split_passages
from ..lists import folder_list, read_layout, search_list, writer_for
from ..models import TrustedSender
from ..reading import open_message, reader_context, url_of
from ..rowhtml import refer
from ..rows import show_row

_SANDBOX = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'; "
)


@require_GET
@with_desk
def show(request: HttpRequest, desk: Desk, folder: str, uid: int) -> HttpResponse:
    row = desk.mail.find_row(folder, uid)
    folders = desk.mail.list_folders()
    typed = request.GET.get("q", "").strip()
    context = reader_context(desk, row, folders, is_whole=request.COOKIES.get("threads") != "off", query=typed)
    unseen = [one.row for one in _opened(context) if not one.row.flags & flags.SEEN]
    current = refer(folder, uid, is_cross=bool(typed))
    context |= {"folders": folders, "folder": folder, "layout": read_layout(request)}
    if is_fragment(request):
        labels = list_labels(desk.mailbox_id)
        context |= {"changed": [show_row(replace(row, flags=row.flags | flags.SEEN))], "labels": labels}
        context["writer"] = writer_for(folders, labels, is_cross=bool(typed), query=typed)
        context["writer"].current = current
        return _answer_and_mark(request, desk, "webmail/_reader_fragment.html", context, unseen)
    mark_seen(desk, unseen)
    context = _list(request, desk, folders, folder, typed, current) | context
    context |= frame(request, desk, at="" if typed else folder, folders=folders, labels=context["labels"])
    template = "webmail/search.html" if typed else "webmail/mailbox.html"
    return render(request, template, context | {"pane": "thread"})


@require_GET
@with_desk
def card(request: HttpRequest, desk: Desk, folder: str, uid: int) -> HttpResponse:
    """One folded message of a conversation, opened where it stands."""
    row = desk.mail.find_row(folder, uid)
    if not is_fragment(request):
        return redirect("message", folder=folder, uid=uid)
    message = open_message(desk, row)
    context = {"message": message, "is_conversation": True, "folders": desk.mail.list_folders()}
    return _answer_and_mark(request, desk, "webmail/_message.html", context, [] if row.flags & flags.SEEN else [row])


@require_GET
@xframe_options_sameorigin
@with_desk
def body(request: HttpRequest, desk: Desk, folder: str, uid: int) -> HttpResponse:
    """The letter as a document that can do nothing but show itself."""
    allow_remote = request.GET.get("images") == "1"
    row = desk.mail.find_row(folder, uid)
    clean = recall(desk.mailbox_id, row, allow_remote=allow_remote)
    passages: list[Passage] = []
    if clean is None or not clean.is_complete:
        raw = desk.mail.read_raw(folder, uid)
        letter = open_letter(raw, row)
        clean = clean_html(raw=raw, html=letter.html, digest=letter.digest, allow_remote=allow_remote)
        passages = [] if clean.is_complete else split_passages(letter.text)
    response = render(request, "webmail/letter.html", {"letter": clean, "passages": passages})
    # The pictures of others come through this server, so theirs is not told who reads.
    proxy = request.build_absolute_uri("/picture/")
    response["Content-Security-Policy"] = _SANDBOX + (f"img-src data: {proxy}" if allow_remote else "img-src data:")
    response["Referrer-Policy"] = "no-referrer"
    return response


@require_POST
@with_desk
def trust(request: HttpRequest, desk: Desk, folder: str, uid: int) -> HttpResponse:
    """Load the images of this sender from now on; only of one whose address was verified, and never of oneself."""
    row = desk.mail.find_row(folder, uid)
    address = row.sender.address.casefold()
    if not address or address == desk.owner.person.address.casefold():
        raise Denied(gettext("Anybody can put your own address on a letter, so it is not trusted."))
    TrustedSender.objects.get_or_create(mailbox_id=desk.mailbox_id, address=address)
    leave_toast(
        request, Toast(gettext("Images of %(address)s are loaded from now on, where the sender is verified") % {"address": address})
    )
    return redirect(url_of(row))


def mark_seen(desk: Desk, rows: Iterable[Row]) -> None:
    for row in rows:
        desk.mail.set_flag(row.folder, [row.uid], flag=flags.SEEN, on=True)


def _answer_and_mark(request: HttpRequest, desk: Desk, template: str, context: dict[str, Any], unseen: list[Row]) -> HttpResponse:
    """Nobody waits for the flush of a flag: what was unseen is marked when the answer is on its way."""
    content = render_to_string(template, context, request)
    if not unseen:
        return HttpResponse(content)
    return AnswerFirst(content, then=partial(mark_seen, desk, unseen), headers={"HX-Trigger-After-Settle": "mailChanged"})


def _opened(context: dict[str, Any]) -> list[Any]:
    return [card.message for card in context["cards"] if getattr(card, "message", None) is not None]


def _list(request: HttpRequest, desk: Desk, folders: list[Folder], folder: str, typed: str, current: str) -> dict[str, Any]:
    if typed:
        return search_list(request, desk, folders, typed, current=current)
    return folder_list(request, desk, folders, folder, current=current)
