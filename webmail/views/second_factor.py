"""The page before all others, where a second factor is required and there is none: a telephone's codes, or a passkey.

For whoever signs in, with a mailbox or without. The password must have been given shortly before.
"""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from mailcore.directory import asking, passkeys, second_factor, second_step
from mailcore.directory.models import User
from mailcore.directory.passkeys import Site
from mailcore.directory.second_factor import Standing
from mailcore.kernel.errors import MailError

from ..desk import Toast, leave_toast
from ..proving import is_proved
from ..two_steps import note_two_steps
from . import session
from .passkeys import as_json
from .security import draw_square

Page = Callable[[HttpRequest, User], HttpResponse]


def for_who_lacks_one(page: Page) -> Callable[[HttpRequest], HttpResponse]:
    """A page left open by somebody must not give the account a factor of somebody else: an old password signs in again."""

    @wraps(page)
    def guarded(request: HttpRequest) -> HttpResponse:
        user = request.user
        if not isinstance(user, User):
            return redirect("login")
        if second_factor.judge(user, request.session) is not Standing.LACKING:
            return redirect("home")
        if not is_proved(request):
            logout(request)
            return redirect("login")
        return page(request, user)

    return guarded


@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
@for_who_lacks_one
def set_up(request: HttpRequest, user: User) -> HttpResponse:
    """Both ways; POST gives a code of the telephone."""
    if request.method == "GET":
        return _page(request, user)
    try:
        codes = second_step.confirm(user_id=user.pk, code="".join(request.POST.get("code", "").split()))
    except MailError as error:
        return _page(request, user, faults={"code": _(error.public)})
    note_two_steps(request)
    context = session.envelope(request) | {"codes": codes, "next": session.next_of(request)}
    return render(request, "webmail/second_factor_codes.html", context)


@sensitive_post_parameters("answer")
@require_POST
@for_who_lacks_one
def keep_passkey(request: HttpRequest, user: User) -> HttpResponse:
    answer, name = request.POST.get("answer", ""), request.POST.get("name", "")
    try:
        challenge = asking.take(request.session, purpose="register")
        passkeys.finish_registration(user_id=user.pk, site=Site(request.get_host()), challenge=challenge, answer=answer, name=name)
    except MailError as error:
        return _page(request, user, faults={getattr(error, "field", "answer"): _(error.public)})
    note_two_steps(request)
    leave_toast(request, Toast(_("The passkey is kept. It opens this account from now on")))
    return redirect(session.next_of(request))


@require_POST
@for_who_lacks_one
def ask_for_passkey(request: HttpRequest, user: User) -> HttpResponse:
    question = passkeys.begin_registration(user_id=user.pk, site=Site(request.get_host()))
    return as_json(asking.keep(request.session, question, purpose="register"))


def _page(request: HttpRequest, user: User, *, faults: dict[str, str] | None = None) -> HttpResponse:
    secret = second_step.find_begun(user_id=user.pk) or second_step.begin(user_id=user.pk)
    address = second_step.uri(secret=secret, login=user.login, issuer=settings.FACTEUR.hostname)
    context = session.envelope(request) | {
        "square": draw_square(address),
        "secret": " ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
        "faults": faults or {},
        "typed_name": request.POST.get("name", ""),
        "next": request.GET.get("next", request.POST.get("next", "")),
        "login": user.login,
    }
    return render(request, "webmail/second_factor.html", context, status=422 if faults else 200)
