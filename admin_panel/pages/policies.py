"""/panel/policies: limits and lists of the server, a domain or a mailbox, and which level's holds."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.forms import BoundField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from admin_panel import policies
from admin_panel.policies import Limit, Owner
from admin_panel.policyforms import ACT_LABELS, LimitsForm, RuleForm
from mailcore.directory import access
from mailcore.directory.access import Actor
from mailcore.kernel.errors import MailError

from .gate import for_administrators, show, try_act, try_form


@dataclass(frozen=True, slots=True)
class Row:
    limit: Limit
    field: BoundField

    @property
    def value(self) -> str:
        return f"{self.limit.value:g}"

    @property
    def is_unlimited(self) -> bool:
        return not self.limit.value


@require_GET
@for_administrators
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    name = request.GET.get("for", "").strip()
    if not name and not _is_everywhere(actor):
        first = access.list_domains(actor).order_by("name").first()
        name = first.name if first is not None else ""
    try:
        owner = policies.find_owner(actor, name)
    except MailError as error:
        return show(request, actor, "policies", {"fault": error.public, "name": name, "here": "policies"}, status=404)
    return _show(request, actor, owner, {})


@require_POST
@for_administrators
def limits(request: HttpRequest, actor: Actor) -> HttpResponse:
    owner = policies.find_owner(actor, request.POST.get("for", ""))
    form = LimitsForm(policies.list_limits(owner), request.POST)
    if not try_form(form, lambda: policies.set_limits(actor, owner, form.cleaned_data)):
        return _show(request, actor, owner, {"limits": form})
    messages.success(request, _("The limits are saved."))
    return _back(owner)


@require_POST
@for_administrators
def add_rule(request: HttpRequest, actor: Actor) -> HttpResponse:
    owner = policies.find_owner(actor, request.POST.get("for", ""))
    form = RuleForm(request.POST)
    if not try_form(form, lambda: policies.put_rule(owner, **form.cleaned_data)):
        return _show(request, actor, owner, {"form": form})
    messages.success(request, _("%(pattern)s is on the list.") % {"pattern": form.cleaned_data["pattern"]})
    return _back(owner)


@require_POST
@for_administrators
def remove_rule(request: HttpRequest, actor: Actor) -> HttpResponse:
    owner, pattern = policies.find_owner(actor, request.POST.get("for", "")), request.POST.get("pattern", "")
    said = _("%(pattern)s is off the list.") % {"pattern": pattern}
    try_act(request, lambda: policies.remove_rule(owner, pattern=pattern), said)
    return _back(owner)


def _show(request: HttpRequest, actor: Actor, owner: Owner, forms: dict[str, Any]) -> HttpResponse:
    listed = policies.list_limits(owner)
    form = forms.get("limits") or LimitsForm(listed)
    values = {
        "owner": owner,
        "name": "" if owner.name == policies.SERVER else owner.name,
        "rows": [Row(one, form[one.name]) for one in listed],
        "faults": form.non_field_errors(),
        "lines": [(line, ACT_LABELS[line.rule.act]) for line in policies.list_rules(owner)],
        "form": forms.get("form") or RuleForm(),
        "may_limit": _is_everywhere(actor),
        "domain": owner.name.rpartition("@")[2] if "@" in owner.name else "",
        "here": "policies",
    }
    return show(request, actor, "policies", values)


def _is_everywhere(actor: Actor) -> bool:
    return actor.is_root and actor.domain_ids is None


def _back(owner: Owner) -> HttpResponse:
    return redirect(f"{reverse('panel:policies')}?{urlencode({'for': owner.name})}")
