"""/panel/migrations: whole accounts brought from another IMAP server, many at a time, and how far they are."""

import secrets
from dataclasses import replace
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from mailcore.directory import access, mailboxes
from mailcore.directory.access import Actor
from mailcore.kernel.errors import MailError, NotFound
from mailcore.retrieval import csvlist, transfers
from mailcore.retrieval.csvlist import Line
from mailcore.retrieval.models import Security, Transfer

from .gate import for_administrators, show, try_act, try_form

SHOWN = 200
_SECURITIES = [(Security.TLS, gettext_lazy("TLS from the start")), (Security.STARTTLS, "STARTTLS"), (Security.NONE, gettext_lazy("None"))]


def _text(label: Any, hint: Any = "", *, required: bool = False) -> forms.CharField:
    widget = forms.TextInput(attrs={"class": "input", "spellcheck": "false", "autocapitalize": "off"})
    return forms.CharField(label=label, help_text=hint, required=required, max_length=255, widget=widget)


class MigrationForm(forms.Form):
    """A server and the accounts on it, as CSV."""

    host = _text(gettext_lazy("IMAP server"), required=True)
    port = forms.IntegerField(
        label=gettext_lazy("Port"), required=False, min_value=1, max_value=65_535, help_text=gettext_lazy("Empty: the usual one."),
        widget=forms.NumberInput(attrs={"class": "input"}),
    )  # fmt: skip
    security = forms.ChoiceField(label=gettext_lazy("Secured by"), choices=_SECURITIES, widget=forms.Select(attrs={"class": "select"}))
    login = _text(
        gettext_lazy("Master login"),
        gettext_lazy("A login there that may open every account, with its password in the lines or below. Empty: each has its own."),
    )
    password = forms.CharField(
        label=gettext_lazy("Password of the master login"), required=False, max_length=255, strip=False,
        widget=forms.PasswordInput(attrs={"class": "input", "autocomplete": "new-password"}, render_value=True),
    )  # fmt: skip
    excluded = forms.CharField(
        label=gettext_lazy("Folders to leave out"), required=False, max_length=2_000,
        help_text=gettext_lazy("One pattern a line, such as Trash or Lists/*."),
        widget=forms.Textarea(attrs={"class": "textarea mono", "rows": 3}),
    )  # fmt: skip
    text = forms.CharField(
        label=gettext_lazy("Accounts"), max_length=csvlist.MAX_BYTES,
        help_text=gettext_lazy(
            "One a line: address here, login there, password. A first line may name columns, also login_as, host, port."
        ),
        widget=forms.Textarea(attrs={"class": "textarea mono", "rows": 8, "placeholder": "ann@example.org, ann, secret"}),
    )  # fmt: skip

    def read(self, actor: Actor) -> list[Line]:
        """Lines of addresses beyond the actor's reach are faulty ones."""
        found = self.cleaned_data
        base = transfers.Wanted(
            address="", host=found["host"], login=found["login"], secret=found["password"], port=found["port"] or 0,
            security=found["security"], login_as="*" if found["login"] else "",
            excluded=tuple(line.strip() for line in found["excluded"].splitlines() if line.strip()),
        )  # fmt: skip
        return [_within_reach(actor, line) for line in csvlist.read(found["text"].encode(), base=base)]


@require_http_methods(["GET", "POST"])
@for_administrators
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The list, and the form: it says first what would be done, and does it only without a faulty line."""
    form, lines = MigrationForm(request.POST or None), list[Line]()

    def read() -> None:
        nonlocal lines
        lines = form.read(actor)
        if "do" in request.POST and all(line.wanted for line in lines):
            made = transfers.ask_for([line.wanted for line in lines if line.wanted], batch=secrets.token_hex(8))
            text = ngettext("%(count)d account is being brought.", "%(count)d accounts are being brought.", len(made))
            messages.success(request, text % {"count": len(made)})

    if request.method == "POST" and try_form(form, read) and "do" in request.POST and all(line.wanted for line in lines):
        return redirect("panel:migrations")
    found = list(_reach(actor)[:SHOWN])
    totals = transfers.add_up(found)
    values = {
        "form": form,
        "lines": lines,
        "faulty": sum(line.wanted is None for line in lines),
        "rows": [(one, totals.get(one.pk, transfers.Totals())) for one in found],
        "here": "migrations",
    }
    return show(request, actor, "migrations", values)


@require_GET
@for_administrators
def detail(request: HttpRequest, actor: Actor, transfer_id: int) -> HttpResponse:
    transfer = _get(actor, transfer_id)
    values = {
        "one": transfer,
        "total": transfers.add_up([transfer]).get(transfer.pk, transfers.Totals()),
        "folders": transfers.list_folders(transfer),
        "refused": transfers.list_refused(transfer),
        "here": "migrations",
    }
    return show(request, actor, "migration", values)


@require_POST
@for_administrators
def act(request: HttpRequest, actor: Actor, transfer_id: int, action: str) -> HttpResponse:
    transfer = _get(actor, transfer_id)
    if action == "stop":
        try_act(request, lambda: transfers.stop(transfer=transfer), _("Stopped. What is here stays."))
    elif action == "again":
        try_act(request, lambda: transfers.again(transfer=transfer), _("What is new there is brought."))
    elif action == "remove":
        try_act(request, lambda: transfers.remove(transfer=transfer), _("Forgotten. What it brought stays."))
        return redirect("panel:migrations")
    else:
        raise NotFound("There is no such thing to do.")
    return redirect("panel:migration", transfer_id)


def _reach(actor: Actor) -> Any:
    found = transfers.list_all().select_related("mailbox__address__domain")
    return found if actor.domain_ids is None else found.filter(mailbox__in=access.list_mailboxes(actor).values("id"))


def _get(actor: Actor, transfer_id: int) -> Transfer:
    found: Transfer | None = _reach(actor).filter(pk=transfer_id).first()
    if found is None:
        raise NotFound("There is no such migration.")
    return found


def _within_reach(actor: Actor, line: Line) -> Line:
    if line.wanted is None:
        return line
    try:
        access.access_mailbox(actor, mailbox_id=mailboxes.get(address=line.wanted.address).pk)
    except MailError as error:
        return replace(line, wanted=None, fault=error.public)
    return line
