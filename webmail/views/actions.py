"""What is done to messages: one at a time or many, always with a way back where there is one."""

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from mailcore.kernel import flags
from mailcore.kernel.errors import BadSyntax, NotFound
from mailcore.store.mailstore import LocalMailStore

from ..desk import Desk, Toast, is_fragment, leave_toast, with_desk
from ..reading import reader_context
from ..rows import show_row

MAX_AT_ONCE = 500
_FLAGS = {
    "star": (flags.FLAGGED, True, "unstar", "starred"),
    "unstar": (flags.FLAGGED, False, "star", "no longer starred"),
    "read": (flags.SEEN, True, "unread", "marked as read"),
    "unread": (flags.SEEN, False, "read", "marked as unread"),
}
_PLACES = {"archive": ("\\Archive", "archived"), "spam": ("\\Junk", "moved to Spam"), "delete": ("\\Trash", "moved to Bin")}


@require_POST
@with_desk
def act(request: HttpRequest, desk: Desk) -> HttpResponse:
    """`do` is a verb, or `move:Folder`; `only` is `verb:uid` and wins over the ticked `uid`s."""
    folder = request.POST.get("folder", "INBOX")
    verb, uids = _read(request)
    if not uids:
        return _answer(request, desk, folder, (), Toast("Nothing is selected"), moved=False)
    if verb in _FLAGS:
        return _answer(request, desk, folder, uids, _set_flag(desk, folder, uids, verb), moved=False)
    return _answer(request, desk, folder, uids, _move(desk, folder, uids, verb), moved=True)


@require_POST
@with_desk
def make_folder(request: HttpRequest, desk: Desk) -> HttpResponse:
    name = request.POST.get("name", "").strip().strip("/")
    if not name or any(ord(char) < 32 for char in name) or len(name) > 200:
        raise BadSyntax("A folder needs a name.")
    if desk.owner.principal.mailbox_id is None:
        raise NotFound("There is no mailbox.")
    LocalMailStore(desk.owner.principal.mailbox_id).create_folder(name)
    leave_toast(request, Toast(f"Folder {name} made"))
    return redirect("folder", folder=name)


def _read(request: HttpRequest) -> tuple[str, tuple[int, ...]]:
    only = request.POST.get("only", "")
    verb, texts = request.POST.get("do", ""), request.POST.getlist("uid")
    if only:
        verb, _, uid = only.rpartition(":")
        texts = [uid]
    if len(texts) > MAX_AT_ONCE:
        raise BadSyntax(f"At most {MAX_AT_ONCE} messages at once.")
    if not all(text.isascii() and text.isdecimal() and len(text) <= 10 for text in texts):
        raise BadSyntax("That is not a message.", repr(texts))
    return verb, tuple(sorted({int(text) for text in texts}))


def _set_flag(desk: Desk, folder: str, uids: Sequence[int], verb: str) -> Toast:
    flag, on, back, done = _FLAGS[verb]
    desk.mail.set_flag(folder, uids, flag=flag, on=on)
    return Toast(f"{_count(len(uids))} {done}", folder, tuple(uids), back)


def _move(desk: Desk, folder: str, uids: Sequence[int], verb: str) -> Toast:
    if verb == "delete" and folder == desk.mail.find_special("\\Trash"):
        desk.mail.delete_for_good(folder, uids)
        return Toast(f"{_count(len(uids))} deleted for good")
    if verb == "notspam":
        target, done = "INBOX", "moved to Inbox"
    elif verb in _PLACES:
        special, done = _PLACES[verb]
        target = desk.mail.find_special(special)
    elif verb.startswith("move:"):
        target = verb.removeprefix("move:")
        if target not in [found.name for found in desk.mail.list_folders()]:
            raise NotFound(f"There is no folder {target}.")
        done = f"moved to {'Inbox' if target == 'INBOX' else target}"
    else:
        raise BadSyntax("That cannot be done to a message.", repr(verb))
    if target == folder:
        return Toast("It is there already")
    moved = desk.mail.move(folder, uids, target)
    return Toast(f"{_count(len(uids))} {done}", target, moved.uids, f"move:{folder}" if moved.uids else "")


def _count(number: int) -> str:
    return "1 message" if number == 1 else f"{number:,} messages"


def _answer(request: HttpRequest, desk: Desk, folder: str, uids: Sequence[int], toast: Toast, *, moved: bool) -> HttpResponse:
    origin = request.POST.get("origin", "list")
    if not is_fragment(request):
        leave_toast(request, toast)
        if origin == "reader" and not moved and uids and request.POST.get("do") != "unread":
            return redirect("message", folder=folder, uid=uids[0])
        return redirect("folder", folder=folder)
    is_undo = origin == "undo"
    leaves = moved or request.POST.get("do") == "unread"
    changed = [] if moved or is_undo else desk.mail.find_rows(folder, uids)
    folders = desk.mail.list_folders()
    context = {
        "toast": toast,
        "folder": folder,
        "origin": origin,
        "leaves": leaves,
        "changed": [show_row(row) for row in changed],
        "gone": uids if moved and not is_undo else [],
        "folders": folders,
    }
    if origin == "reader" and not leaves and changed:
        context |= reader_context(desk, changed[0], folders) | {"current": changed[0].uid}
    response = render(request, "webmail/_acted.html", context)
    response["HX-Trigger"] = "mailChanged, listChanged" if is_undo else "mailChanged"
    return response
