"""/lists/<address>/: the public page of a list. Joining, leaving and what one gets, each confirmed; nothing says who is on it.

Whatever changes something is a POST: a scanner that follows the links of a mail changes nothing.
"""

import secrets
from collections.abc import Mapping
from contextlib import AbstractContextManager

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from mailcore.audit.acting import Acting, Via, acting_as
from mailcore.directory import throttle
from mailcore.kernel.errors import Conflict, Denied, MailError, Throttled
from mailcore.lists import holding, keys, register, requests
from mailcore.lists.models import MailingList, Post, Request

_ONE_CLICK = "One-Click"


@never_cache
@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, address: str) -> HttpResponse:
    row = _find(address)
    if row is None:
        return _missing(request)
    if request.method == "GET":
        return _page(request, row)
    action, email = request.POST.get("action", ""), request.POST.get("email", "").strip()
    if action not in requests.ASKED:
        return _page(request, row, email=email, fault=_("Choose one of these."), status=400)
    try:
        _bound(request, row)
        with _acting(request):
            requests.ask(row, email=email, action=action, name=request.POST.get("name", "").strip())
    except Throttled:
        return _page(request, row, email=email, fault=_("That was asked too often. Please wait, and try again later."), status=429)
    except MailError as error:
        return _page(request, row, email=email, fault=_(error.public), status=400)
    said = _("A mail is on its way to %(email)s. Nothing happens until it is confirmed.") % {"email": email}
    return _page(request, row, said=said)


@never_cache
@require_http_methods(["GET", "POST"])
def confirm(request: HttpRequest, address: str, token: str) -> HttpResponse:
    row = _find(address)
    if row is None:
        return _missing(request)
    try:
        _bound_guesses(request)
        asked = requests.read(row, token)
        if request.method == "GET":
            return _step(request, row, question=_QUESTIONS[asked.action]() % {"email": asked.email, "title": row.title})
        with _acting(request):
            requests.confirm(row, token)
    except MailError as error:
        return _refused(request, row, error)
    return _step(request, row, said=_DONE[asked.action]() % {"email": asked.email, "title": row.title})


@never_cache
@csrf_exempt
@require_http_methods(["GET", "POST"])
def leave(request: HttpRequest, address: str, token: str) -> HttpResponse:
    """The link of a copy. Mail programs POST to it by themselves, without a cookie (RFC 8058 §3.2): the token alone is the proof."""
    row = _find(address)
    if row is None:
        return _missing(request)
    try:
        _bound_guesses(request)
        keys.read_leave_token(token)
        if request.method == "GET":
            return _step(request, row, question=_("Leave %(title)s? You get no more mail from it.") % {"title": row.title})
        with _acting(request):
            requests.leave(row, token)
    except MailError as error:
        return _refused(request, row, error)
    if request.POST.get("List-Unsubscribe") == _ONE_CLICK:
        return HttpResponse(_("You have left the list."), content_type="text/plain; charset=utf-8")
    return _step(request, row, said=_("You have left %(title)s.") % {"title": row.title})


@never_cache
@require_http_methods(["GET", "POST"])
def held(request: HttpRequest, address: str, token: str) -> HttpResponse:
    """A held post, for whoever got its link: the moderators."""
    row = _find(address)
    if row is None:
        return _missing(request)
    try:
        _bound_guesses(request)
        post = holding.read(row, token)
        said = _decide(request, post) if request.method == "POST" else ""
    except Conflict as error:
        return _held(request, row, holding.read(row, token), fault=_(error.public), status=409)
    except MailError as error:
        return _refused(request, row, error)
    return _held(request, row, post, said=said)


def _decide(request: HttpRequest, post: Post) -> str:
    by = "a moderator, by the link"
    with _acting(request):
        if request.POST.get("decision") == "approve":
            holding.approve(post, by=by)
            return _("The post is on its way.")
        if request.POST.get("decision") == "reject":
            holding.reject(post, by=by, reason=request.POST.get("reason", ""))
            return _("The author has been told.")
        if request.POST.get("decision") == "discard":
            holding.discard(post, by=by)
            return _("The post is discarded.")
    raise Denied("There is no such decision.")


