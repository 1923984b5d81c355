"""One message: the page, its letter in a frame of its own, its parts and its source."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET

from mailcore.kernel import flags

from ..access.opened import RASTER, open_letter, read_attachment
from ..desk import Desk, frame, is_fragment, with_desk
from ..letters import clean_html, split_passages
from ..reading import reader_context
from ..rows import show_row
from .mailbox import find_folder, list_context

_SANDBOX = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'; "
)
_SHOWN_IN_BROWSER = RASTER | {"application/pdf", "text/plain"}


@require_GET
@with_desk
def show(request: HttpRequest, desk: Desk, folder: str, uid: int) -> HttpResponse:
    row = desk.mail.find_row(folder, uid)
    was_unread = not row.flags & flags.SEEN
    if was_unread:
        desk.mail.set_flag(folder, [uid], flag=flags.SEEN, on=True)
        row = desk.mail.find_row(folder, uid)
    folders = desk.mail.list_folders()
    context = reader_context(desk, row, folders) | {"folders": folders, "folder": folder}
    if is_fragment(request):
        context |= {"changed": [show_row(row)], "current": uid}
        response = render(request, "webmail/_reader_fragment.html", context)
        if was_unread:
            response["HX-Trigger"] = "mailChanged"
        return response
    context |= list_context(request, desk, folder) | frame(request, desk, at=folder, folders=folders)
    return render(request, "webmail/mailbox.html", context | {"here": find_folder(folders, folder), "pane": "thread", "current": uid})


@require_GET
@xframe_options_sameorigin
@with_desk
def body(request: HttpRequest, desk: Desk, folder: str, uid: int) -> HttpResponse:
    """The letter as a document that can do nothing but show itself."""
    allow_remote = request.GET.get("images") == "1"
    raw = desk.mail.read_raw(folder, uid)
    letter = open_letter(raw, desk.mail.find_row(folder, uid))
    clean = clean_html(raw=raw, html=letter.html, digest=letter.digest, allow_remote=allow_remote)
    response = render(
        request, "webmail/letter.html", {"letter": clean, "passages": [] if clean.is_complete else split_passages(letter.text)}
    )
    response["Content-Security-Policy"] = _SANDBOX + ("img-src data: https:" if allow_remote else "img-src data:")
    response["Referrer-Policy"] = "no-referrer"
    return response


@require_GET
@with_desk
def part(request: HttpRequest, desk: Desk, folder: str, uid: int, number: int) -> HttpResponse:
    attachment, data = read_attachment(desk.mail.read_raw(folder, uid), number)
    is_shown = attachment.media_type in _SHOWN_IN_BROWSER and request.GET.get("save") != "1"
    media_type = attachment.media_type if is_shown else "application/octet-stream"
    if media_type == "text/plain":
        media_type = "text/plain; charset=utf-8"
    return _download(data, media_type, attachment.filename, as_attachment=not is_shown)


@require_GET
@with_desk
def source(request: HttpRequest, desk: Desk, folder: str, uid: int) -> HttpResponse:
    """The bytes as received: to read, or with ?save=1 as a file for any mail program."""
    raw = desk.mail.read_raw(folder, uid)
    if request.GET.get("save") == "1":
        return _download(raw, "message/rfc822", f"{folder.replace('/', '-')}-{uid}.eml", as_attachment=True)
    return _download(raw.decode("utf-8", "replace").encode(), "text/plain; charset=utf-8", "message.txt", as_attachment=False)


def _download(data: bytes, media_type: str, filename: str, *, as_attachment: bool) -> HttpResponse:
    response = HttpResponse(data, content_type=media_type)
    response["Content-Disposition"] = content_disposition_header(as_attachment, filename) or "attachment"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response
