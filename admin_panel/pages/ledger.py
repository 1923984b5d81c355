"""A ledger: one kind of thing that administrators keep a list of.

Domains, mailboxes and aliases are kept alike: a list that is searched and paged, a form for
one more, a page for each, and things that can be done to it. What differs is data.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from admin_panel.paging import Page, turn
from mailcore.directory.access import Actor
from mailcore.kernel.errors import Denied, MailError, NotFound

from .gate import for_administrators, show, try_form

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that can be done to what a page shows."""

    do: Callable[[Actor, Any, Values], str]
    """Does it and answers what to say."""
    form: type[Form] | None = None
    place: str = ""
    """The name under which the page shows this form, so that faults stand beside their fields."""
    ends: bool = False
    """What the page shows is gone afterwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    name: str
    """Of the list: its template, its address, its place in the navigation."""
    one: str
    """Of one of them: its template."""
    title: str | Promise
    """Of the form for one more."""
    find: Callable[[Actor, QueryDict], QuerySet[Any]]
    key: tuple[str, ...]
    """The order of the list, by one or two fields that are unique together."""
    listed: Callable[[Actor, Page, QueryDict], Values]
    new_form: type[Form]
    create: Callable[[Actor, Values], str]
    access: Callable[[Actor, int, bool], Any]
    """(actor, id, to change it)"""
    shown: Callable[[Actor, Any], Values]
    """What the page of one needs, forms under their places."""
    acts: Mapping[str, Act]
    """By the last word of their address; `change` is the page's own form."""
    may_add: Callable[[Actor], None] = lambda actor: None

    def urls(self) -> list[URLPattern]:
        return [
            path(self.name, require_GET(for_administrators(self._index)), name=self.name),
            path(f"{self.name}/new", require_http_methods(["GET", "POST"])(for_administrators(self._new)), name=f"new-{self.one}"),
            path(f"{self.name}/<int:row_id>", require_http_methods(["GET", "POST"])(for_administrators(self._one)), name=self.one),
            path(f"{self.name}/<int:row_id>/<slug:act>", require_POST(for_administrators(self._act)), name=f"{self.one}-act"),
        ]

    def _index(self, request: HttpRequest, actor: Actor) -> HttpResponse:
        after, before = request.GET.get("after", ""), request.GET.get("before", "")
        page = turn(self.find(actor, request.GET), key=self.key, after=after, before=before)
        values = {"page": page, "search": request.GET.get("q", "").strip(), "state": request.GET.get("state", "")}
        return show(request, actor, self.name, values | self.listed(actor, page, request.GET) | {"here": self.name})

    def _new(self, request: HttpRequest, actor: Actor) -> HttpResponse:
        self.may_add(actor)
        form, said = self.new_form(request.POST or None), ""

        def make() -> None:
            nonlocal said
            said = self.create(actor, form.cleaned_data)

        if request.method == "POST" and try_form(form, make):
            messages.success(request, said)
            return redirect(f"panel:{self.name}")
        return show(request, actor, "new", {"form": form, "title": self.title, "back": f"panel:{self.name}", "here": self.name})

    def _one(self, request: HttpRequest, actor: Actor, row_id: int) -> HttpResponse:
        if request.method == "POST":
            return self._act(request, actor, row_id, "change")
        return self._show(request, actor, self.access(actor, row_id, False), {})

    def _act(self, request: HttpRequest, actor: Actor, row_id: int, act: str) -> HttpResponse:
        if act not in self.acts:
            raise NotFound("There is no such thing to do.")
        chosen, row, said = self.acts[act], self.access(actor, row_id, True), ""
        form = chosen.form(request.POST) if chosen.form is not None else Form(request.POST)

        def do() -> None:
            nonlocal said
            said = chosen.do(actor, row, form.cleaned_data)

        if chosen.place:
            if not try_form(form, do):
                return self._show(request, actor, row, {chosen.place: form})
        elif not _try(request, form, do):
            return redirect(f"panel:{self.one}", row_id)
        messages.success(request, said)
        return redirect(f"panel:{self.name}") if chosen.ends else redirect(f"panel:{self.one}", row_id)

    def _show(self, request: HttpRequest, actor: Actor, row: Any, forms: Values) -> HttpResponse:
        return show(request, actor, self.one, {self.one: row, "here": self.name} | self.shown(actor, row) | forms)


def _try(request: HttpRequest, form: Form, do: Callable[[], None]) -> bool:
    """For a button without fields of its own: what is wrong is said at the foot of the page."""
    if not form.is_valid():
        messages.error(request, str(next(iter(form.errors.values()))[0]))
        return False
    try:
        do()
    except (NotFound, Denied):
        raise
    except MailError as error:
        messages.error(request, error.public)
        return False
    return True
