"""A folder's list, fifty at a time, and the tree beside it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from ..desk import Desk, frame, is_fragment, with_desk
from ..labels import list_labels
from ..lists import LAYOUTS, folder_list
from ..models import SavedSearch

_YEAR = 365 * 24 * 3600


@require_GET
@with_desk
def show(request: HttpRequest, desk: Desk, folder: str) -> HttpResponse:
    folders = desk.mail.list_folders()
    context = folder_list(request, desk, folders, folder)
    if is_fragment(request):
        return render(request, "webmail/_rows.html", context)
    context |= frame(request, desk, at=folder, folders=folders, labels=context["labels"])
    return render(request, "webmail/mailbox.html", context | {"pane": "list"})


@require_GET
@with_desk
def tree(request: HttpRequest, desk: Desk) -> HttpResponse:
    folders, at = desk.mail.list_folders(), request.GET.get("at", "")
    context = {
        "folders": folders,
        "here_too": next((one for one in folders if one.name == at), None),
        "labels": list_labels(desk.mailbox_id),
        "searches": list(SavedSearch.objects.filter(mailbox_id=desk.mailbox_id).order_by("name")),
        "at": at,
    }
    return render(request, "webmail/_folders.html", context)


@require_POST
@with_desk
def set_layout(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Where an open message is shown, and whether conversations are gathered; kept in this browser."""
    target = request.POST.get("next", "/")
    response = redirect(target if url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure()) else "/")
    for name, allowed in (("layout", LAYOUTS), ("threads", ("on", "off"))):
        if request.POST.get(name) in allowed:
            response.set_cookie(name, request.POST[name], max_age=_YEAR, samesite="Lax", httponly=True)
    return response
