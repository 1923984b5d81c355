"""/panel/aliases"""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from admin_panel.forms import AliasForm, NewAlias
from mailcore.directory import access, aliases, mailboxes
from mailcore.directory.access import Actor

from .gate import for_administrators, show, try_act, try_form

PAGE = 50


@require_GET
@for_administrators
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    search = request.GET.get("q", "").strip()
    rows = access.list_aliases(actor).order_by("domain__name", "local")
    if search:
        rows = rows.filter(Q(local__icontains=search) | Q(domain__name__icontains=search) | Q(targets__target__icontains=search)).distinct()
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    return show(request, actor, "aliases", {"page": page, "search": search, "here": "aliases"})


@require_http_methods(["GET", "POST"])
@for_administrators
def new(request: HttpRequest, actor: Actor) -> HttpResponse:
    form = NewAlias(request.POST or None)
    if request.method == "POST" and try_form(form, lambda: _create(actor, form.cleaned_data)):
        messages.success(request, f"{form.cleaned_data['address']} leads on now.")
        return redirect("panel:aliases")
    return show(request, actor, "new", {"form": form, "title": "Add an alias", "back": "panel:aliases", "here": "aliases"})


@require_http_methods(["GET", "POST"])
@for_administrators
def one(request: HttpRequest, actor: Actor, alias_id: int) -> HttpResponse:
    alias = access.access_alias(actor, alias_id=alias_id)
    form = AliasForm(request.POST or None, initial={"targets": "\n".join(target.target for target in alias.targets.all())})
    if request.method == "POST" and try_form(form, lambda: aliases.set_targets(alias_id=alias_id, targets=form.cleaned_data["targets"])):
        messages.success(request, f"{alias} changed.")
        return redirect("panel:alias", alias_id)
    return show(request, actor, "alias", {"alias": alias, "form": form, "here": "aliases"})


@require_POST
@for_administrators
def set_standing(request: HttpRequest, actor: Actor, alias_id: int) -> HttpResponse:
    alias = access.access_alias(actor, alias_id=alias_id)
    done = f"{alias} is suspended: its mail is refused." if alias.is_enabled else f"{alias} leads on again."
    try_act(request, lambda: aliases.set_enabled(alias_id=alias_id, is_enabled=not alias.is_enabled), done)
    return redirect("panel:alias", alias_id)


@require_POST
@for_administrators
def remove(request: HttpRequest, actor: Actor, alias_id: int) -> HttpResponse:
    alias = access.access_alias(actor, alias_id=alias_id)
    try_act(request, lambda: aliases.remove(alias_id=alias_id), f"{alias} is removed.")
    return redirect("panel:aliases")


def _create(actor: Actor, values: dict[str, Any]) -> None:
    access.require_domain(actor, name=mailboxes.parse(values["address"]).domain)
    aliases.create(address=values["address"], targets=values["targets"])
