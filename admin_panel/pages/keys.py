"""/panel/keys: keys for the REST API, each with no more than its owner's reach."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from admin_panel.forms import NewKey
from mailcore.directory import keys
from mailcore.directory.access import Actor
from mailcore.directory.models import User

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
        _, made = keys.create(owner=owner, name=values["name"], scopes=tuple(values["scopes"]), expires_at=until)

    if request.method == "POST" and try_form(form, make):
        form = NewKey()
    rows = keys.list_all(owner=None if actor.is_root else owner)
    answer = show(request, actor, "keys", {"rows": rows, "form": form, "made": made, "here": "keys"})
    answer.headers["Cache-Control"] = "no-store"
    return answer


@require_POST
@for_administrators
def remove(request: HttpRequest, actor: Actor, key_id: int) -> HttpResponse:
    owner = None if actor.is_root else User.objects.get(id=actor.user_id)
    try_act(request, lambda: keys.remove(key_id=key_id, owner=owner), "The key is removed and opens nothing any more.")
    return redirect("panel:keys")
