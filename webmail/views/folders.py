"""Folders: all of them with their sizes, one with its properties, and what can be done to them."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from mailcore.kernel.errors import BadSyntax, Denied, MailError

from .. import jobs
from ..access.port import SPECIAL_NAMES, View
from ..desk import Desk, Toast, frame, leave_toast, with_desk
from ..lists import find_folder

MAX_NAME = 200


@require_http_methods(["GET", "POST"])
@with_desk
def index(request: HttpRequest, desk: Desk) -> HttpResponse:
    """All folders, the largest named first on request; with POST a new one."""
    fault = ""
    if request.method == "POST":
        try:
            name = read_name(request.POST.get("name", ""), parent=request.POST.get("parent", ""))
            desk.mail.create_folder(name)
            leave_toast(request, Toast(gettext("Folder %(name)s made") % {"name": name}))
            return redirect("folder", folder=name)
        except MailError as error:
            fault = gettext(error.public)
    folders = desk.mail.list_folders()
    by_size = request.GET.get("sort") == "size"
    shown = sorted(folders, key=lambda folder: folder.size, reverse=True) if by_size else folders
    context = {
        "shown": shown,
        "by_size": by_size,
        "largest": max((folder.size for folder in folders), default=0),
        "fault": fault,
        "typed_name": request.POST.get("name", ""),
        "typed_parent": request.POST.get("parent", ""),
    }
    return render(request, "webmail/folders.html", context | frame(request, desk, folders=folders), status=422 if fault else 200)


@require_GET
@with_desk
def properties(request: HttpRequest, desk: Desk, folder: str) -> HttpResponse:
    return _properties(request, desk, folder, {})


@require_POST
@with_desk
def rename(request: HttpRequest, desk: Desk, folder: str) -> HttpResponse:
    """Another name, or another place: the parent is chosen from the others."""
    try:
        name = read_name(request.POST.get("name", ""), parent=request.POST.get("parent", ""))
        if name != folder:
            desk.mail.rename_folder(folder, name)
    except MailError as error:
        return _properties(request, desk, folder, {"name": gettext(error.public)}, typed=request.POST.get("name", ""), status=422)
    leave_toast(request, Toast(gettext("It is called %(name)s now") % {"name": name}))
    return redirect("folder-properties", folder=name)


@require_POST
@with_desk
def remove(request: HttpRequest, desk: Desk, folder: str) -> HttpResponse:
    """The messages go to the Bin first, so that nothing is lost by it."""
    here = find_folder(desk.mail.list_folders(), folder)
    if here.special_use:
        raise Denied(gettext("%(name)s is needed and stays.") % {"name": here.shown_name})
    if any(other.name.startswith(f"{folder}/") for other in desk.mail.list_folders()):
        return _properties(
            request, desk, folder, {"delete": gettext("There are folders below it. Move or delete those first.")}, status=409
        )
    if not _empty_into_bin(desk, folder):
        return _properties(request, desk, folder, {"delete": gettext("It is still being emptied. Try again in a moment.")}, status=409)
    desk.mail.delete_folder(folder)
    text = gettext("Folder %(name)s deleted. Its messages lie in Bin") if here.messages else gettext("Folder %(name)s deleted")
    leave_toast(request, Toast(text % {"name": folder}))
    return redirect("folders")


@require_POST
@with_desk
def empty(request: HttpRequest, desk: Desk, folder: str) -> HttpResponse:
    """Everything to the Bin; from the Bin and from Spam it is gone for good."""
    here = find_folder(desk.mail.list_folders(), folder)
    verb = "purge" if here.special_use in ("\\Trash", "\\Junk") else "delete"
    job = jobs.give(mailbox_id=desk.mailbox_id, verb=verb, pairs=[(folder, desk.mail.list_uids(folder, View()))])
    job = jobs.work_off(job, seconds=jobs.AT_ONCE, mail=desk.mail)
    is_running = job.state == job.State.WAITING
    text = gettext("%(name)s is being emptied") if is_running else gettext("%(name)s is empty now")
    leave_toast(request, Toast(text % {"name": here.shown_name}, job_id=job.pk if job.steps or is_running else 0, is_running=is_running))
    return redirect("folder", folder=folder)


@require_POST
@with_desk
def set_subscribed(request: HttpRequest, desk: Desk, folder: str) -> HttpResponse:
    find_folder(desk.mail.list_folders(), folder)
    is_on = request.POST.get("on") == "1"
    desk.mail.set_subscribed(folder, is_on)
    leave_toast(request, Toast(gettext("Mail programs show it now") if is_on else gettext("Mail programs that ask no longer show it")))
    return redirect("folder-properties", folder=folder)


@require_POST
@with_desk
def set_special(request: HttpRequest, desk: Desk, folder: str) -> HttpResponse:
    find_folder(desk.mail.list_folders(), folder)
    special = request.POST.get("special", "")
    if special and special not in SPECIAL_NAMES:
        raise BadSyntax(gettext("There is no such use of a folder."))
    desk.mail.set_special(folder, special)
    leave_toast(request, Toast(gettext("Every program is told what this folder is for")))
    return redirect("folder-properties", folder=folder)


def read_name(typed: str, *, parent: str = "") -> str:
    name = "/".join(level.strip() for level in typed.strip().strip("/").split("/"))
    whole = f"{parent}/{name}" if parent else name
    if not name or any(ord(char) < 32 or ord(char) == 127 for char in whole) or len(whole) > MAX_NAME or "//" in whole:
        raise BadSyntax(gettext("A folder needs a name of at most %(count)d letters.") % {"count": MAX_NAME})
    return whole


def _empty_into_bin(desk: Desk, folder: str) -> bool:
    uids = desk.mail.list_uids(folder, View())
    if not uids:
        return True
    job = jobs.give(mailbox_id=desk.mailbox_id, verb="delete", pairs=[(folder, uids)])
    job = jobs.work_off(job, seconds=20, mail=desk.mail)
    return bool(job.state == job.State.DONE)


def _properties(
    request: HttpRequest, desk: Desk, folder: str, faults: dict[str, str], *, typed: str = "", status: int = 200
) -> HttpResponse:
    folders = desk.mail.list_folders()
    here = find_folder(folders, folder)
    parent, _slash, label = folder.rpartition("/")
    context = {
        "here": here,
        "faults": faults,
        "typed_name": typed or label,
        "parent": parent,
        "parents": [one for one in folders if one.name != folder and not one.name.startswith(f"{folder}/")],
        "specials": list(SPECIAL_NAMES.items()),
        "is_fixed": here.name == "INBOX",
    }
    return render(request, "webmail/folder.html", context | frame(request, desk, at=folder, folders=folders), status=status)
