"""/panel/keys and /panel/webhooks: what programs may ask here, and what they are told."""

from datetime import timedelta

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from admin_panel.forms import NewKey, NewWebhook
from mailcore.audit import log
from mailcore.directory import access, domains, keys
from mailcore.directory.access import Actor
from mailcore.directory.faults import BadField
from mailcore.directory.models import Domain, User
from mailcore.kernel.errors import NotFound
from mailcore.webhooks import endpoints
from mailcore.webhooks.models import Endpoint

from .gate import for_administrators, show, try_act, try_form


@require_http_methods(["GET", "POST"])
@for_administrators
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    owner = User.objects.get(id=actor.user_id)
    form, made = NewKey(request.POST or None), ""

    def make() -> None:
        nonlocal made
        values = form.cleaned_data
        until = timezone.now() + timedelta(days=values["days"]) if values["days"] else None
        _, made = keys.create(
            owner=owner,
            name=values["name"],
            scopes=tuple(values["scopes"]),
            domains=_find_domains(actor, values["domains"]),
            expires_at=until,
            networks=values["networks"],
        )

    if request.method == "POST" and try_form(form, make):
        form = NewKey()
    rows = keys.list_all(owner=None if actor.is_root else owner)
    answer = show(request, actor, "keys", {"rows": rows, "form": form, "made": made, "now": timezone.now(), "here": "keys"})
    answer.headers["Cache-Control"] = "no-store"
    return answer


@require_POST
@for_administrators
def remove(request: HttpRequest, actor: Actor, key_id: int) -> HttpResponse:
    owner = None if actor.is_root else User.objects.get(id=actor.user_id)
    try_act(request, lambda: keys.remove(key_id=key_id, owner=owner), _("The key is removed and opens nothing any more."))
    return redirect("panel:keys")


@require_http_methods(["GET", "POST"])
@for_administrators
def webhooks(request: HttpRequest, actor: Actor) -> HttpResponse:
    form, made = NewWebhook(request.POST or None), ""

    def make() -> None:
        nonlocal made
        values = form.cleaned_data
        with transaction.atomic():
            endpoint, made = endpoints.create(owner_id=actor.user_id, url=values["url"], kinds=values["kinds"], domains=actor.domain_names)
            log.record("webhook.created", object_id=endpoint.pk, name=endpoint.url, after={"url": endpoint.url, "kinds": endpoint.kinds})

    if request.method == "POST" and try_form(form, make):
        form = NewWebhook()
    rows = endpoints.list_all(owner_id=None if actor.is_root else actor.user_id)
    waiting = {row.pk: row.deliveries.filter(state="waiting").count() for row in rows[:50]}
    lines = [(row, waiting.get(row.pk, 0)) for row in rows]
    answer = show(request, actor, "webhooks", {"lines": lines, "form": form, "made": made, "here": "webhooks"})
    answer.headers["Cache-Control"] = "no-store"
    return answer


@require_POST
@for_administrators
def webhook_act(request: HttpRequest, actor: Actor, endpoint_id: int, act: str) -> HttpResponse:
    endpoint = endpoints.get(endpoint_id=endpoint_id, owner_id=None if actor.is_root else actor.user_id)
    if act == "switch":
        is_enabled = not endpoint.is_enabled
        said = (_("%(name)s is told again.") if is_enabled else _("%(name)s is told nothing now.")) % {"name": endpoint.url}
        try_act(request, lambda: _switch(endpoint, is_enabled=is_enabled), said)
    elif act == "remove":
        try_act(request, lambda: _remove(endpoint), _("%(name)s is removed.") % {"name": endpoint.url})
    else:
        raise NotFound("There is no such thing to do.")
    return redirect("panel:webhooks")


def _switch(endpoint: Endpoint, *, is_enabled: bool) -> None:
    with transaction.atomic():
        endpoints.change(endpoint_id=endpoint.pk, is_enabled=is_enabled)
        before, after = {"is_enabled": endpoint.is_enabled}, {"is_enabled": is_enabled}
        log.record("webhook.changed", object_id=endpoint.pk, name=endpoint.url, before=before, after=after)


def _remove(endpoint: Endpoint) -> None:
    with transaction.atomic():
        log.record("webhook.removed", object_id=endpoint.pk, name=endpoint.url, before={"url": endpoint.url, "kinds": endpoint.kinds})
        endpoints.remove(endpoint_id=endpoint.pk)


def _find_domains(actor: Actor, names: tuple[str, ...]) -> tuple[Domain, ...] | None:
    if not names:
        return None
    found = []
    for name in names:
        try:
            found.append(domains.get(name=name))
            access.require_domain(actor, name=found[-1].name)
        except NotFound as error:
            raise BadField("domains", error.public) from error
    return tuple(found)
