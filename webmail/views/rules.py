"""Rules, the away message and forwarding. Each asks for the password first: they move mail while nobody looks."""

from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from mailcore.filtering import rules, scripts
from mailcore.filtering.rules import AwayMessage, Forwarding, Loaded, Rule, RuleAction, RuleSet, RuleTest
from mailcore.kernel.errors import Denied, MailError, NotFound
from mailcore.kernel.ids import MailboxId
from mailcore.sieve.faults import ScriptFault

from .. import filters, labels
from ..access.opened import open_letter
from ..desk import Desk, Toast, leave_toast, with_desk
from ..proving import with_proof
from .settings import settings_frame

BY_HAND = "by hand"
SPARE = 2


@require_GET
@with_desk
@with_proof
def index(request: HttpRequest, desk: Desk) -> HttpResponse:
    context = {"loaded": rules.load(_mailbox(desk)), "last": len(rules.load(_mailbox(desk)).rules.rules) - 1}
    return render(request, "webmail/settings/rules.html", settings_frame(request, desk, "rules") | context)


@require_http_methods(["GET", "POST"])
@with_desk
@with_proof
def edit(request: HttpRequest, desk: Desk, number: int | None = None) -> HttpResponse:
    """One rule; a button adds a line, another rehearses, the last one switches it on."""
    loaded = rules.load(_mailbox(desk))
    if number is not None and number >= len(loaded.rules.rules):
        raise NotFound("There is no such rule.")
    if request.method == "GET":
        rule = loaded.rules.rules[number] if number is not None else _start(request, desk)
        return _form(request, desk, loaded, rule, number)
    rule, do = filters.read_rule(request.POST), request.POST.get("do", "save")
    if do == "more":
        return _form(request, desk, loaded, rule, number, spare=SPARE + 2)
    try:
        filters.check(rule, desk.owner)
        if do == "rehearse":
            alone = RuleSet((replace(rule, is_enabled=True),))
            return _form(request, desk, loaded, rule, number, rehearsal=filters.rehearse(alone, _mailbox(desk)))
        rules.save(_mailbox(desk), filters.put(loaded.rules, rule, number), replace=request.POST.get("replace") == "yes")
    except MailError as error:
        return _form(request, desk, loaded, rule, number, fault=_(error.public), status=422)
    leave_toast(request, Toast(_("Rule kept")))
    return redirect("rules")


