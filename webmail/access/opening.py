"""Whose mail a request may read: the mailbox of the person logged in, and no other."""

from dataclasses import dataclass

from django.http import HttpRequest

from mailcore.directory.models import Mailbox, User
from mailcore.kernel.errors import Denied
from mailcore.kernel.ids import MailboxId, UserId
from mailcore.kernel.principal import Principal, Role
from mailcore.store.mailstore import LocalMailStore

from .local import LocalMail
from .port import MailAccess, Person


@dataclass(frozen=True, slots=True)
class Owner:
    """Who reads, and from which address they write."""

    principal: Principal
    person: Person


def find_mailbox(user: User) -> Mailbox | None:
    return getattr(user, "mailbox", None)


def owner_of(request: HttpRequest) -> Owner:
    user = request.user
    mailbox = find_mailbox(user) if isinstance(user, User) else None
    if not isinstance(user, User) or mailbox is None:
        raise Denied("This login has no mailbox.")
    address = str(mailbox.address)
    principal = Principal(UserId(user.id), user.login, Role(user.role), user.auth_version, MailboxId(mailbox.id), address)
    return Owner(principal, Person(user.shown_name, address))


def open_mail(owner: Owner) -> MailAccess:
    if owner.principal.mailbox_id is None:
        raise Denied("This login has no mailbox.")
    return LocalMail(LocalMailStore(owner.principal.mailbox_id))
