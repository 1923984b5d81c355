"""Writing: the form, the draft it keeps by itself, its files and pictures, and sending."""

import contextlib
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from mailcore.kernel.errors import BadSyntax, MailError, NotFound
from mailcore.mime.building import Attachment, new_message_id

from .. import answers, correspondents, drafting, identities, outbox
from ..access.opened import RASTER, inline_images
from ..access.queries import is_empty, parse_query
from ..desk import Desk, Toast, frame, leave_toast, with_desk
from ..models import LetterTemplate
from ..outbox import Sending
from ..person import preferences_of
from ..plain_text import to_plain
from ..recipients import Faults, read_recipients
from ..templatetags.look import when
from ..writing import MODES, PRIORITIES, Place, Writing

MAX_UPLOADS = 50


@require_http_methods(["GET", "POST"])
@with_desk
def write(request: HttpRequest, desk: Desk) -> HttpResponse:
    if request.method == "POST":
        return _send(request, desk)
    started = answers.start(asked=_read_asked(request), mail=desk.mail, owner=desk.owner, chosen=preferences_of(request))
    return _page(request, desk, started.writing, Faults())


@require_POST
@with_desk
def save_draft(request: HttpRequest, desk: Desk) -> HttpResponse:
    writing = read_form(request)
    is_final = request.POST.get("final") == "1" or not is_script(request)
    try:
        kept = drafting.save(writing=writing, owner=desk.owner, mail=desk.mail, is_final=is_final)
    except MailError as error:
        if not is_script(request):
            return _page(request, desk, writing, Faults({"draft": _(error.public)}), status=422)
        return JsonResponse({"error": _(error.public)}, status=422)
    if is_script(request):
        return JsonResponse(_state(request, kept, desk))
    if request.POST.get("stay") == "1":
        return _page(request, desk, kept.writing, Faults(), saved_at=kept.at)
    leave_toast(request, Toast(_("Draft kept") if kept.at else _("Nothing was written")))
    return redirect("folder", folder=desk.mail.find_special("\\Drafts"))


@require_POST
@with_desk
def discard(request: HttpRequest, desk: Desk) -> HttpResponse:
    drafting.discard(writing=read_form(request), owner=desk.owner, mail=desk.mail)
    if is_script(request):
        return JsonResponse({})
    leave_toast(request, Toast(_("Draft thrown away")))
    return redirect("home")