@require_POST
@with_desk
@with_proof
def arrange(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Order, on and off, removal: `do` is a verb and a number."""
    loaded = rules.load(_mailbox(desk))
    verb, _gap, text = request.POST.get("do", "").partition(":")
    number = int(text) if text.isdecimal() and len(text) < 6 else -1
    if not 0 <= number < len(loaded.rules.rules):
        raise NotFound("There is no such rule.")
    rule = loaded.rules.rules[number]
    if verb == "up" or verb == "down":
        changed = filters.shift(loaded.rules, number, -1 if verb == "up" else 1)
    elif verb == "switch":
        changed = filters.put(loaded.rules, replace(rule, is_enabled=not rule.is_enabled), number)
    else:
        changed = replace(loaded.rules, rules=tuple(one for at, one in enumerate(loaded.rules.rules) if at != number))
        leave_toast(request, Toast(_("Rule removed")))
    rules.save(_mailbox(desk), changed)
    return redirect("rules")


@require_http_methods(["GET", "POST"])
@with_desk
@with_proof
def script(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The script itself, checked before it is kept, with the line that is wrong."""
    mailbox_id = _mailbox(desk)
    active = scripts.find_active(mailbox_id=mailbox_id)
    text = scripts.get_text(mailbox_id=mailbox_id, name=active) if active else ""
    context: dict[str, Any] = {"active": active, "fault": "", "line": 0, "checked": False}
    if request.method == "POST":
        text = request.POST.get("text", "").replace("\r\n", "\n")
        try:
            scripts.check(text)
            if request.POST.get("do") != "check":
                name = active if active and active != rules.NAME else BY_HAND
                scripts.put(mailbox_id=mailbox_id, name=name, text=text)
                scripts.activate(mailbox_id=mailbox_id, name=name)
                leave_toast(request, Toast(_("Script kept and switched on")))
                return redirect("sieve")
            context["checked"] = True
        except ScriptFault as error:
            context |= {"fault": error.text, "line": error.place.line, "column": error.place.column}
            context["wrong"] = text.split("\n")[error.place.line - 1][:200] if error.place.line <= text.count("\n") + 1 else ""
        except MailError as error:
            context["fault"] = _(error.public)
    context |= {"text": text, "rows": max(12, min(40, text.count("\n") + 3))}
    status = 422 if context["fault"] else 200
    return render(request, "webmail/settings/sieve.html", settings_frame(request, desk, "rules") | context, status=status)


@require_POST
@with_desk
@with_proof
def take_over(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Rules instead of the script that runs now; that one is kept, switched off."""
    rules.save(_mailbox(desk), rules.load(_mailbox(desk)).rules, replace=True)
    leave_toast(request, Toast(_("Rules are on. The other script is kept, switched off")))
    return redirect("rules")


@require_http_methods(["GET", "POST"])
@with_desk
@with_proof
def away(request: HttpRequest, desk: Desk) -> HttpResponse:
    loaded = rules.load(_mailbox(desk))
    message = loaded.rules.vacation or AwayMessage("", is_enabled=False)
    fault = ""
    if request.method == "POST":
        message = _read_away(request)
        try:
            rules.save(_mailbox(desk), replace(loaded.rules, vacation=message), replace=request.POST.get("replace") == "yes")
            leave_toast(request, Toast(_("Away message on") if message.is_enabled else _("Away message off")))
            return redirect("away")
        except MailError as error:
            fault = _(error.public)
    context = settings_frame(request, desk, "away") | {"message": message, "fault": fault, "loaded": loaded}
    return render(request, "webmail/settings/away.html", context, status=422 if fault else 200)


@require_http_methods(["GET", "POST"])
@with_desk
@with_proof
def forwarding(request: HttpRequest, desk: Desk) -> HttpResponse:
    loaded = rules.load(_mailbox(desk))
    kept = loaded.rules.forwarding or Forwarding((), is_enabled=False)
    fault = ""
    if request.method == "POST":
        try:
            return _forward(request, desk, loaded, kept)
        except MailError as error:
            fault = _(error.public)
    context = settings_frame(request, desk, "forwarding") | {
        "kept": kept,
        "fault": fault,
        "loaded": loaded,
        "asked": filters.list_asked(desk.owner),
        "typed_target": request.POST.get("address", ""),
        "asked_to": request.POST.get("do", ""),
        "address_fault": fault if request.POST.get("do") == "add" else "",
    }
    return render(request, "webmail/settings/forwarding.html", context, status=422 if fault else 200)


def _forward(request: HttpRequest, desk: Desk, loaded: Loaded, kept: Forwarding) -> HttpResponse:
    do, address = request.POST.get("do", ""), request.POST.get("address", "").strip()
    if do in ("add", "confirm"):
        if do == "confirm":
            filters.give_consent(address, request.POST.get("code", ""), desk.owner)
        if filters.needs_consent(address, desk.owner):
            filters.ask_consent(address, desk.owner)
            leave_toast(request, Toast(_("A code was sent to %(address)s") % {"address": address}))
            return redirect("forwarding")
        changed = Forwarding(tuple(dict.fromkeys((*kept.addresses, address))), kept.keeps_copy, True)
    elif do == "remove":
        left = tuple(one for one in kept.addresses if one != address)
        changed = Forwarding(left, kept.keeps_copy, kept.is_enabled and bool(left))
    else:
        changed = Forwarding(kept.addresses, request.POST.get("keeps_copy") == "yes", request.POST.get("is_enabled") == "yes")
        for one in changed.addresses:
            filters.check_target(one, desk.owner)
    new = changed if changed.addresses else None
    rules.save(_mailbox(desk), replace(loaded.rules, forwarding=new), replace=request.POST.get("replace") == "yes")
    leave_toast(request, Toast(_("Kept")))
    return redirect("forwarding")


def _start(request: HttpRequest, desk: Desk) -> Rule:
    """Blank, or for messages like the one named."""
    uid = request.GET.get("uid", "")
    if uid.isdecimal() and len(uid) <= 10 and request.GET.get("folder"):
        folder = request.GET["folder"]
        return filters.like(open_letter(desk.mail.read_raw(folder, int(uid)), desk.mail.find_row(folder, int(uid))))
    return Rule("", (RuleTest("from", "contains"),), (RuleAction("file"),))


def _form(
    request: HttpRequest,
    desk: Desk,
    loaded: Loaded,
    rule: Rule,
    number: int | None,
    *,
    spare: int = 0,
    fault: str = "",
    rehearsal: filters.Rehearsal | None = None,
    status: int = 200,
) -> HttpResponse:
    tests = [*((one.field, one.how, _shown(one)) for one in rule.tests), *[("from", "contains", "")] * (spare or (0 if rule.tests else 1))]
    actions = [*((one.kind, one.value) for one in rule.actions), *[("", "")] * (spare or (0 if rule.actions else 1))]
    context = settings_frame(request, desk, "rules") | {
        "rule": rule,
        "number": number,
        "loaded": loaded,
        "tests": tests,
        "actions": actions,
        "fields": filters.FIELDS,
        "hows": filters.HOWS,
        "kinds": filters.ACTIONS,
        "known_labels": labels.list_labels(int(_mailbox(desk))),
        "fault": fault,
        "name_fault": "" if rule.name else fault,
        "rehearsal": rehearsal,
    }
    return render(request, "webmail/settings/rule.html", context, status=status)


def _shown(test: RuleTest) -> str:
    if test.field == "size" and test.values and test.values[0].isdecimal():
        return str(int(test.values[0]) // 1024)
    return ", ".join(test.values)


def _read_away(request: HttpRequest) -> AwayMessage:
    post = request.POST
    days = post.get("days", "7")
    offset = timezone.localtime().strftime("%z")
    return AwayMessage(
        text=post.get("text", "").replace("\r\n", "\n").replace("\0", "").strip(),
        subject=" ".join(post.get("subject", "").split()),
        is_enabled=post.get("is_enabled") == "yes",
        starts=post.get("starts", ""),
        ends=post.get("ends", ""),
        zone=offset,
        days=int(days) if days.isdecimal() and 1 <= int(days[:4]) <= 365 else 7,
        addresses=tuple(filters.split_words(post.get("addresses", ""))),
    )


def _mailbox(desk: Desk) -> MailboxId:
    if desk.owner.principal.mailbox_id is None:
        raise Denied("This login has no mailbox.")
    return desk.owner.principal.mailbox_id
