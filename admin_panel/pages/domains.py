"""/panel/domains"""

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from admin_panel.forms import CatchAll, DomainLimits, NewDomain, Sure
from mailcore.directory import access, domains
from mailcore.directory.access import Actor
from mailcore.directory.domains import DomainChange
from mailcore.directory.models import Address

from .gate import for_administrators, show, try_act, try_form


@require_GET
@for_administrators
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    rows = access.list_domains(actor).annotate(
        mailbox_count=Count("addresses", filter=Q(addresses__kind=Address.Kind.MAILBOX)),
        alias_count=Count("addresses", filter=Q(addresses__kind=Address.Kind.ALIAS)),
    )
    return show(request, actor, "domains", {"rows": list(rows), "here": "domains"})


@require_http_methods(["GET", "POST"])
@for_administrators
def new(request: HttpRequest, actor: Actor) -> HttpResponse:
    access.require_everything(actor)
    form = NewDomain(request.POST or None)
    if request.method == "POST" and try_form(form, lambda: domains.create(**_numbers(form.cleaned_data))):
        messages.success(request, f"{form.cleaned_data['name']} takes mail now.")
        return redirect("panel:domains")
    return show(request, actor, "new", {"form": form, "title": "Add a domain", "back": "panel:domains", "here": "domains"})


@require_http_methods(["GET", "POST"])
@for_administrators
def one(request: HttpRequest, actor: Actor, domain_id: int) -> HttpResponse:
    domain = access.access_domain(actor, domain_id=domain_id)
    kind = DomainLimits if actor.is_root else CatchAll
    now = {"catch_all": domain.catch_all, "default_quota_bytes": domain.default_quota_bytes, "max_mailboxes": domain.max_mailboxes}
    form = kind(request.POST or None, initial=now)
    if request.method == "POST" and try_form(form, lambda: domains.change(domain_id=domain_id, to=_change(form.cleaned_data))):
        messages.success(request, f"{domain.shown_name} changed.")
        return redirect("panel:domain", domain_id)
    return show(request, actor, "domain", {"domain": domain, "form": form, "here": "domains"})


@require_POST
@for_administrators
def set_standing(request: HttpRequest, actor: Actor, domain_id: int) -> HttpResponse:
    domain = access.access_domain(actor, domain_id=domain_id)
    access.require_root(actor)
    if domain.is_active:
        try_act(request, lambda: domains.suspend(domain_id=domain_id), f"{domain.shown_name} is suspended. Nothing in it is lost.")
    else:
        try_act(request, lambda: domains.resume(domain_id=domain_id), f"{domain.shown_name} takes mail again.")
    return redirect("panel:domain", domain_id)


@require_POST
@for_administrators
def remove(request: HttpRequest, actor: Actor, domain_id: int) -> HttpResponse:
    domain = access.access_domain(actor, domain_id=domain_id)
    access.require_root(actor)
    if not Sure(request.POST).is_valid():
        messages.error(request, "Nothing was removed: tick that you are sure.")
        return redirect("panel:domain", domain_id)
    try_act(request, lambda: domains.remove(domain_id=domain_id), f"{domain.shown_name} is removed.")
    return redirect("panel:domains")


def _numbers(values: dict[str, Any]) -> dict[str, Any]:
    """An empty limit of a new domain is no limit."""
    return values | {name: values[name] or 0 for name in ("default_quota_bytes", "max_mailboxes")}


def _change(values: dict[str, Any]) -> DomainChange:
    """A domain administrator's form has the catch-all only; the rest stays as it is."""
    return DomainChange(**_numbers(values) if "max_mailboxes" in values else values)
