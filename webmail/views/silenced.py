"""Who is blocked and what is muted, and the way back from both."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from mailcore.kernel.errors import BadSyntax, MailError

from .. import silencing
from ..desk import Desk, Toast, leave_toast, with_desk
from .settings import settings_frame


@require_http_methods(["GET", "POST"])
@with_desk
def show(request: HttpRequest, desk: Desk) -> HttpResponse:
    fault, typed = "", ""
    if request.method == "POST":
        typed = request.POST.get("what", "").strip()[:330]
        try:
            leave_toast(request, Toast(_change(desk, request.POST.get("do", ""), typed)))
            return redirect("silenced")
        except MailError as error:
            fault = _(error.public)
    sought = request.GET.get("q", "").strip()[:100]
    context = {
        "blocked": silencing.find_blocked(mailbox_id=desk.mailbox_id, typed=sought),
        "muted": silencing.list_muted(mail=desk.mail, mailbox_id=desk.mailbox_id),
        "most": silencing.SHOWN,
        "sought": sought,
        "typed_address": typed,
        "fault": fault,
    }
    page = "webmail/settings/silenced.html"
    return render(request, page, settings_frame(request, desk, "silenced") | context, status=422 if fault else 200)


def _change(desk: Desk, do: str, what: str) -> str:
    """What was done, for the toast."""
    if do == "block":
        kept = silencing.block_address(mailbox_id=desk.mailbox_id, own=desk.owner.person.address, address=what)
        return _("%(address)s is blocked") % {"address": kept}
    if do == "allow":
        silencing.allow(mailbox_id=desk.mailbox_id, address=what)
        return _("%(address)s is let through again") % {"address": what}
    if do == "listen" and what.isascii() and what.removeprefix("-").isdecimal() and len(what) <= 20:
        silencing.listen(mailbox_id=desk.mailbox_id, thread=int(what))
        return _("The conversation is heard again")
    raise BadSyntax("There is nothing like that to do here.")