@require_GET
@xframe_options_sameorigin
@with_desk
def sheet(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The empty document the editor works in. Nothing in it may run, and only pictures of this site are loaded."""
    response = render(request, "webmail/compose/sheet.html")
    response["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
    )
    return response


@require_GET
@with_desk
def picture(request: HttpRequest, desk: Desk, key: str, cid: str) -> HttpResponse:
    """A picture within the letter that is being written: of its draft, or of the message it answers."""
    row = drafting.find_row(key, desk.owner)
    folder, _gap, uid = request.GET.get("s", "").rpartition("/")
    for place in (Place(row.folder, row.uid) if row else Place(), Place(folder, _number(uid))):
        with contextlib.suppress(NotFound):
            found = inline_images(desk.mail.read_raw(place.folder, place.uid)).get(cid) if place.uid else None
            if found is not None:
                headers = {"Content-Security-Policy": "sandbox; default-src 'none'", "Cache-Control": "private, max-age=3600"}
                return HttpResponse(found[1], content_type=found[0], headers=headers)
    raise NotFound("This picture is gone.")


@require_GET
@with_desk
def complete(request: HttpRequest, desk: Desk) -> HttpResponse:
    """JSON for the list below a recipient field."""
    found = correspondents.suggest(owner=desk.owner, text=request.GET.get("q", ""))
    kinds = {"group": _("Group"), "colleague": _("Directory"), "contact": _("Contact"), "used": ""}
    items = [
        {"name": one.name, "address": one.address, "written": one.written, "kind": kinds[one.kind], "count": one.count} for one in found
    ]
    return JsonResponse({"items": items})


@require_GET
@with_desk
def find_messages(request: HttpRequest, desk: Desk) -> HttpResponse:
    """JSON: messages that could be attached."""
    query = parse_query(request.GET.get("q", "")[:300])
    rows = () if is_empty(query) else desk.mail.search(query, limit=8).rows
    items = [
        {"keep": f"mail-{row.uid}-{row.folder}", "name": row.subject or _("No subject"), "who": row.sender.shown, "when": when(row.arrived)}
        for row in rows
    ]
    return JsonResponse({"items": items})


@require_GET
@with_desk
def strangers(request: HttpRequest, desk: Desk) -> HttpResponse:
    """JSON: what is to be said of recipients, address by address. Faults too, so that a slip shows before sending."""
    recipients, faults = read_recipients({"to": request.GET.get("list", "")[:20_000]})
    if not preferences_of(request).is_on("warn_outside"):
        return JsonResponse({"marks": {}, "faults": faults.fields})
    words = {"outside": _("Outside your organisation"), "first": _("You never wrote to this address")}
    marks = correspondents.list_strangers(owner=desk.owner, listed=recipients.values_in_order())
    return JsonResponse(
        {"marks": {address: {"kind": kind, "text": words[kind]} for address, kind in marks.items()}, "faults": faults.fields}
    )


@require_GET
@with_desk
def template(request: HttpRequest, desk: Desk, template_id: int) -> HttpResponse:
    """JSON: a kept text, for the editor."""
    found = LetterTemplate.objects.filter(user_id=desk.owner.principal.user_id, id=template_id).first()
    if found is None:
        raise NotFound("There is no such template.")
    return JsonResponse({"subject": found.subject, "text": found.text, "html": answers.as_markup(found.text)})


@require_http_methods(["GET", "POST"])
@with_desk
def resend(request: HttpRequest, desk: Desk, folder: str, uid: int) -> HttpResponse:
    """Redirect: the message goes on as it is."""
    row = desk.mail.find_row(folder, uid)
    faults = Faults()
    if request.method == "POST":
        try:
            faults = outbox.redirect(
                place=Place(folder, uid), to=request.POST.get("to", ""), owner=desk.owner, mail=desk.mail, peer=_peer(request)
            )
        except MailError as error:
            faults = Faults({"to": _(error.public)})
        if not faults:
            leave_toast(request, Toast(_("Redirected")))
            return redirect("message", folder=folder, uid=uid)
    context = {"row": row, "folder": folder, "typed_to": request.POST.get("to", ""), "faults": faults.fields}
    return render(request, "webmail/redirect.html", context | frame(request, desk, at=folder), status=422 if faults else 200)


def is_script(request: HttpRequest) -> bool:
    return request.headers.get("X-Compose") == "1"


def _send(request: HttpRequest, desk: Desk) -> HttpResponse:
    writing = read_form(request)
    try:
        how = _read_sending(request)
        sent = outbox.send(writing=writing, owner=desk.owner, mail=desk.mail, how=how)
        faults = sent.faults
    except MailError as error:
        faults, sent, how = Faults({"message": _(error.public)}), outbox.Sent(), Sending("")
    if not faults:
        text, undo = _describe(sent, how)
        if is_script(request):
            said = [{"message": text, "level_tag": "success", "extra_tags": undo}]
            return JsonResponse({"toast": render_to_string("components/messages.html", {"messages": said}, request)})
        messages.success(request, text, extra_tags=undo)
        return redirect(_safe_next(request))
    if writing.uploads or ("message" in faults.fields and not is_script(request)):
        # A browser does not send a chosen file twice, and what cannot leave now is to be found again: both are kept
        # before the form is shown again. The script of the form keeps its draft by itself.
        with contextlib.suppress(MailError):
            writing = drafting.save(writing=writing, owner=desk.owner, mail=desk.mail, is_final=True).writing
    if is_script(request):
        return JsonResponse({"faults": faults.fields}, status=422)
    return _page(request, desk, writing, faults, status=422)


def _describe(sent: outbox.Sent, how: Sending) -> tuple[str, str]:
    """What was done, and the address of the way back."""
    if how.leave_at:
        moment = timezone.localtime(datetime.fromtimestamp(how.leave_at, timezone.get_current_timezone()))
        text = _("Will leave on %(day)s") % {"day": date_format(moment, "j F, H:i")}
    else:
        text = _("Sent")
    undo = reverse("undo-send", args=[sent.outgoing_id]) if sent.outgoing_id else ""
    return text, undo


def _read_sending(request: HttpRequest) -> Sending:
    chosen = preferences_of(request)
    when = request.POST.get("when", "") if request.POST.get("do") == "later" else ""
    if request.POST.get("do") == "later" and not when.strip():
        raise BadSyntax("Say when it shall leave.")
    leave_at = outbox.read_time(when, timezone.localtime())
    return Sending(_peer(request), int(chosen.undo_seconds), leave_at, chosen.is_on("collect_addresses"))


def _state(request: HttpRequest, kept: drafting.Kept, desk: Desk) -> dict[str, Any]:
    """What an open form has to know after a saving."""
    writing = kept.writing
    html = render_to_string("webmail/compose/_files.html", {"files": drafting.list_files(writing, desk.owner, desk.mail)}, request)
    notice = _("This draft was changed in another window. What you write here is now a draft of its own.") if kept.is_parted else ""
    saved = _("Saved %(time)s") % {"time": f"{timezone.localtime(kept.at):%H:%M}"} if kept.at else ""
    cids = [upload.content_id for upload in read_uploads(request) if upload.content_id] if request.FILES else []
    return {"key": writing.key, "saved": saved, "notice": notice, "files": html, "draft_uid": writing.draft_uid, "cids": cids}


def read_form(request: HttpRequest) -> Writing:
    post = request.POST
    texts = {name: post.get(name, "").replace("\0", "") for name in ("to", "cc", "bcc", "reply_to", "subject", "text", "html")}
    texts["text"] = texts["text"].replace("\r\n", "\n")
    return Writing(
        **texts,
        is_html=post.get("format") == "html",
        sender_key=post.get("sender", "")[:330],
        priority=post.get("priority", "") if post.get("priority") in PRIORITIES else "normal",
        wants_receipt=post.get("receipt") == "yes",
        wants_report=post.get("report") == "yes",
        mode=post.get("mode", "new") if post.get("mode") in MODES else "new",
        source=Place(post.get("source_folder", ""), _number(post.get("source_uid", "0"))),
        in_reply_to=post.get("in_reply_to", ""),
        references=tuple(post.get("references", "").split()),
        key=post.get("key", ""),
        editor=post.get("editor", "")[:40],
        sequence=_number(post.get("sequence", "0")),
        seen=post.get("seen", "")[:60],
        draft_uid=_number(post.get("draft_uid", "0")),
        kept=tuple(post.getlist("keep")),
        uploads=tuple(read_uploads(request)),
    )


def read_uploads(request: HttpRequest) -> list[Attachment]:
    """Files, and pictures pasted into the text; the browser names the latter by Content-ID."""
    files, pictures = request.FILES.getlist("files"), request.FILES.getlist("pictures")
    if len(files) + len(pictures) > MAX_UPLOADS:
        raise BadSyntax(f"At most {MAX_UPLOADS} files.")
    found = [_attachment(file, "") for file in files if file.size or file.name]
    for number, file in enumerate(pictures):
        cid = (request.POST.getlist("cid") + [""] * len(pictures))[number]
        if file.content_type not in RASTER:
            raise BadSyntax("Only pictures (PNG, JPEG, GIF, WebP) can stand in the text.", file.content_type or "")
        is_known = cid.replace("@", "").replace(".", "").replace("-", "").isalnum() and cid.isascii() and len(cid) < 100
        found.append(_attachment(file, cid if is_known else new_message_id("picture").strip("<>")))
    return found


def _attachment(file: Any, cid: str) -> Attachment:
    file.seek(0)
    return Attachment(file.name or "file", file.content_type or "application/octet-stream", file.read(), content_id=cid)


def _read_asked(request: HttpRequest) -> answers.Request:
    given = request.GET
    uids = [uid for text in given.getlist("uid") if (uid := _number(text))]
    return answers.Request(
        mode=given.get("mode", "new") if given.get("mode") in MODES else "new",
        place=Place(given.get("folder", ""), uids[0] if uids else 0),
        more=tuple(uids[1:MAX_UPLOADS]),
        to=given.get("to", ""),
        cc=given.get("cc", ""),
        subject=given.get("subject", ""),
        body=given.get("body", "")[:50_000],
        template=_number(given.get("template", "0")),
        draft=given.get("draft", ""),
    )


def _page(
    request: HttpRequest, desk: Desk, writing: Writing, faults: Faults, *, status: int = 200, saved_at: datetime | None = None
) -> HttpResponse:
    senders, sender = identities.choose(desk.owner, (), key=writing.sender_key)
    titles = {"reply": _("Reply"), "all": _("Reply to all"), "list": _("Reply to the list"), "forward": _("Forward")}
    titles |= {"attach": _("Forward"), "draft": _("Draft")}
    is_docked = request.headers.get("X-Dock") == "1"
    limit = _limit()
    context = {
        "writing": writing,
        "faults": faults.fields,
        "files": drafting.list_files(writing, desk.owner, desk.mail),
        "senders": senders,
        "sender": sender,
        "signatures": {one.key: {"text": one.signature_text, "html": answers.signature_markup(one)} for one in senders},
        "letter_templates": list(LetterTemplate.objects.filter(user_id=desk.owner.principal.user_id).only("id", "name")),
        "heading": titles.get(writing.mode, _("New message")),
        "saved_at": saved_at,
        "is_docked": is_docked,
        "words": _words(),
        "suffix": f"-{writing.key[:8]}" if is_docked else "",
        "chosen": preferences_of(request),
        "limit": limit,
        "is_answer": writing.mode in answers.ANSWERS,
        "plain_text": writing.text if not writing.is_html or writing.text else _as_plain(writing),
        "shows_more": bool(writing.reply_to or writing.priority != "normal" or writing.wants_report or faults.fields.get("reply_to")),
        "has_copies": bool(writing.cc or writing.bcc or faults.fields.get("cc") or faults.fields.get("bcc")),
    }
    if is_docked:
        return render(request, "webmail/compose/_composer.html", context | {"owner": desk.owner}, status=status)
    return render(request, "webmail/compose/page.html", context | frame(request, desk), status=status)


def _as_plain(writing: Writing) -> str:
    """For a browser without scripts: room to write, then what is quoted."""
    return ("\n\n" if writing.mode in answers.ANSWERS else "") + to_plain(writing.html)


def _words() -> dict[str, str]:
    """What the script of the form says."""
    return {
        "attach": _("attach,enclos"),
        "saving": _("Saving…"),
        "unsaved": _("Not saved: the server does not answer. It is tried again."),
        "large": _("This is more than a letter may carry (%s)."),
        "plain": _("Plain text"),
        "rich": _("Formatted text"),
        "link": _("Address of the link"),
        "remove": _("Remove"),
        "fault": _("Not sent yet. Nothing of what you wrote is lost."),
    }


def _limit() -> int:
    """Octets of files a letter may carry: what the server takes, less what base64 adds."""
    return int(settings.FACTEUR.max_message_bytes) * 73 // 100


def _safe_next(request: HttpRequest) -> str:
    writing_place = Place(request.POST.get("source_folder", ""), _number(request.POST.get("source_uid", "0")))
    return reverse("folder", args=[writing_place.folder]) if writing_place.folder else "/"


def _peer(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 15 else 0
