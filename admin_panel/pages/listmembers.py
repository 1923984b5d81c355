"""/panel/lists/<id>/members: who is on a list; found, added, changed, loaded from lines, removed."""

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from admin_panel.listforms import MemberChange, MemberId, MemberLines, NewMember
from admin_panel.paging import turn
from mailcore.directory.access import Actor
from mailcore.kernel.errors import NotFound
from mailcore.lists import register, roster
from mailcore.lists.models import MailingList, Member
from mailcore.lists.roster import Line

from .gate import for_administrators, show, try_act, try_form

REPORTED = 500
"""Lines of a report that are shown; those that failed come first."""


@require_http_methods(["GET", "POST"])
@for_administrators
def members(request: HttpRequest, actor: Actor, list_id: int) -> HttpResponse:
    row = register.access(actor, list_id=list_id)
    act = request.POST.get("act", "")
    form = NewMember(request.POST if act == "add" else None, initial={"role": "member"})
    lines = MemberLines(request.POST if act == "load" else None)
    report: list[Line] = []
    if act == "add" and try_form(form, lambda: roster.add(row=row, **form.cleaned_data)):
        messages.success(request, _("%(name)s is on the list.") % {"name": form.cleaned_data["email"]})
        return redirect("panel:list-members", list_id)
    if act == "load":
        try_form(lines, lambda: report.extend(roster.load(row=row, data=lines.cleaned_data["members"])))
    elif act in _ACTS:
        _act(request, row, act)
        return redirect(request.get_full_path())
    return _show(request, actor, row, form, lines, report)


def _act(request: HttpRequest, row: MailingList, act: str) -> None:
    form: Form = (MemberChange if act == "change" else MemberId)(request.POST)
    if not form.is_valid():
        messages.error(request, str(next(iter(form.errors.values()))[0]))
        return
    member = Member.objects.filter(mailing_list=row, id=form.cleaned_data.pop("member")).first()
    if member is None:
        raise NotFound("There is no such member.")
    if act == "change":
        try_act(
            request, lambda: roster.change(member_id=member.pk, **form.cleaned_data), _("%(name)s is changed.") % {"name": member.email}
        )
    elif act == "resume":
        try_act(request, lambda: roster.resume(member_id=member.pk), _("%(name)s gets mail again.") % {"name": member.email})
    else:
        try_act(
            request,
            lambda: roster.remove(member_id=member.pk, why="removed in the panel"),
            _("%(name)s is removed.") % {"name": member.email},
        )


def _show(request: HttpRequest, actor: Actor, row: MailingList, form: Form, lines: Form, report: list[Line]) -> HttpResponse:
    text = request.GET.get("q", "").strip()
    page = turn(roster.search(row, text), key=("email",), after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    counts = {outcome: sum(line.outcome == outcome for line in report) for outcome in ("made", "there", "failed")}
    shown = sorted(report, key=lambda line: (line.outcome != "failed", line.number))[:REPORTED]
    values = {"list": row, "page": page, "search": text, "form": form, "lines": lines, "report": shown, "counts": counts, "here": "lists"}
    return show(request, actor, "list_members", values | {"roles": Member.Role.choices, "modes": Member.Mode.choices})


_ACTS = frozenset(("change", "resume", "remove"))
