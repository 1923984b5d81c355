"""The mailing list a message came through: what it says of itself, and the way out."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from mailcore.kernel.errors import MailError, NotFound

from .. import unsubscribing
from ..desk import Desk, Toast, frame, leave_toast, with_desk
from ..reading import open_message, url_of


@require_http_methods(["GET", "POST"])
@with_desk
def show(request: HttpRequest, desk: Desk, folder: str, uid: int) -> HttpResponse:
    """With POST the list is left by one click."""
    row = desk.mail.find_row(folder, uid)
    found = unsubscribing.read(desk.mail.read_raw(folder, uid))
    if found is None:
        raise NotFound(gettext("This message did not come through a mailing list."))
    fault = ""
    if request.method == "POST":
        try:
            unsubscribing.leave(found)
            leave_toast(request, Toast(gettext("%(host)s took your unsubscription") % {"host": found.host}))
            return redirect(url_of(row))
        except MailError as error:
            fault = error.public
    context = {"row": row, "message": open_message(desk, row), "found": found, "fault": fault, "here_url": url_of(row)}
    return render(request, "webmail/list.html", context | frame(request, desk, at=folder), status=502 if fault else 200)
