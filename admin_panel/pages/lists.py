"""/panel/lists: mailing lists, their settings and held posts."""

from django.db import transaction
from django.db.models import QuerySet
from django.http import QueryDict

from admin_panel.listforms import ListSettings, NewList, PostId, Rejection
from admin_panel.paging import Page
from mailcore.directory import access, mailboxes
from mailcore.directory.access import Actor
from mailcore.directory.models import Mailbox
from mailcore.lists import fanning, holding, register, roster
from mailcore.lists.models import MailingList

from .ledger import Act, Ledger, Values

HELD_SHOWN = 50


def find(actor: Actor, asked: QueryDict) -> QuerySet[MailingList]:
    rows, text = register.within(actor), asked.get("q", "").strip().lower()
    if not text:
        return rows
    local, at, domain = text.rpartition("@")
    if at:
        return rows.filter(address__local__contains=local, address__domain__name__contains=domain)
    return rows.filter(address__local__contains=text) | rows.filter(title__icontains=text)


def create(actor: Actor, values: Values) -> str:
    access.require_domain(actor, name=mailboxes.parse(values["address"]).domain)
    with transaction.atomic():
        row = register.create(address=values["address"], title=values["title"], post_policy=values["post_policy"])
        roster.add(row=row, email=values["owner"], role="owner")
    return f"{row} is a list now."


def shown(actor: Actor, row: MailingList) -> Values:
    initial = {name: getattr(row, name) for name in ListSettings.base_fields if hasattr(row, name)}
    archive = Mailbox.objects.select_related("address__domain").filter(id=row.archive_mailbox_id or 0).first()
    initial["archive_mailbox"] = str(archive.address) if archive else ""
    held = list(holding.held(row)[:HELD_SHOWN])
    return {"form": ListSettings(initial=initial), "held": held, "staff": register.staff(row)}


def change(actor: Actor, row: MailingList, values: Values) -> str:
    settings = {name: value for name, value in values.items() if name in register.CHANGEABLE}
    with transaction.atomic():
        register.change(list_id=row.pk, **settings)
        register.set_archive(list_id=row.pk, mailbox=values["archive_mailbox"], folder=values["archive_folder"])
    return f"{row} changed."


def set_standing(actor: Actor, row: MailingList, values: Values) -> str:
    register.set_enabled(list_id=row.pk, is_enabled=not row.address.is_enabled)
    return f"{row} is suspended: its mail is refused." if row.address.is_enabled else f"{row} takes mail again."


def remove(actor: Actor, row: MailingList, values: Values) -> str:
    register.remove(list_id=row.pk)
    return f"{row} is removed."


def approve(actor: Actor, row: MailingList, values: Values) -> str:
    holding.approve(holding.get(row=row, post_id=values["post"]), by=actor.name)
    fanning.run(rounds=1)
    return "The post is on its way."


def reject(actor: Actor, row: MailingList, values: Values) -> str:
    holding.reject(holding.get(row=row, post_id=values["post"]), by=actor.name, reason=values["reason"])
    return "The author has been told."


def discard(actor: Actor, row: MailingList, values: Values) -> str:
    holding.discard(holding.get(row=row, post_id=values["post"]), by=actor.name)
    return "The post is discarded."


def listed(actor: Actor, page: Page, asked: QueryDict) -> Values:
    return {}


LEDGER = Ledger(
    name="lists",
    one="list",
    title="Add a list",
    find=find,
    key=("address__domain__name", "address__local"),
    listed=listed,
    new_form=NewList,
    create=create,
    access=lambda actor, row_id, to_change: register.access(actor, list_id=row_id),
    shown=shown,
    acts={
        "change": Act(change, ListSettings, "form"),
        "standing": Act(set_standing),
        "remove": Act(remove, ends=True),
        "approve": Act(approve, PostId),
        "reject": Act(reject, Rejection),
        "discard": Act(discard, PostId),
    },
)
