"""Writing: the form, the draft it keeps by itself, and sending."""

from dataclasses import dataclass, replace

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from mailcore.kernel.errors import BadSyntax, MailError, NotFound
from mailcore.mime.building import Attachment

from .. import answers, outbox
from ..access.opened import open_letter
from ..desk import Desk, Toast, frame, is_fragment, leave_toast, with_desk
from ..outbox import MODES, Faults, Place, Writing

MAX_UPLOADS = 50


@dataclass(frozen=True, slots=True)
class KeptFile:
    key: str
    filename: str
    size: int


@require_http_methods(["GET", "POST"])
@with_desk
def write(request: HttpRequest, desk: Desk) -> HttpResponse:
    if request.method == "POST":
        return _send(request, desk)
    mode = request.GET.get("mode", "new")
    place = Place(request.GET.get("folder", ""), _number(request.GET.get("uid", "0")))
    writing = answers.start(
        mode=mode if mode in MODES else "new",
        place=place,
        mail=desk.mail,
        owner=desk.owner,
        to=request.GET.get("to", ""),
        subject=request.GET.get("subject", ""),
    )
    return _page(request, desk, writing, Faults())


@require_POST
@with_desk
def save_draft(request: HttpRequest, desk: Desk) -> HttpResponse:
    writing = read_form(request)
    if not writing.is_blank:
        writing = _kept(writing, outbox.save_draft(writing=writing, owner=desk.owner, mail=desk.mail), desk)
    if not is_fragment(request):
        leave_toast(request, Toast("Draft kept"))
        return redirect("folder", folder=desk.mail.find_special("\\Drafts"))
    context = {"writing": writing, "files": list_files(writing, desk), "saved_at": None if writing.is_blank else timezone.localtime()}
    return render(request, "webmail/_draft_state.html", context)


@require_POST
@with_desk
def discard(request: HttpRequest, desk: Desk) -> HttpResponse:
    uid = _number(request.POST.get("draft_uid", "0"))
    if uid:
        outbox.discard(draft_uid=uid, mail=desk.mail)
    leave_toast(request, Toast("Draft thrown away"))
    return redirect("home")


def _send(request: HttpRequest, desk: Desk) -> HttpResponse:
    writing = read_form(request)
    try:
        faults = outbox.send(writing=writing, owner=desk.owner, mail=desk.mail, peer=request.META.get("REMOTE_ADDR", ""))
    except MailError as error:
        faults = Faults({"message": error.public})
    if not faults:
        leave_toast(request, Toast("Sent"))
        return redirect("home")
    if writing.uploads:
        # A browser does not send a chosen file twice, so what was uploaded is kept before the form is shown again.
        writing = _kept(writing, outbox.save_draft(writing=writing, owner=desk.owner, mail=desk.mail), desk)
    return _page(request, desk, writing, faults, status=422)


def _kept(writing: Writing, uid: int, desk: Desk) -> Writing:
    letter = open_letter(desk.mail.read_raw(folder := desk.mail.find_special("\\Drafts"), uid), desk.mail.find_row(folder, uid))
    return replace(writing, draft_uid=uid, uploads=(), kept=tuple(f"draft-{attachment.number}" for attachment in letter.attachments))


def read_form(request: HttpRequest) -> Writing:
    post = request.POST
    files = request.FILES.getlist("files")
    if len(files) > MAX_UPLOADS:
        raise BadSyntax(f"At most {MAX_UPLOADS} files.")
    return Writing(
        to=post.get("to", ""),
        cc=post.get("cc", ""),
        bcc=post.get("bcc", ""),
        subject=post.get("subject", ""),
        text=post.get("text", ""),
        mode=post.get("mode", "new") if post.get("mode") in MODES else "new",
        source=Place(post.get("source_folder", ""), _number(post.get("source_uid", "0"))),
        draft_uid=_number(post.get("draft_uid", "0")),
        kept=tuple(post.getlist("keep")),
        uploads=tuple(Attachment(file.name or "file", file.content_type or "application/octet-stream", file.read()) for file in files),
        in_reply_to=post.get("in_reply_to", ""),
        references=tuple(post.get("references", "").split()),
    )


def list_files(writing: Writing, desk: Desk) -> list[KeptFile]:
    """The files the form holds, named and sized for people."""
    places = {"source": writing.source, "draft": Place(desk.mail.find_special("\\Drafts") if writing.draft_uid else "", writing.draft_uid)}
    found: list[KeptFile] = []
    for prefix, place in places.items():
        if not place.uid or not any(kept.startswith(f"{prefix}-") for kept in writing.kept):
            continue
        try:
            letter = open_letter(desk.mail.read_raw(place.folder, place.uid), desk.mail.find_row(place.folder, place.uid))
        except NotFound:
            continue
        found += [
            KeptFile(f"{prefix}-{one.number}", one.filename, one.size)
            for one in letter.attachments
            if f"{prefix}-{one.number}" in writing.kept
        ]
    return found


def _page(request: HttpRequest, desk: Desk, writing: Writing, faults: Faults, status: int = 200) -> HttpResponse:
    titles = {"reply": "Reply", "all": "Reply to all", "forward": "Forward", "draft": "Draft"}
    context = {
        "writing": writing,
        "faults": faults.fields,
        "files": list_files(writing, desk),
        "heading": titles.get(writing.mode, "New message"),
    }
    return render(request, "webmail/compose.html", context | frame(request, desk), status=status)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 10 else 0
