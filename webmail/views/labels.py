"""The labels of a mailbox: names and colours, made, changed and thrown away."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from mailcore.kernel.errors import BadSyntax, MailError

from .. import labels
from ..desk import Desk, Toast, frame, leave_toast, with_desk


@require_http_methods(["GET", "POST"])
@with_desk
def index(request: HttpRequest, desk: Desk) -> HttpResponse:
    """With POST, `do` is add, change or hide."""
    fault = ""
    if request.method == "POST":
        try:
            leave_toast(request, Toast(_change(request, desk)))
            return redirect("labels")
        except MailError as error:
            fault = gettext(error.public)
    hues = list(zip(labels.HUES, labels.HUE_NAMES, strict=True))
    context = {"fault": fault, "typed": request.POST.get("name", "") if fault else "", "hues": hues}
    return render(request, "webmail/labels.html", context | frame(request, desk), status=422 if fault else 200)


def _change(request: HttpRequest, desk: Desk) -> str:
    name, keyword = request.POST.get("name", ""), request.POST.get("keyword", "")
    hue = int(request.POST.get("hue", "8")) if request.POST.get("hue", "8") in map(str, labels.HUES) else 8
    match request.POST.get("do"):
        case "add":
            labels.add(mailbox_id=desk.mailbox_id, name=name, hue=hue)
            return gettext("Label %(name)s made") % {"name": name}
        case "change":
            labels.change(mailbox_id=desk.mailbox_id, keyword=keyword, name=name, hue=hue)
            return gettext("Kept")
        case "hide":
            labels.hide(mailbox_id=desk.mailbox_id, keyword=keyword)
            return gettext("The label is gone; the messages stay")
    raise BadSyntax(gettext("That cannot be done to a label."))
