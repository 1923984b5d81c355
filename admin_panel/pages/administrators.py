"""/panel/administrators: who rules the server, and who looks after which domains."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from admin_panel.forms import NewAdministrator
from mailcore.directory import access, users
from mailcore.directory.access import Actor
from mailcore.directory.models import User
from mailcore.kernel.errors import NotFound

from .gate import for_administrators, show, try_act, try_form

MOST = 500


@require_http_methods(["GET", "POST"])
@for_administrators
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    access.require_everything(actor)
    form = NewAdministrator(request.POST or None)
    if request.method == "POST" and try_form(form, lambda: users.create(role=User.Role.ROOT, **form.cleaned_data)):
        messages.success(request, _("%(name)s rules this server now.") % {"name": form.cleaned_data["login"]})
        return redirect("panel:administrators")
    rows = User.objects.exclude(role=User.Role.USER).select_related("mailbox").prefetch_related("domains").order_by("-role", "login")[:MOST]
    return show(request, actor, "administrators", {"rows": list(rows), "form": form, "here": "administrators"})


@require_POST
@for_administrators
def remove(request: HttpRequest, actor: Actor, user_id: int) -> HttpResponse:
    access.require_everything(actor)
    user = User.objects.exclude(role=User.Role.USER).filter(id=user_id).first()
    if user is None:
        raise NotFound("There is no such administrator.")
    if user.role == User.Role.ROOT:
        try_act(request, lambda: users.remove_root(user_id=user.id), _("%(name)s rules this server no more.") % {"name": user.login})
    else:
        try_act(
            request,
            lambda: users.set_role(user_id=user.id, role=User.Role.USER),
            _("%(name)s looks after no domain now.") % {"name": user.login},
        )
    return redirect("panel:administrators")
