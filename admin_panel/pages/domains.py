"""/panel/domains"""

from django.db.models import Count, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from admin_panel.forms import CatchAll, DomainLimits, NewDomain, Typed
from admin_panel.paging import Page
from mailcore.directory import access, domains, second_factor
from mailcore.directory.access import Actor
from mailcore.directory.domains import DomainChange
from mailcore.directory.faults import BadField
from mailcore.directory.models import Address, Domain, User

from .ledger import Act, Ledger, Values


def find(actor: Actor, asked: QueryDict) -> QuerySet[Domain]:
    rows, search = access.list_domains(actor), asked.get("q", "").strip().lower()
    if asked.get("state") == "suspended":
        rows = rows.filter(is_active=False)
    return rows.filter(name__contains=search) | rows.filter(shown_name__icontains=search) if search else rows


def listed(actor: Actor, page: Page, asked: QueryDict) -> Values:
    """Counted for the rows of this page only: over all domains it would cost seconds."""
    ids = [domain.id for domain in page.rows]
    found = Address.objects.filter(domain__in=ids).values_list("domain", "kind").annotate(Count("id"))
    counts = {(domain, kind): count for domain, kind, count in found}
    lines = [(row, counts.get((row.id, "mailbox"), 0), counts.get((row.id, "alias"), 0)) for row in page.rows]
    return {"lines": lines}


def create(actor: Actor, values: Values) -> str:
    return f"{domains.create(**_numbers(values)).shown_name} takes mail now."


def shown(actor: Actor, domain: Domain) -> Values:
    now = {name: getattr(domain, name) for name in ("catch_all", "default_quota_bytes", "max_mailboxes", "second_step")}
    counts = dict(Address.objects.filter(domain=domain).values_list("kind").annotate(Count("id")))
    return {
        "form": (DomainLimits if actor.is_root else CatchAll)(initial=now),
        "typed": Typed(),
        "second_step": second_factor.find_rule(domain),
        "aliases": list(domain.alias_domains.order_by("name")),
        "mailbox_count": counts.get("mailbox", 0),
        "alias_count": counts.get("alias", 0),
        "administrators": list(User.objects.filter(domains=domain).order_by("login").values_list("login", flat=True)[:20]),
    }


def change(actor: Actor, domain: Domain, values: Values) -> str:
    """What a domain administrator may not set is not taken from the form, whatever it says."""
    change = DomainChange(catch_all=values["catch_all"])
    if actor.is_root:
        change = DomainChange(**_numbers(values) | {"second_step": values["second_step"] or None})
    domains.change(domain_id=domain.id, to=change)
    return f"{domain.shown_name} changed."


def set_standing(actor: Actor, domain: Domain, values: Values) -> str:
    access.require_root(actor)
    if domain.is_active:
        domains.suspend(domain_id=domain.id)
        return f"{domain.shown_name} is suspended. Nothing in it is lost."
    domains.resume(domain_id=domain.id)
    return f"{domain.shown_name} takes mail again."


def remove(actor: Actor, domain: Domain, values: Values) -> str:
    access.require_root(actor)
    if values["name"].strip().lower() not in (domain.name, domain.shown_name.lower()):
        raise BadField("name", f"Nothing was removed. To remove it, type {domain.shown_name}.")
    domains.remove(domain_id=domain.id)
    return f"{domain.shown_name} is removed."


def _numbers(values: Values) -> Values:
    """An empty limit is no limit."""
    return values | {name: values.get(name) or 0 for name in ("default_quota_bytes", "max_mailboxes")}


LEDGER = Ledger(
    name="domains",
    one="domain",
    title=_("Add a domain"),
    find=find,
    key=("name",),
    listed=listed,
    new_form=NewDomain,
    create=create,
    may_add=access.require_everything,
    access=lambda actor, row_id, to_change: access.access_domain(actor, domain_id=row_id),
    shown=shown,
    acts={
        "change": Act(change, DomainLimits, "form"),
        "standing": Act(set_standing),
        "remove": Act(remove, Typed, "typed", ends=True),
    },
)
