"""Identities and templates of letters: lists, forms, removal."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from mailcore.kernel.errors import MailError, NotFound

from .. import identities
from ..desk import Desk, Toast, leave_toast, with_desk
from ..identities import Fields
from ..models import LetterTemplate
from .settings import settings_frame


@require_GET
@with_desk
def index(request: HttpRequest, desk: Desk) -> HttpResponse:
    kept = identities.list_kept(user_id=desk.owner.principal.user_id)
    return render(request, "webmail/settings/identities.html", settings_frame(request, desk, "identities") | {"identities": kept})


@require_http_methods(["GET", "POST"])
@with_desk
def edit(request: HttpRequest, desk: Desk, identity_id: int = 0) -> HttpResponse:
    user_id = desk.owner.principal.user_id
    if request.method == "GET":
        return _form(request, desk, identity_id, _start(desk, user_id, identity_id), {})
    fields = _read(request)
    faults = identities.check(fields, desk.owner)
    if not faults:
        try:
            identities.save(fields, user_id=user_id, identity_id=identity_id)
        except NotFound:
            raise
        except MailError as error:
            faults = {"form": _(error.public)}
    if faults:
        return _form(request, desk, identity_id, fields, faults, status=422)
    leave_toast(request, Toast(_("Identity kept")))
    return redirect("identities")


@require_POST
@with_desk
def remove(request: HttpRequest, desk: Desk, identity_id: int) -> HttpResponse:
    identities.remove(user_id=desk.owner.principal.user_id, identity_id=identity_id)
    leave_toast(request, Toast(_("Identity removed")))
    return redirect("identities")


@require_GET
@with_desk
def templates(request: HttpRequest, desk: Desk) -> HttpResponse:
    kept = LetterTemplate.objects.filter(user=desk.owner.principal.user_id)
    return render(request, "webmail/settings/templates.html", settings_frame(request, desk, "templates") | {"kept": kept})


@require_http_methods(["GET", "POST"])
@with_desk
def edit_template(request: HttpRequest, desk: Desk, template_id: int = 0) -> HttpResponse:
    user_id = desk.owner.principal.user_id
    found = LetterTemplate.objects.filter(user=user_id, id=template_id).first() if template_id else LetterTemplate(user_id=user_id)
    if found is None:
        raise NotFound("There is no such template.")
    faults: dict[str, str] = {}
    if request.method == "POST":
        found.name = request.POST.get("name", "").strip()[:100]
        found.subject = " ".join(request.POST.get("subject", "").split())[:400]
        found.text = request.POST.get("text", "").replace("\0", "").replace("\r\n", "\n")[:200_000]
        if found.name:
            found.save()
            leave_toast(request, Toast(_("Template kept")))
            return redirect("letter-templates")
        faults = {"name": _("A template needs a name.")}
    context = settings_frame(request, desk, "templates") | {"kept": found, "faults": faults}
    return render(request, "webmail/settings/template.html", context, status=422 if faults else 200)


@require_POST
@with_desk
def remove_template(request: HttpRequest, desk: Desk, template_id: int) -> HttpResponse:
    if not LetterTemplate.objects.filter(user=desk.owner.principal.user_id, id=template_id).delete()[0]:
        raise NotFound("There is no such template.")
    leave_toast(request, Toast(_("Template removed")))
    return redirect("letter-templates")


def _start(desk: Desk, user_id: int, identity_id: int) -> Fields:
    if not identity_id:
        return Fields(desk.owner.person.name, desk.owner.person.address)
    one = identities.get(user_id=user_id, identity_id=identity_id)
    return Fields(one.name, one.address, one.reply_to, one.bcc, one.signature_text, one.signature_html, one.is_default)


def _read(request: HttpRequest) -> Fields:
    post = request.POST
    texts = {name: post.get(name, "") for name in ("name", "address", "reply_to", "bcc", "signature_text", "signature_html")}
    return Fields(**texts, is_default=post.get("is_default") == "yes")


def _form(request: HttpRequest, desk: Desk, identity_id: int, fields: Fields, faults: dict[str, str], status: int = 200) -> HttpResponse:
    context: dict[str, Any] = {
        "identity_id": identity_id,
        "fields": fields,
        "faults": faults,
        "own_addresses": identities.suggest_addresses(desk.owner),
    }
    return render(request, "webmail/settings/identity.html", settings_frame(request, desk, "identities") | context, status=status)
