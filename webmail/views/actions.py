"""What is done to messages: one at a time or many, always with a way back where there is one."""

import json
from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.html import escape
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from mailcore.kernel.errors import BadSyntax
from mailcore.store.uidsets import split

from .. import acting, jobs, silencing, snoozing
from ..access.port import Row, View
from ..acting import Done
from ..desk import Desk, Step, Toast, is_fragment, leave_toast, with_desk
from ..labels import list_labels
from ..lists import find_folder, read_query, read_view, writer_for
from ..models import Job
from ..reading import reader_context
from ..rowhtml import refer
from ..rows import show_row

MAX_AT_ONCE = 500
MAX_IN_SEARCH = 50_000
Ref = tuple[str, int]


@require_POST
@with_desk
def act(request: HttpRequest, desk: Desk) -> HttpResponse:
    """`do` is a verb; `only` is `verb:reference` and wins over the ticked `uid`s; `all` means everything the list would show."""
    if request.POST.get("origin") == "undo":
        return _undo(request, desk)
    folder = request.POST.get("folder", "")
    if request.POST.get("all") == "1" and not request.POST.get("only"):
        return _act_on_all(request, desk, folder)
    verb, refs = _read(request, folder or "INBOX")
    if not refs:
        return _answer(request, desk, folder, (), Toast(gettext("Nothing is selected")), verb)
    done = [_apply(request, desk, name, uids, verb) for name, uids in _group(refs)]
    return _answer(request, desk, folder, refs, _toast(done), verb)


@require_GET
@with_desk
def progress(request: HttpRequest, desk: Desk, job_id: int) -> HttpResponse:
    """How far a job is; asked while it runs."""
    toast = _toast_of(jobs.get(mailbox_id=desk.mailbox_id, job_id=job_id))
    response = render(request, "webmail/_toast.html", {"toast": toast})
    if not toast.is_running:
        response["HX-Trigger"] = "mailChanged, listChanged"
    return response


def _apply(request: HttpRequest, desk: Desk, folder: str, uids: Sequence[int], verb: str) -> Done:
    is_whole = request.POST.get("whole") == "1" and not verb.endswith("star") and verb != "block"
    chosen = desk.mail.list_of_threads(folder, uids) if is_whole else list(uids)
    kind, _colon, what = verb.partition(":")
    if kind == "snooze":
        until = snoozing.read_until(what, request.POST.get("until", ""), timezone.now())
        done = snoozing.snooze(mail=desk.mail, mailbox_id=desk.mailbox_id, folder=folder, uids=chosen, until=until)
    elif kind in ("mute", "unmute", "block"):
        done = _silence(desk, folder, desk.mail.find_rows(folder, uids), kind)
    else:
        done = acting.apply(desk.mail, folder, chosen, verb)
    return Done(len(uids), done.words, done.steps, done.is_moved) if is_whole else done


def _silence(desk: Desk, folder: str, rows: Sequence[Row], kind: str) -> Done:
    if kind == "unmute":
        return silencing.unmute(mailbox_id=desk.mailbox_id, rows=rows)
    if kind == "mute":
        return silencing.mute(mail=desk.mail, mailbox_id=desk.mailbox_id, folder=folder, rows=rows)
    own = desk.owner.person.address
    return silencing.block(mail=desk.mail, mailbox_id=desk.mailbox_id, own=own, folder=folder, rows=rows)


def _act_on_all(request: HttpRequest, desk: Desk, folder: str) -> HttpResponse:
    verb = request.POST.get("do", "")
    typed = request.POST.get("q", "")
    pairs = _all_of_search(desk, typed) if typed else [(folder, desk.mail.list_uids(folder, _view(request, desk, folder)))]
    job = jobs.give(mailbox_id=desk.mailbox_id, verb=verb, pairs=pairs)
    job = jobs.work_off(job, seconds=jobs.AT_ONCE, mail=desk.mail)
    return _answer(request, desk, folder, (), _toast_of(job), verb, is_list_stale=True)


def _view(request: HttpRequest, desk: Desk, folder: str) -> View:
    """Of the list the form stood in: its address is in the form's own, and conversations do not hide messages."""
    view = read_view(request, desk, find_folder(desk.mail.list_folders(), folder))
    return View(shows=view.shows, keyword=view.keyword)


def _all_of_search(desk: Desk, typed: str) -> list[tuple[str, list[int]]]:
    query = read_query(typed, list_labels(desk.mailbox_id))
    found: dict[str, list[int]] = {}
    before, count = "", 0
    while count < MAX_IN_SEARCH:
        page = desk.mail.search(query, before=before, limit=MAX_AT_ONCE)
        for row in page.rows:
            found.setdefault(row.folder, []).append(row.uid)
        count += len(page.rows)
        before = page.before
        if not before:
            break
    return list(found.items())


