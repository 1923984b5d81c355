"""The journey of one message, to the person in whose mailbox it lies."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from ..access.opened import open_letter
from ..desk import Desk, frame, with_desk
from ..journeys import tell
from ..reading import judge


@require_GET
@with_desk
def show(request: HttpRequest, desk: Desk, folder: str, uid: int) -> HttpResponse:
    letter = open_letter(desk.mail.read_raw(folder, uid), desk.mail.find_row(folder, uid))
    story = tell(letter=letter, owner=desk.owner)
    context = {"letter": letter, "folder": folder, "story": story, "verdict": judge(letter)}
    return render(request, "webmail/explain.html", context | frame(request, desk, at=folder))
