"""/panel/mailboxes"""

from datetime import timedelta

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from admin_panel.finding import find_mailboxes, with_state
from admin_panel.forms import AppPasswordId, Later, MailboxForm, NewMailbox, NewPassword, RenameForm, Role, SessionId, Standing, Typed
from admin_panel.paging import Page
from admin_panel.usage import with_space
from mailcore.directory import access, browsers, domains, mailboxes, users
from mailcore.directory.access import Actor
from mailcore.directory.faults import BadField
from mailcore.directory.models import Mailbox, User
from mailcore.kernel.errors import NotFound

from .ledger import Act, Ledger, Values

STATES = (
    ("", _("All")),
    ("active", _("Active")),
    ("receive_only", _("Receive only")),
    ("suspended", _("Suspended")),
    ("removing", _("To be removed")),
)
_STANDING = {"active": mailboxes.resume, "receive_only": mailboxes.receive_only, "suspended": mailboxes.suspend}
_SAID = {"active": "is open.", "receive_only": "receives only.", "suspended": "is suspended. Nothing in it is lost."}


def find(actor: Actor, asked: QueryDict) -> QuerySet[Mailbox]:
    rows = access.list_mailboxes(actor)
    if asked.get("state") in Mailbox.State.values:
        rows = with_state(rows, str(asked["state"]))
    return find_mailboxes(rows, asked.get("q", "").strip().lower(), actor=actor)


def listed(actor: Actor, page: Page, asked: QueryDict) -> Values:
    return {"spaces": with_space(page.rows), "states": STATES}


def create(actor: Actor, values: Values) -> str:
    access.require_domain(actor, name=mailboxes.parse(values["address"]).domain)
    return f"{mailboxes.create(**values).address} is ready."


def shown(actor: Actor, mailbox: Mailbox) -> Values:
    values: Values = {
        "form": MailboxForm(initial={"quota_bytes": mailbox.quota_bytes, "shown_name": mailbox.user.shown_name if mailbox.user else ""}),
        "password": NewPassword(),
        "rename": RenameForm(initial={"address": str(mailbox.address), "keep_old": True}),
        "later": Later(initial={"days": 14}),
        "typed": Typed(),
        "space": with_space([mailbox])[0],
        "app_passwords": users.list_app_passwords(user_id=mailbox.user_id) if mailbox.user_id is not None else [],
    }
    if mailbox.user_id is not None:
        values["browsers"] = browsers.list_all(user_id=mailbox.user_id)
    if actor.is_root and mailbox.user is not None:
        values["role"] = Role(initial={"domains": "\n".join(mailbox.user.domains.order_by("name").values_list("name", flat=True))})
    return values


def change(actor: Actor, mailbox: Mailbox, values: Values) -> str:
    mailboxes.set_quota(mailbox_id=mailbox.id, quota_bytes=values["quota_bytes"])
    mailboxes.set_shown_name(mailbox_id=mailbox.id, shown_name=values["shown_name"])
    return f"{mailbox.address} changed."


def set_password(actor: Actor, mailbox: Mailbox, values: Values) -> str:
    mailboxes.set_password(mailbox_id=mailbox.id, password=values["password"])
    return f"{mailbox.address} has a new password. Every program that used the old one is signed out."


def set_role(actor: Actor, mailbox: Mailbox, values: Values) -> str:
    access.require_everything(actor)
    if mailbox.user is None or mailbox.user.role == User.Role.ROOT:
        raise NotFound("This role cannot be changed here.")
    found = []
    for name in values["domains"]:
        try:
            found.append(domains.get(name=name))
        except NotFound as error:
            raise BadField("domains", error.public) from error
    role = User.Role.DOMAIN_ADMIN if found else User.Role.USER
    users.set_role(user_id=mailbox.user.id, role=role, domains=tuple(found))
    return f"{mailbox.address} looks after {', '.join(map(str, found)) or 'no domain'}."


def set_standing(actor: Actor, mailbox: Mailbox, values: Values) -> str:
    """Without a choice, as an older page sends it: open what is closed and close what is open."""
    state = values["state"] or ("suspended" if mailbox.state == Mailbox.State.ACTIVE else "active")
    _STANDING[state](mailbox_id=mailbox.id)
    return f"{mailbox.address} {_SAID[state]}"


def rename(actor: Actor, mailbox: Mailbox, values: Values) -> str:
    access.require_domain(actor, name=mailboxes.parse(values["address"]).domain)
    old = str(mailbox.address)
    renamed = mailboxes.rename(mailbox_id=mailbox.id, address=values["address"], keep_old=values["keep_old"])
    return f"{old} is {renamed.address} now, and signs in by that name."


def remove(actor: Actor, mailbox: Mailbox, values: Values) -> str:
    at = timezone.now() + timedelta(days=values["days"])
    mailboxes.remove_later(mailbox_id=mailbox.id, at=at)
    return f"{mailbox.address} is closed and goes on {at:%-d %B}. Until then it can be opened again."


def erase(actor: Actor, mailbox: Mailbox, values: Values) -> str:
    if values["name"].strip().lower() != str(mailbox.address):
        raise BadField("name", f"Nothing was removed. To remove it, type {mailbox.address}.")
    mailboxes.remove(mailbox_id=mailbox.id)
    return f"{mailbox.address} is removed."


def sign_out(actor: Actor, mailbox: Mailbox, values: Values) -> str:
    if mailbox.user_id is None:
        raise NotFound("This mailbox has no login of its own.")
    browsers.end_all(user_id=mailbox.user_id)
    return f"{mailbox.address} is signed out everywhere."


def remove_app_password(actor: Actor, mailbox: Mailbox, values: Values) -> str:
    if mailbox.user_id is None:
        raise NotFound("This mailbox has no login of its own.")
    users.remove_app_password(user_id=mailbox.user_id, app_password_id=values["app_password"])
    return "The app password is removed and opens nothing any more."


def end_session(actor: Actor, mailbox: Mailbox, values: Values) -> str:
    if mailbox.user_id is None:
        raise NotFound("This mailbox has no login of its own.")
    browsers.end(user_id=mailbox.user_id, place_id=values["session"])
    return "That browser is signed out."


LEDGER = Ledger(
    name="mailboxes",
    one="mailbox",
    title=_("Add a mailbox"),
    find=find,
    key=("address__domain__name", "address__local"),
    listed=listed,
    new_form=NewMailbox,
    create=create,
    access=lambda actor, row_id, to_change: access.access_mailbox(actor, mailbox_id=row_id, to_change=to_change),
    shown=shown,
    acts={
        "change": Act(change, MailboxForm, "form"),
        "password": Act(set_password, NewPassword, "password"),
        "role": Act(set_role, Role, "role"),
        "standing": Act(set_standing, Standing),
        "rename": Act(rename, RenameForm, "rename"),
        "remove": Act(remove, Later, "later"),
        "erase": Act(erase, Typed, "typed", ends=True),
        "sign-out": Act(sign_out),
        "session": Act(end_session, SessionId),
        "app-password": Act(remove_app_password, AppPasswordId),
    },
)
