"""/panel/aliases"""

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from admin_panel.finding import find_aliases
from admin_panel.forms import AliasForm, NewAlias
from admin_panel.paging import Page
from mailcore.directory import access, aliases, mailboxes
from mailcore.directory.access import Actor
from mailcore.directory.models import Address

from .ledger import Act, Ledger, Values


def find(actor: Actor, asked: QueryDict) -> QuerySet[Address]:
    rows = access.list_aliases(actor)
    return find_aliases(rows, asked.get("q", "").strip().lower(), actor=actor)


def create(actor: Actor, values: Values) -> str:
    access.require_domain(actor, name=mailboxes.parse(values["address"]).domain)
    return f"{aliases.create(address=values['address'], targets=values['targets'])} leads on now."


def shown(actor: Actor, alias: Address) -> Values:
    return {"form": AliasForm(initial={"targets": "\n".join(target.target for target in alias.targets.all())})}


def change(actor: Actor, alias: Address, values: Values) -> str:
    aliases.set_targets(alias_id=alias.id, targets=values["targets"])
    return f"{alias} changed."


def set_standing(actor: Actor, alias: Address, values: Values) -> str:
    aliases.set_enabled(alias_id=alias.id, is_enabled=not alias.is_enabled)
    return f"{alias} is suspended: its mail is refused." if alias.is_enabled else f"{alias} leads on again."


def remove(actor: Actor, alias: Address, values: Values) -> str:
    aliases.remove(alias_id=alias.id)
    return f"{alias} is removed."


def listed(actor: Actor, page: Page, asked: QueryDict) -> Values:
    return {}


LEDGER = Ledger(
    name="aliases",
    one="alias",
    title=_("Add an alias"),
    find=find,
    key=("domain__name", "local"),
    listed=listed,
    new_form=NewAlias,
    create=create,
    access=lambda actor, row_id, to_change: access.access_alias(actor, alias_id=row_id),
    shown=shown,
    acts={
        "change": Act(change, AliasForm, "form"),
        "standing": Act(set_standing),
        "remove": Act(remove, ends=True),
    },
)
