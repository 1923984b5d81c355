"""Mailboxes: make, list, change, suspend, remove. What lies in them is the store's."""

from dataclasses import dataclass

from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet

from mailcore.kernel.addresses import MailAddress
from mailcore.kernel.errors import BadSyntax, NotFound
from mailcore.kernel.ids import MailboxId

from . import users
from .faults import AlreadyExists, BadField, LevelLimit
from .models import Address, Domain, Mailbox, User
from .passwords import hash_password


# Asked at every RCPT: plain SQL takes a tenth of the time of the same question to the ORM.
_FIND_LIMIT = """
SELECT m.quota_bytes, d.default_quota_bytes
FROM directory_mailbox m JOIN directory_address a ON a.id = m.address_id JOIN directory_domain d ON d.id = a.domain_id
WHERE m.id = %s
"""


@dataclass(frozen=True, slots=True)
class QuotaLimit:
    bytes: int
    level: str
    """Who set it: `mailbox` or `domain`."""


def create(*, address: str, password: str | None, quota_bytes: int | None = None, shown_name: str = "") -> Mailbox:
    """Make a mailbox and the login of the same name. All or nothing."""
    parsed = parse(address)
    check_quota(quota_bytes)
    # Hashed before the transaction: it takes tens of milliseconds, and the write lock is everybody's.
    encoded = "!" if password is None else hash_password(users.check_strength(password))
    try:
        with transaction.atomic():
            domain = _get_home(parsed.domain)
            row = Address.objects.create(domain=domain, local=parsed.folded_local, kind=Address.Kind.MAILBOX)
            user = User.objects.create(login=parsed.folded, password=encoded, shown_name=shown_name[:200])
            return Mailbox.objects.create(address=row, user=user, quota_bytes=quota_bytes)
    except IntegrityError as error:
        taken = Address.objects.select_related("mailbox").filter(domain__name=parsed.domain, local=parsed.folded_local).first()
        if taken is None and not User.objects.filter(login=parsed.folded).exists():
            raise
        existing = getattr(taken, "mailbox", None)
        raise AlreadyExists("address", f"{parsed} exists already.", None if existing is None else existing.id) from error


def list_all(*, domain: str = "") -> list[Mailbox]:
    found = with_names().order_by("address__domain__name", "address__local")
    return list(found.filter(address__domain__name=domain) if domain else found)


def with_names() -> QuerySet[Mailbox]:
    """Mailboxes with all that a row on a page shows, in one query."""
    return Mailbox.objects.select_related("address__domain", "user")


def get(*, address: str) -> Mailbox:
    parsed = parse(address)
    found = with_names().filter(address__domain__name=parsed.domain, address__local=parsed.folded_local).first()
    if found is None:
        raise NotFound(f"There is no mailbox {parsed}.")
    return found


def get_by_id(*, mailbox_id: int) -> Mailbox:
    found = with_names().filter(id=mailbox_id).first()
    if found is None:
        raise NotFound("There is no such mailbox.")
    return found


def find_address(*, mailbox_id: MailboxId) -> MailAddress | None:
    row = Mailbox.objects.filter(id=mailbox_id).values_list("address__local", "address__domain__name").first()
    return None if row is None else MailAddress(*row)


def find_limit(*, mailbox_id: MailboxId) -> QuotaLimit | None:
    """How much a mailbox may hold and who says so; None where nobody does. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_FIND_LIMIT, [mailbox_id])
        row = cursor.fetchone()
    if row is None:
        return None
    own, default = row
    if own is not None:
        return QuotaLimit(own, "mailbox") if own > 0 else None
    return QuotaLimit(default, "domain") if default > 0 else None


def set_quota(*, mailbox_id: int, quota_bytes: int | None) -> None:
    check_quota(quota_bytes)
    if not Mailbox.objects.filter(id=mailbox_id).update(quota_bytes=quota_bytes):
        raise NotFound("There is no such mailbox.")


def set_shown_name(*, mailbox_id: int, shown_name: str) -> None:
    User.objects.filter(mailbox=mailbox_id).update(shown_name=shown_name.strip()[:200])


def set_password(*, mailbox_id: int, password: str) -> None:
    users.set_password(user_id=_user_of(mailbox_id), password=password)


def suspend(*, mailbox_id: int) -> None:
    """Refuse its mail and its logins; nothing in it is lost."""
    _set_state(mailbox_id, Mailbox.State.SUSPENDED)


def resume(*, mailbox_id: int) -> None:
    _set_state(mailbox_id, Mailbox.State.ACTIVE)


def remove(*, mailbox_id: int) -> None:
    """Remove the mailbox, its address and its login."""
    with transaction.atomic():
        mailbox = get_by_id(mailbox_id=mailbox_id)
        user_id = mailbox.user_id
        mailbox.address.delete()
        if user_id is not None:
            users.void(user_id=user_id)
            User.objects.filter(id=user_id).delete()


def parse(address: str) -> MailAddress:
    try:
        return MailAddress.parse(address)
    except BadSyntax as error:
        raise BadField("address", error.public, error.detail) from error


def check_quota(quota_bytes: int | None) -> None:
    if quota_bytes is not None and not 0 <= quota_bytes < 2**62:
        raise BadField("quota_bytes", "Give a size from 0 on; 0 is no limit.")


def _get_home(name: str) -> Domain:
    domain = Domain.objects.filter(name=name).select_related("alias_of").first()
    if domain is None:
        raise BadField("address", f"{name} is not a domain of this server.")
    if domain.alias_of is not None:
        raise BadField("address", f"{domain.shown_name} is an alias of {domain.alias_of.shown_name}. Make the mailbox there.")
    if domain.max_mailboxes and Mailbox.objects.filter(address__domain=domain).count() >= domain.max_mailboxes:
        raise LevelLimit("address", f"Set by the domain: {domain.max_mailboxes} mailboxes in {domain.shown_name}.")
    return domain


def _user_of(mailbox_id: int) -> int:
    user_id = get_by_id(mailbox_id=mailbox_id).user_id
    if user_id is None:
        raise NotFound("This mailbox has no login of its own.")
    return user_id


def _set_state(mailbox_id: int, state: Mailbox.State) -> None:
    with transaction.atomic():
        mailbox = get_by_id(mailbox_id=mailbox_id)
        Mailbox.objects.filter(id=mailbox_id).update(state=state)
        if mailbox.user_id is not None:
            users.void(user_id=mailbox.user_id)
