"""Search over the whole mailbox, by what is typed into one box or put together in the builder."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from mailcore.kernel.errors import BadSyntax, Conflict

from ..desk import Desk, Toast, frame, is_fragment, leave_toast, with_desk
from ..lists import search_list
from ..models import SavedSearch

MAX_SAVED = 50
_FIELDS = ("from", "to", "subject", "filename", "in", "after", "before", "larger", "label")
_SWITCHES = ("has:attachment", "is:unread", "is:starred", "is:list")
_SIZES = ("1M", "5M", "10M", "25M")


@require_GET
@with_desk
def search(request: HttpRequest, desk: Desk) -> HttpResponse:
    if "built" in request.GET:
        return redirect(f"{request.path}?{_encode(build(request))}")
    typed = request.GET.get("q", "").strip()
    folders = desk.mail.list_folders()
    context = search_list(request, desk, folders, typed)
    if is_fragment(request):
        return render(request, "webmail/_hits.html" if request.headers.get("HX-Target") == "hits" else "webmail/_rows.html", context)
    context |= frame(request, desk, folders=folders, labels=context["labels"])
    context |= {"pane": "list", "saved": SavedSearch.objects.filter(mailbox_id=desk.mailbox_id, query=typed).first() if typed else None}
    return render(request, "webmail/search.html", context | {"builder": take_apart(typed), "sizes": _SIZES})


@require_POST
@with_desk
def save(request: HttpRequest, desk: Desk) -> HttpResponse:
    """A search that stands among the folders from now on."""
    typed = request.POST.get("q", "").strip()[:1000]
    name = " ".join(request.POST.get("name", "").split())[:60] or typed[:60]
    if not typed or not name:
        raise BadSyntax(gettext("There is nothing to save yet."))
    known = SavedSearch.objects.filter(mailbox_id=desk.mailbox_id)
    if known.count() >= MAX_SAVED:
        raise Conflict(gettext("There are %(count)d saved searches; that is as many as there can be.") % {"count": MAX_SAVED})
    SavedSearch.objects.update_or_create(mailbox_id=desk.mailbox_id, name=name, defaults={"query": typed})
    leave_toast(request, Toast(gettext("%(name)s stands among the folders now") % {"name": name}))
    return redirect(f"/mail/search?{_encode(typed)}")


@require_POST
@with_desk
def forget(request: HttpRequest, desk: Desk) -> HttpResponse:
    name = request.POST.get("name", "")
    SavedSearch.objects.filter(mailbox_id=desk.mailbox_id, name=name).delete()
    leave_toast(request, Toast(gettext("%(name)s is no longer among the folders. The mail stays") % {"name": name}))
    return redirect("search")


def build(request: HttpRequest) -> str:
    """The builder's fields as one line, which is what is searched for."""
    terms = [f"{name}:{_quote(value)}" for name in _FIELDS if (value := request.GET.get(name, "").strip())]
    terms += [switch for switch in _SWITCHES if request.GET.get(switch) == "1"]
    return " ".join([*terms, request.GET.get("words", "").strip()]).strip()


def take_apart(typed: str) -> dict[str, Any]:
    """The line again as the builder's fields; what it has no field for stays among the words."""
    fields: dict[str, Any] = {"words": []}
    for term in _split(typed):
        name, colon, value = term.partition(":")
        if colon and name.lower() in _FIELDS and name.lower() not in fields:
            fields[name.lower()] = value.strip('"')
        elif term.lower() in _SWITCHES:
            fields[term.lower().replace(":", "_")] = True
        else:
            fields["words"].append(term)
    fields["words"] = " ".join(fields["words"])
    fields["folder"] = fields.get("in", "")
    return fields


def _split(typed: str) -> list[str]:
    terms: list[str] = []
    term, is_quoted = "", False
    for char in f"{typed[:1000]} ":
        is_quoted = is_quoted != (char == '"')
        if char.isspace() and not is_quoted:
            terms += [term] if term else []
            term = ""
        else:
            term += char
    return [*terms, term.strip()] if term.strip() else terms


def _quote(value: str) -> str:
    clean = value.replace('"', "")
    return f'"{clean}"' if any(char.isspace() for char in clean) else clean


def _encode(typed: str) -> str:
    return urlencode({"q": typed})
