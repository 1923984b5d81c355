"""What a message is made of, as files: its parts, its source, all of it as one archive."""

import io
import zipfile

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext, ngettext
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_POST

from mailcore.kernel.errors import BadSyntax
from mailcore.mime.headers import Headers, decode_value
from mailcore.mime.parts import Part
from mailcore.mime.structure import parse

from ..access.opened import open_letter, read_attachment
from ..access.port import RASTER
from ..desk import Desk, Toast, frame, leave_toast, with_desk
from ..reading import open_message, url_of
from ..stripping import strip

_SOUNDS = frozenset(("audio/mpeg", "audio/ogg", "audio/wav", "audio/x-wav", "audio/mp4", "audio/aac", "audio/flac", "audio/webm"))
_FILMS = frozenset(("video/mp4", "video/webm", "video/ogg"))
SHOWN_IN_BROWSER = RASTER | _SOUNDS | _FILMS | {"application/pdf", "text/plain"}
MAX_ZIP = 200_000_000
MAX_SHOWN_TEXT = 400_000


@require_GET
@xframe_options_sameorigin
@with_desk
def part(request: HttpRequest, desk: Desk, folder: str, uid: int, number: int) -> HttpResponse:
    """To look at where a browser does so without running anything, else to save. RFC 2183: the name is a suggestion."""
    attachment, data = read_attachment(desk.mail.read_raw(folder, uid), number)
    is_shown = attachment.media_type in SHOWN_IN_BROWSER and request.GET.get("save") != "1"
    media_type = attachment.media_type if is_shown else "application/octet-stream"
    if media_type == "text/plain":
        media_type = "text/plain; charset=utf-8"
    response = download(data, media_type, attachment.filename, as_attachment=not is_shown)
    if media_type == "application/pdf":
        # A sandbox would switch off the browser's own viewer; nothing else in a PDF may load.
        response["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'self'"
    return response


@require_GET
@with_desk
def view(request: HttpRequest, desk: Desk, folder: str, uid: int, number: int) -> HttpResponse:
    """One attachment on a page of its own, as far as it can be shown safely."""
    row = desk.mail.find_row(folder, uid)
    raw = desk.mail.read_raw(folder, uid)
    attachment, data = read_attachment(raw, number)
    text = ""
    kind = _kind(attachment.media_type)
    if kind == "text":
        text = data[:MAX_SHOWN_TEXT].decode("utf-8", "replace")
    context = {
        "row": row,
        "file": attachment,
        "kind": kind,
        "text": text,
        "is_cut": len(data) > MAX_SHOWN_TEXT,
        "files": [file for file in open_letter(raw, row).attachments if not file.is_inline],
        "here_url": url_of(row),
        "entries": _list_zip(data) if kind == "zip" else [],
    }
    return render(request, "webmail/file.html", context | frame(request, desk, at=folder))


@require_GET
@with_desk
def archive(request: HttpRequest, desk: Desk, folder: str, uid: int) -> HttpResponse:
    """All attachments as one zip."""
    raw = desk.mail.read_raw(folder, uid)
    letter = open_letter(raw, desk.mail.find_row(folder, uid))
    files = [file for file in letter.attachments if not file.is_inline]
    if not files or sum(file.size for file in files) > MAX_ZIP:
        raise BadSyntax(gettext("There is nothing here that could be put into one file."))
    out = io.BytesIO()
    used: set[str] = set()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in files:
            packed.writestr(_free_name(file.filename, used), read_attachment(raw, file.number)[1])
    name = "".join(char for char in letter.row.subject if char.isalnum() or char in " -_")[:60].strip() or "attachments"
    return download(out.getvalue(), "application/zip", f"{name}.zip", as_attachment=True)


@require_POST
@with_desk
def strip_part(request: HttpRequest, desk: Desk, folder: str, uid: int, number: int) -> HttpResponse:
    """Keep the message without one of its files. The old one goes to the Bin."""
    row = desk.mail.find_row(folder, uid)
    raw = desk.mail.read_raw(folder, uid)
    stripped, name = strip(raw, number)
    fresh = desk.mail.append(folder, stripped, flags=row.flags, keywords=row.keywords, arrived=row.arrived)
    desk.mail.move(folder, [uid], desk.mail.find_special("\\Trash"))
    text = gettext("%(name)s taken out. The whole message lies in Bin") % {"name": name}
    leave_toast(request, Toast(text))
    return redirect("message", folder=folder, uid=fresh) if fresh else redirect("folder", folder=folder)


@require_GET
@with_desk
def source(request: HttpRequest, desk: Desk, folder: str, uid: int) -> HttpResponse:
    """The bytes as received: to read, or with ?save=1 as a file for any mail program."""
    raw = desk.mail.read_raw(folder, uid)
    if request.GET.get("save") == "1":
        return download(raw, "message/rfc822", f"{folder.replace('/', '-')}-{uid}.eml", as_attachment=True)
    return download(raw.decode("utf-8", "replace").encode(), "text/plain; charset=utf-8", "message.txt", as_attachment=False)


@require_GET
@with_desk
def details(request: HttpRequest, desk: Desk, folder: str, uid: int) -> HttpResponse:
    """All headers as received, and the tree of parts."""
    row = desk.mail.find_row(folder, uid)
    raw = desk.mail.read_raw(folder, uid)
    headers = [(field.name, decode_value(field.value)) for field in Headers.parse(raw) if field.name]
    context = {"row": row, "headers": headers, "tree": _walk(parse(raw).root), "here_url": url_of(row)}
    return render(request, "webmail/details.html", context | frame(request, desk, at=folder))


@require_GET
@with_desk
def printed(request: HttpRequest, desk: Desk, folder: str, uid: int) -> HttpResponse:
    """A sheet for paper: a document as powerless as the letter's own frame, with the head of the message on it."""
    message = open_message(desk, desk.mail.find_row(folder, uid))
    context = {"letter": message.letter, "clean": message.clean, "passages": message.passages, "files": message.files}
    response = render(request, "webmail/print.html", context)
    response["Content-Security-Policy"] = (
        "sandbox; default-src 'none'; style-src 'self' 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
    response["Referrer-Policy"] = "no-referrer"
    return response


def download(data: bytes, media_type: str, filename: str, *, as_attachment: bool) -> HttpResponse:
    response = HttpResponse(data, content_type=media_type)
    response["Content-Disposition"] = content_disposition_header(as_attachment, filename) or "attachment"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


def _kind(media_type: str) -> str:
    if media_type in RASTER:
        return "image"
    if media_type in _SOUNDS:
        return "audio"
    if media_type in _FILMS:
        return "video"
    if media_type == "application/pdf":
        return "pdf"
    if media_type in ("application/zip", "application/x-zip-compressed"):
        return "zip"
    if media_type.startswith("text/") or media_type in ("application/json", "application/xml", "message/rfc822"):
        return "text"
    return ""


def _list_zip(data: bytes) -> list[tuple[str, int]]:
    """Names and sizes; nothing is unpacked, so nothing can burst."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            return [(info.filename, info.file_size) for info in packed.infolist()[:500]]
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, OSError):
        return []


def _free_name(name: str, used: set[str]) -> str:
    stem, dot, ending = name.rpartition(".")
    candidate, number = name, 2
    while candidate.casefold() in used:
        candidate = f"{stem or ending} {number}{dot}{ending if dot else ''}"
        number += 1
    used.add(candidate.casefold())
    return candidate


def _walk(part: Part, depth: int = 0) -> list[dict[str, object]]:
    found: list[dict[str, object]] = [
        {
            "depth": depth,
            "type": part.content_type,
            "name": part.filename,
            "size": part.size,
            "encoding": part.encoding,
            "disposition": part.disposition,
            "parts": ngettext("%(count)d part", "%(count)d parts", len(part.children)) % {"count": len(part.children)},
            "is_multipart": part.is_multipart,
        }
    ]
    for child in part.children:
        found += _walk(child, depth + 1)
    if part.message is not None:
        found += _walk(part.message.root, depth + 1)
    return found
