"""The person's own account: password, second step, passwords of mail programs, sessions."""

from dataclasses import dataclass

import segno
from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from mailcore.directory import second_factor, second_step, users
from mailcore.directory.authentication import authenticate
from mailcore.kernel.errors import BadSyntax, Denied, MailError
from mailcore.kernel.principal import Service

from .. import signed_in
from ..desk import Desk, Toast, leave_toast, with_desk
from ..preferences import Text
from ..proving import ask, is_proved, note_proof, read_kept, with_proof
from ..two_steps import note_two_steps
from .settings import settings_frame, user_of

SCOPES: tuple[tuple[str, Text, tuple[Service, ...]], ...] = (
    ("mail", gettext_lazy("Read and send (IMAP, POP3, SMTP)"), (Service.IMAP, Service.POP3, Service.SMTP)),
    ("read", gettext_lazy("Read only (IMAP, POP3)"), (Service.IMAP, Service.POP3)),
    ("send", gettext_lazy("Send only (SMTP)"), (Service.SMTP,)),
    ("all", gettext_lazy("Read, send and change rules (ManageSieve)"), (Service.IMAP, Service.POP3, Service.SMTP, Service.SIEVE)),
)


@dataclass(frozen=True, slots=True)
class AppRow:
    id: int
    name: str
    scope: Text
    created_at: object


@require_GET
@with_desk
def show(request: HttpRequest, desk: Desk) -> HttpResponse:
    return _page(request, desk, {})


