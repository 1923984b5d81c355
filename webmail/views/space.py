"""Where the room goes: the largest folders and the largest messages, with a way to throw them out."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from ..desk import Desk, frame, with_desk
from ..labels import list_labels
from ..lists import writer_for
from ..rows import show_row


@require_GET
@with_desk
def show(request: HttpRequest, desk: Desk) -> HttpResponse:
    folders = desk.mail.list_folders()
    labels = list_labels(desk.mailbox_id)
    heavy = desk.mail.list_heaviest(limit=50)
    writer = writer_for(folders, labels, is_cross=True)
    writer.is_alone = True
    context = {
        "shown": sorted((folder for folder in folders if folder.size), key=lambda folder: folder.size, reverse=True)[:8],
        "largest": max((folder.size for folder in folders), default=0),
        "rows": [show_row(row) for row in heavy],
        "writer": writer,
    }
    return render(request, "webmail/space.html", context | frame(request, desk, folders=folders, labels=labels))