def _find(address: str) -> MailingList | None:
    try:
        row = register.get(address=address)
    except MailError:
        return None
    return row if row.address.is_enabled and row.address.domain.is_active else None


def _bound(request: HttpRequest, row: MailingList) -> None:
    """Each asking counts as a guess of this peer, as with logins."""
    peer, login = request.META.get("REMOTE_ADDR", ""), f"list:{row.pk}:{request.META.get('REMOTE_ADDR', '')}"
    throttle.check(login=login, peer=peer)
    throttle.record_failure(login=login, secret=secrets.token_hex(8), peer=peer)


def _bound_guesses(request: HttpRequest) -> None:
    throttle.check(login=_guesser(request), peer=request.META.get("REMOTE_ADDR", ""))


def _guesser(request: HttpRequest) -> str:
    return f"list token:{request.META.get('REMOTE_ADDR', '')}"


def _acting(request: HttpRequest) -> AbstractContextManager[Acting]:
    return acting_as(Acting("the list's page", Via.WEBMAIL, peer=request.META.get("REMOTE_ADDR", "")))


def _page(request: HttpRequest, row: MailingList, *, status: int = 200, **values: str) -> HttpResponse:
    return _draw(request, row, "show", {"is_open": row.join_policy == MailingList.JoinPolicy.OPEN, **values}, status)


def _step(request: HttpRequest, row: MailingList, *, status: int = 200, **values: str) -> HttpResponse:
    return _draw(request, row, "step", values, status)


def _held(request: HttpRequest, row: MailingList, post: Post, *, status: int = 200, **values: str) -> HttpResponse:
    post.refresh_from_db()
    is_open = post.state == Post.State.HELD
    text = holding.excerpt(post) if is_open else ""
    return _draw(request, row, "held", {"post": post, "is_open": is_open, "text": text, **values}, status)


def _draw(request: HttpRequest, row: MailingList, page: str, values: Mapping[str, object], status: int) -> HttpResponse:
    host = row.address.domain.shown_name
    own = {"list": row, "now": timezone.now(), "host": host, "mark": host[:18], "said": "", "fault": "", "question": "", "email": ""}
    return render(request, f"webmail/lists/{page}.html", own | dict(values), status=status)


def _refused(request: HttpRequest, row: MailingList, error: MailError) -> HttpResponse:
    if isinstance(error, Throttled):
        return _step(request, row, fault=_("That was asked too often. Please wait, and try again later."), status=429)
    throttle.record_failure(login=_guesser(request), secret=request.path, peer=request.META.get("REMOTE_ADDR", ""))
    return _step(request, row, fault=_(error.public), status=403)


def _missing(request: HttpRequest) -> HttpResponse:
    return render(request, "404.html", status=404)


_QUESTIONS = {
    Request.Action.SUBSCRIBE.value: lambda: _("Put %(email)s on the list %(title)s?"),
    Request.Action.UNSUBSCRIBE.value: lambda: _("Take %(email)s off the list %(title)s?"),
    Request.Action.RESUME.value: lambda: _("Go on sending mail of %(title)s to %(email)s?"),
    Request.Action.NORMAL.value: lambda: _("Send each post of %(title)s to %(email)s?"),
    Request.Action.DIGEST.value: lambda: _("Send one mail a day with all posts of %(title)s to %(email)s?"),
    Request.Action.NOMAIL.value: lambda: _("Keep %(email)s on the list %(title)s, without mail from it?"),
}
_DONE = {
    Request.Action.SUBSCRIBE.value: lambda: _("%(email)s is on the list %(title)s now."),
    Request.Action.UNSUBSCRIBE.value: lambda: _("%(email)s is not on the list %(title)s any more."),
    Request.Action.RESUME.value: lambda: _("Mail of %(title)s goes to %(email)s again."),
    Request.Action.NORMAL.value: lambda: _("Each post of %(title)s goes to %(email)s."),
    Request.Action.DIGEST.value: lambda: _("One mail a day with all posts of %(title)s goes to %(email)s."),
    Request.Action.NOMAIL.value: lambda: _("%(email)s stays on the list %(title)s and gets no mail from it."),
}