def _undo(request: HttpRequest, desk: Desk) -> HttpResponse:
    job_id = request.POST.get("job", "")
    if job_id.isascii() and job_id.isdecimal():
        given = jobs.give_undo(jobs.get(mailbox_id=desk.mailbox_id, job_id=int(job_id[:18])))
        done = [jobs.work_off(job, seconds=jobs.AT_ONCE, mail=desk.mail) for job in given]
        toast = _toast_of(done[-1], undone=True) if done else Toast(gettext("It was undone before"))
    else:
        for folder, uids, verb in _read_steps(request.POST.get("steps", "")):
            acting.apply(desk.mail, folder, list(split(uids)), verb)
        toast = Toast(gettext("Undone"))
    if not is_fragment(request):
        leave_toast(request, toast)
        back = request.POST.get("back", "")
        return redirect(back if back.startswith("/mail/") else "home")
    response = render(request, "webmail/_toast.html", {"toast": toast})
    response["HX-Trigger"] = "mailChanged, listChanged"
    return response


def _read_steps(text: str) -> list[Step]:
    """As `Toast.packed` wrote them. They can do nothing that a form could not ask for."""
    try:
        steps = [(str(folder), str(uids), str(verb)) for folder, uids, verb in json.loads(text[:200_000])]
        for _folder, uids, _verb in steps:
            if len(list(split(uids))) > MAX_AT_ONCE * 40:
                raise ValueError
    except (ValueError, TypeError) as error:
        raise BadSyntax(gettext("That cannot be undone."), repr(text[:200])) from error
    return steps


def _read(request: HttpRequest, folder: str) -> tuple[str, tuple[Ref, ...]]:
    only = request.POST.get("only", "")
    verb, texts = request.POST.get("do", ""), request.POST.getlist("uid")
    if only:
        verb, _colon, text = only.partition(":")
        texts = [text]
    if len(texts) > MAX_AT_ONCE:
        raise BadSyntax(gettext("At most %(count)d messages at once.") % {"count": MAX_AT_ONCE})
    return verb, tuple(dict.fromkeys(_read_ref(text, folder) for text in texts))


def _read_ref(text: str, folder: str) -> Ref:
    """`12`, or `12:Folder` where the list holds several."""
    uid, colon, named = text.partition(":")
    if not (uid.isascii() and uid.isdecimal() and len(uid) <= 10):
        raise BadSyntax(gettext("That is not a message."), repr(text))
    return named if colon else folder, int(uid)


def _group(refs: Sequence[Ref]) -> list[tuple[str, list[int]]]:
    found: dict[str, list[int]] = {}
    for folder, uid in refs:
        found.setdefault(folder, []).append(uid)
    return [(folder, sorted(uids)) for folder, uids in found.items()]


def _toast(done: Sequence[Done]) -> Toast:
    steps = tuple(step for one in done for step in one.steps)
    return Toast(acting.tell(sum(one.count for one in done), done[0].words), steps)


def _toast_of(job: Job, *, undone: bool = False) -> Toast:
    if job.state == Job.State.FAILED:
        text = gettext("Stopped after %(done)s of %(total)s: %(fault)s") % {"done": job.done, "total": job.total, "fault": job.fault}
        return Toast(text, job_id=job.pk if job.steps else 0)
    if job.state == Job.State.WAITING:
        text = gettext("%(done)s of %(total)s done") % {"done": f"{job.done:,}", "total": f"{job.total:,}"}
        return Toast(text, job_id=job.pk, is_running=True)
    if undone:
        return Toast(gettext("Undone"))
    return Toast(acting.tell(job.done, gettext("done")), job_id=job.pk if job.steps else 0)


def _answer(
    request: HttpRequest, desk: Desk, folder: str, refs: Sequence[Ref], toast: Toast, verb: str, *, is_list_stale: bool = False
) -> HttpResponse:
    origin = request.POST.get("origin", "list")
    is_moved = acting.moves(verb)
    if not is_fragment(request):
        leave_toast(request, toast)
        back = request.POST.get("back", "")
        if origin == "reader" and not is_moved and refs and verb != "unread":
            return redirect("message", folder=refs[0][0], uid=refs[0][1])
        return redirect(back) if back.startswith("/mail/") else redirect("folder", folder=folder or "INBOX")
    is_cross = request.POST.get("cross") == "1"
    folders = desk.mail.list_folders()
    changed = [] if is_moved else [row for name, uids in _group(refs) for row in desk.mail.find_rows(name, uids)]
    labels = list_labels(desk.mailbox_id)
    writer = writer_for(folders, labels, is_cross=is_cross, query=request.POST.get("q", ""))
    context = {
        "toast": toast,
        "origin": origin,
        "leaves": origin == "reader" and (is_moved or verb == "unread"),
        "writer": writer,
        "changed": [show_row(row) for row in changed],
        "gone": [escape(refer(name, uid, is_cross=is_cross)).replace(" ", "~") for name, uid in refs] if is_moved else [],
        "folders": folders,
    }
    if origin == "reader" and not context["leaves"] and changed:
        context |= reader_context(desk, changed[0], folders) | {"labels": labels}
        writer.current = refer(changed[0].folder, changed[0].uid, is_cross=is_cross)
    response = render(request, "webmail/_acted.html", context)
    response["HX-Trigger"] = "mailChanged, listChanged" if is_list_stale else "mailChanged"
    return response
