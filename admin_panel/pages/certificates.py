"""/panel/certificates: what clients are shown, until when, and what is ordered. For administrators of the whole server."""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from admin_panel.routeforms import GiveForm, OrderForm
from mailcore.certificates import orders, shelf
from mailcore.directory import access
from mailcore.directory.access import Actor
from mailcore.kernel.errors import NotFound

from .gate import for_administrators, show, try_act, try_form

SOON = timedelta(days=14)


@require_http_methods(["GET", "POST"])
@for_administrators
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    access.require_root(actor)
    asked = request.POST.get("do", "")
    order_form = OrderForm(request.POST if asked == "order" else None)
    give_form = GiveForm(*((request.POST, request.FILES) if asked == "give" else (None, None)))
    if asked == "order" and try_form(order_form, lambda: _order(order_form)):
        return redirect("panel:certificates")
    if asked == "give" and try_form(give_form, lambda: _give(give_form)):
        return redirect("panel:certificates")
    now = timezone.now()
    values = {
        "shown": [(held.material, _time(held.material.not_after), held) for held in shelf.list_shown()],
        "ordered": [(one, _time(one.not_after), _time(one.next_attempt_at or 0)) for one in orders.list_all()],
        "order_form": order_form,
        "give_form": give_form,
        "directory": settings.FACTEUR.acme_directory,
        "now": now,
        "soon": now + SOON,
        "here": "certificates",
    }
    return show(request, actor, "certificates", values)


@require_POST
@for_administrators
def act(request: HttpRequest, actor: Actor, what: str) -> HttpResponse:
    access.require_root(actor)
    name = request.POST.get("name", "")
    match what:
        case "renew":
            try_act(request, lambda: orders.renew(name=name), _("It is obtained anew within a few minutes."))
        case "remove":
            try_act(request, lambda: orders.remove(name=name), _("The certificate is removed."))
        case _:
            raise NotFound("There is no such button.")
    return redirect("panel:certificates")


def _order(form: OrderForm) -> None:
    orders.order(names=form.cleaned_data["names"].replace(",", " ").split(), agrees=form.cleaned_data["agrees"])


def _give(form: GiveForm) -> None:
    orders.give(chain=form.cleaned_data["chain"].read(), key=form.cleaned_data["key"].read())


def _time(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)