@require_POST
@with_desk
def set_password(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The old password is asked for, so that a page left open cannot take the account away."""
    new = request.POST.get("new", "")
    if new != request.POST.get("again", ""):
        return _page(request, desk, {"again": _("The two new passwords differ.")}, status=422)
    if not _knows_password(request, desk, request.POST.get("old", "")):
        return _page(request, desk, {"old": _("That is not your present password.")}, status=422)
    try:
        users.set_password(user_id=desk.owner.principal.user_id, password=new)
    except MailError as error:
        return _page(request, desk, {"new": _(error.public)}, status=422)
    update_session_auth_hash(request, user_of(desk))
    signed_in.note(request, user_id=desk.owner.principal.user_id)
    note_proof(request)
    leave_toast(request, Toast(_("Password changed. Other sessions are signed out")))
    return redirect("security")


@require_http_methods(["GET", "POST"])
@with_desk
def prove(request: HttpRequest, desk: Desk) -> HttpResponse:
    target = request.POST.get("target") or request.GET.get("next", "")
    if not url_has_allowed_host_and_scheme(target, None) or not target.startswith("/"):
        target = "/settings"
    kept = read_kept(request)
    if request.method == "GET":
        return redirect(target) if is_proved(request) else ask(request, desk, target=target, kept=kept)
    if not _knows_password(request, desk, request.POST.get("password", "")):
        return ask(request, desk, target=target, kept=kept, fault=_("That is not your present password."), status=403)
    note_proof(request)
    return ask(request, desk, target=target, kept=kept, is_done=True) if kept else redirect(target)


@require_http_methods(["GET", "POST"])
@with_desk
@with_proof
def set_up(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Switch the second step on: the square, then a code as proof that the telephone has it."""
    user_id = desk.owner.principal.user_id
    if user_of(desk).has_second_step:
        return redirect("security")
    secret = second_step.find_begun(user_id=user_id) or second_step.begin(user_id=user_id)
    fault = ""
    if request.method == "POST":
        try:
            codes = second_step.confirm(user_id=user_id, code=request.POST.get("code", ""))
            note_two_steps(request)
            return _show_codes(request, desk, codes)
        except MailError as error:
            fault = _(error.public)
    address = second_step.uri(secret=secret, login=desk.owner.principal.login, issuer=settings.FACTEUR.hostname)
    grouped = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
    context = settings_frame(request, desk, "security") | {"square": draw_square(address), "secret": grouped, "fault": fault}
    return render(request, "webmail/settings/second_step.html", context, status=422 if fault else 200)


@require_POST
@with_desk
@with_proof
def renew_codes(request: HttpRequest, desk: Desk) -> HttpResponse:
    if not user_of(desk).has_second_step:
        raise BadSyntax(_("The second step is off."))
    return _show_codes(request, desk, second_step.renew_codes(user_id=desk.owner.principal.user_id))


@require_POST
@with_desk
@with_proof
def switch_off(request: HttpRequest, desk: Desk) -> HttpResponse:
    second_step.remove(user_id=desk.owner.principal.user_id)
    leave_toast(request, Toast(_("The second step is off")))
    return redirect("security")


@require_http_methods(["GET", "POST"])
@with_desk
@with_proof
def app_passwords(request: HttpRequest, desk: Desk) -> HttpResponse:
    user_id = desk.owner.principal.user_id
    made, fault = "", ""
    if request.method == "POST":
        services = next((found for key, _label, found in SCOPES if key == request.POST.get("scope")), ())
        try:
            made = users.add_app_password(user_id=user_id, name=request.POST.get("name", ""), services=services)
        except MailError as error:
            fault = _(error.public)
    rows = [AppRow(one.pk, one.name, _scope_of(one.services), one.created_at) for one in users.list_app_passwords(user_id=user_id)]
    context = settings_frame(request, desk, "programs") | {
        "rows": rows,
        "scopes": [(key, label) for key, label, _services in SCOPES],
        "made": made,
        "made_name": request.POST.get("name", "") if made else "",
        "typed_name": "" if made else request.POST.get("name", ""),
        "fault": fault,
        "needs_them": user_of(desk).has_second_step or second_factor.find_rule_of(user_of(desk)).is_required,
        "host": request.get_host().partition(":")[0],
        "ports": settings.FACTEUR,
    }
    return render(request, "webmail/settings/programs.html", context, status=422 if fault else 200)


@require_POST
@with_desk
@with_proof
def remove_app_password(request: HttpRequest, desk: Desk, app_password_id: int) -> HttpResponse:
    users.remove_app_password(user_id=desk.owner.principal.user_id, app_password_id=app_password_id)
    leave_toast(request, Toast(_("Taken away. That program can no longer sign in")))
    return redirect("app-passwords")


@require_GET
@with_desk
def sessions(request: HttpRequest, desk: Desk) -> HttpResponse:
    places = signed_in.list_places(user_id=desk.owner.principal.user_id, here=request.session.session_key)
    return render(request, "webmail/settings/sessions.html", settings_frame(request, desk, "sessions") | {"places": places})


@require_POST
@with_desk
def end_session(request: HttpRequest, desk: Desk, place_id: int = 0) -> HttpResponse:
    user_id = desk.owner.principal.user_id
    if place_id:
        signed_in.end(user_id=user_id, place_id=place_id)
        text = _("Signed out there")
    else:
        count = signed_in.end_others(user_id=user_id, here=request.session.session_key)
        text = ngettext("Signed out in one other place", "Signed out in %(count)d other places", count) % {"count": count}
    leave_toast(request, Toast(text))
    return redirect("sessions")


def draw_square(text: str) -> SafeString:
    """The QR code as SVG without style attributes; drawn here, so the secret goes to nobody else."""
    drawn = segno.make(text, error="m").svg_inline(scale=4, border=2, svgclass=None, lineclass="ink", omitsize=True, dark="#16203a")
    return mark_safe(drawn)  # made by the library from a matrix; the text itself is not in it


def _show_codes(request: HttpRequest, desk: Desk, codes: list[str]) -> HttpResponse:
    return render(request, "webmail/settings/codes.html", settings_frame(request, desk, "security") | {"codes": codes})


def _scope_of(services: str) -> Text:
    found = set(services.split())
    return next((label for _key, label, known in SCOPES if found == {one.value for one in known}), services.upper())


def _knows_password(request: HttpRequest, desk: Desk, password: str) -> bool:
    try:
        authenticate(login=desk.owner.principal.login, secret=password, service=Service.WEB, peer=str(request.META.get("REMOTE_ADDR", "")))
    except Denied:
        return False
    return True


def _page(request: HttpRequest, desk: Desk, faults: dict[str, str], status: int = 200) -> HttpResponse:
    user = user_of(desk)
    context = {"faults": faults, "has_second_step": user.has_second_step, "codes_left": second_step.count_codes(user_id=user.pk)}
    return render(request, "webmail/settings/security.html", settings_frame(request, desk, "security") | context, status=status)
