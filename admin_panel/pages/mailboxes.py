"""/panel/mailboxes"""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from admin_panel.forms import MailboxForm, NewMailbox, NewPassword, Role, Sure
from admin_panel.usage import with_space
from mailcore.directory import access, mailboxes, users
from mailcore.directory.access import Actor
from mailcore.directory.models import Mailbox, User

from .gate import for_administrators, show, try_act, try_form

PAGE = 50


@require_GET
@for_administrators
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    search, state = request.GET.get("q", "").strip(), request.GET.get("state", "")
    rows = narrow(access.list_mailboxes(actor), search=search, state=state).order_by("address__domain__name", "address__local")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    values = {"page": page, "spaces": with_space(page.object_list), "search": search, "state": state, "here": "mailboxes"}
    return show(request, actor, "mailboxes", values)


@require_http_methods(["GET", "POST"])
@for_administrators
def new(request: HttpRequest, actor: Actor) -> HttpResponse:
    form = NewMailbox(request.POST or None)
    if request.method == "POST" and try_form(form, lambda: _create(actor, form.cleaned_data)):
        messages.success(request, f"{form.cleaned_data['address']} is ready.")
        return redirect("panel:mailboxes")
    return show(request, actor, "new", {"form": form, "title": "Add a mailbox", "back": "panel:mailboxes", "here": "mailboxes"})


@require_http_methods(["GET", "POST"])
@for_administrators
def one(request: HttpRequest, actor: Actor, mailbox_id: int) -> HttpResponse:
    mailbox = access.access_mailbox(actor, mailbox_id=mailbox_id, to_change=request.method == "POST")
    form = MailboxForm(request.POST or None, initial=_now(mailbox))
    if request.method == "POST" and try_form(form, lambda: _change(mailbox_id, form.cleaned_data)):
        messages.success(request, f"{mailbox.address} changed.")
        return redirect("panel:mailbox", mailbox_id)
    return _page(request, actor, mailbox, form=form)


@require_POST
@for_administrators
def set_password(request: HttpRequest, actor: Actor, mailbox_id: int) -> HttpResponse:
    mailbox = access.access_mailbox(actor, mailbox_id=mailbox_id, to_change=True)
    form = NewPassword(request.POST)
    if try_form(form, lambda: mailboxes.set_password(mailbox_id=mailbox_id, password=form.cleaned_data["password"])):
        messages.success(request, f"{mailbox.address} has a new password. Every program that used the old one is signed out.")
        return redirect("panel:mailbox", mailbox_id)
    return _page(request, actor, mailbox, password=form)


@require_POST
@for_administrators
def set_role(request: HttpRequest, actor: Actor, mailbox_id: int) -> HttpResponse:
    mailbox = access.access_mailbox(actor, mailbox_id=mailbox_id, to_change=True)
    access.require_everything(actor)
    form = Role(request.POST)
    if mailbox.user is None or mailbox.user.role == User.Role.ROOT or not form.is_valid():
        messages.error(request, "This role cannot be changed here.")
    else:
        domains = tuple(form.cleaned_data["domains"])
        role = User.Role.DOMAIN_ADMIN if domains else User.Role.USER
        users.set_role(user_id=mailbox.user.id, role=role, domains=domains)
        messages.success(request, f"{mailbox.address} looks after {', '.join(map(str, domains)) or 'no domain'}.")
    return redirect("panel:mailbox", mailbox_id)


@require_POST
@for_administrators
def set_standing(request: HttpRequest, actor: Actor, mailbox_id: int) -> HttpResponse:
    mailbox = access.access_mailbox(actor, mailbox_id=mailbox_id, to_change=True)
    if mailbox.state == Mailbox.State.ACTIVE:
        try_act(request, lambda: mailboxes.suspend(mailbox_id=mailbox_id), f"{mailbox.address} is suspended. Nothing in it is lost.")
    else:
        try_act(request, lambda: mailboxes.resume(mailbox_id=mailbox_id), f"{mailbox.address} is open again.")
    return redirect("panel:mailbox", mailbox_id)


@require_POST
@for_administrators
def remove(request: HttpRequest, actor: Actor, mailbox_id: int) -> HttpResponse:
    mailbox = access.access_mailbox(actor, mailbox_id=mailbox_id, to_change=True)
    if not Sure(request.POST).is_valid():
        messages.error(request, "Nothing was removed: tick that you are sure.")
        return redirect("panel:mailbox", mailbox_id)
    try_act(request, lambda: mailboxes.remove(mailbox_id=mailbox_id), f"{mailbox.address} is removed.")
    return redirect("panel:mailboxes")


def narrow(rows: QuerySet[Mailbox], *, search: str, state: str) -> QuerySet[Mailbox]:
    if state in Mailbox.State.values:
        rows = rows.filter(state=state)
    local, _, domain = search.partition("@")
    if domain:
        return rows.filter(address__local__icontains=local, address__domain__name__istartswith=domain)
    if search:
        return rows.filter(
            Q(address__local__icontains=search) | Q(user__shown_name__icontains=search) | Q(address__domain__name__icontains=search)
        )
    return rows


def _page(request: HttpRequest, actor: Actor, mailbox: Mailbox, **forms: Any) -> HttpResponse:
    values: dict[str, Any] = {
        "password": NewPassword(),
        "space": with_space([mailbox])[0],
        "mailbox": mailbox,
        "here": "mailboxes",
    }
    if "form" not in forms:
        values["form"] = MailboxForm(initial=_now(mailbox))
    if actor.is_root and mailbox.user is not None:
        values["role"] = Role(initial={"domains": list(mailbox.user.domains.values_list("id", flat=True))})
    return show(request, actor, "mailbox", values | forms)


def _now(mailbox: Mailbox) -> dict[str, Any]:
    return {"quota_bytes": mailbox.quota_bytes, "shown_name": mailbox.user.shown_name if mailbox.user else ""}


def _create(actor: Actor, values: dict[str, Any]) -> None:
    access.require_domain(actor, name=mailboxes.parse(values["address"]).domain)
    mailboxes.create(**values)


def _change(mailbox_id: int, values: dict[str, Any]) -> None:
    mailboxes.set_quota(mailbox_id=mailbox_id, quota_bytes=values["quota_bytes"])
    mailboxes.set_shown_name(mailbox_id=mailbox_id, shown_name=values["shown_name"])
