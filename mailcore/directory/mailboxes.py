"""Mailboxes: make, list, change, suspend, remove. What lies in them is the store's."""

import re
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet

from mailcore.archive import held
from mailcore.audit import log
from mailcore.kernel.addresses import MailAddress
from mailcore.kernel.errors import BadSyntax, Conflict, NotFound
from mailcore.kernel.ids import MailboxId

from . import scram_keys, users
from .faults import AlreadyExists, BadField, LevelLimit
from .models import Address, AliasTarget, Domain, Mailbox, User
from .passwords import hash_password

# Asked at every RCPT: plain SQL takes a tenth of the time of the same question to the ORM.
_FIND_LIMIT = """
SELECT m.quota_bytes, d.default_quota_bytes
FROM directory_mailbox m JOIN directory_address a ON a.id = m.address_id JOIN directory_domain d ON d.id = a.domain_id
WHERE m.id = %s
"""


# Bounded, so that a hash from elsewhere cannot make each login cost minutes or gigabytes.
_ARGON2ID = re.compile(r"\$argon2id\$v=19\$m=(?:[1-9]\d{2,5}),t=(?:\d|1\d),p=[1-8]\$[A-Za-z0-9+/]{11,88}\$[A-Za-z0-9+/]{22,172}")


@dataclass(frozen=True, slots=True)
class QuotaLimit:
    bytes: int
    level: str
    """Who set it: `mailbox` or `domain`."""


@dataclass(frozen=True, slots=True)
class NewMailbox:
    """What a new mailbox needs, checked and hashed, so that making it is a matter of rows alone."""

    address: MailAddress
    encoded: str
    """The password's hash; "!" opens nothing."""
    quota_bytes: int | None
    shown_name: str
    verifier: scram_keys.Verifier | None = None


def create(*, address: str, password: str | None, quota_bytes: int | None = None, shown_name: str = "") -> Mailbox:
    """Make a mailbox and the login of the same name. All or nothing."""
    # Hashed before the transaction: it takes tens of milliseconds, and the write lock is everybody's.
    return add(prepare(address=address, password=password, quota_bytes=quota_bytes, shown_name=shown_name))


def prepare(
    *, address: str, password: str | None = None, password_hash: str = "", quota_bytes: int | None = None, shown_name: str = ""
) -> NewMailbox:
    """Check and hash. `password_hash` is an argon2id hash from elsewhere, taken in place of a password."""
    parsed = parse(address)
    check_quota(quota_bytes)
    if password_hash:
        encoded = read_hash(password_hash)
    else:
        encoded = "!" if password is None else hash_password(users.check_strength(password))
    verifier = None if password is None or password_hash else scram_keys.make(password)
    return NewMailbox(parsed, encoded, quota_bytes, shown_name[:200], verifier)


def check_new(*, address: str, password: str | None, quota_bytes: int | None = None) -> None:
    """Raise what `create` would raise, without hashing or making anything."""
    parsed = parse(address)
    check_quota(quota_bytes)
    if password is not None:
        users.check_strength(password)
    _get_home(parsed.domain)
    if Address.objects.filter(domain__name=parsed.domain, local=parsed.folded_local).exists():
        raise AlreadyExists("address", f"{parsed} exists already.")


def add(new: NewMailbox) -> Mailbox:
    """The rows of a prepared mailbox. All or nothing."""
    parsed = new.address
    try:
        with transaction.atomic():
            domain = _get_home(parsed.domain)
            row = Address.objects.create(domain=domain, local=parsed.folded_local, kind=Address.Kind.MAILBOX)
            user = User.objects.create(login=parsed.folded, password=new.encoded, shown_name=new.shown_name)
            if new.verifier is not None:
                scram_keys.keep_new([(user.id, new.encoded, new.verifier)])
            mailbox = Mailbox.objects.create(address=row, user=user, quota_bytes=new.quota_bytes)
            _record("created", mailbox, after=shown(mailbox))
            return mailbox
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
    with transaction.atomic():
        mailbox = get_by_id(mailbox_id=mailbox_id)
        Mailbox.objects.filter(id=mailbox_id).update(quota_bytes=quota_bytes)
        _record("changed", mailbox, before={"quota_bytes": mailbox.quota_bytes}, after={"quota_bytes": quota_bytes})


def set_shown_name(*, mailbox_id: int, shown_name: str) -> None:
    wanted = shown_name.strip()[:200]
    with transaction.atomic():
        mailbox = get_by_id(mailbox_id=mailbox_id)
        User.objects.filter(mailbox=mailbox_id).update(shown_name=wanted)
        before = mailbox.user.shown_name if mailbox.user else ""
        _record("changed", mailbox, before={"shown_name": before}, after={"shown_name": wanted})


def set_password(*, mailbox_id: int, password: str) -> None:
    users.set_password(user_id=_user_of(mailbox_id), password=password)


def set_password_hash(*, mailbox_id: int, password_hash: str) -> None:
    """As `set_password`, for an argon2id hash made elsewhere."""
    users.set_encoded(user_id=_user_of(mailbox_id), encoded=read_hash(password_hash))


def suspend(*, mailbox_id: int) -> None:
    """Refuse its mail and its logins; nothing in it is lost."""
    _set_state(mailbox_id, Mailbox.State.SUSPENDED)


def resume(*, mailbox_id: int) -> None:
    """Open again what was suspended, receives only, or was to be removed."""
    _set_state(mailbox_id, Mailbox.State.ACTIVE)


def receive_only(*, mailbox_id: int) -> None:
    """Take its mail and let it be read, and refuse what it sends."""
    _set_state(mailbox_id, Mailbox.State.RECEIVE_ONLY)


def is_receive_only(*, mailbox_id: MailboxId) -> bool:
    return Mailbox.objects.filter(id=mailbox_id, state=Mailbox.State.RECEIVE_ONLY).exists()


def remove_later(*, mailbox_id: int, at: datetime) -> None:
    """Close it now and remove it at a time; until then `resume` brings it back whole."""
    _set_state(mailbox_id, Mailbox.State.REMOVING, remove_at=at)


def remove_due(*, now: datetime) -> int:
    """Remove what was to be removed by now; how many mailboxes. One under a legal hold waits until that is released."""
    due = list(Mailbox.objects.filter(state=Mailbox.State.REMOVING, remove_at__lte=now).values_list("id", flat=True))
    found = sorted(set(due) - held.list_mailboxes(due)) if due else due
    for mailbox_id in found:
        remove(mailbox_id=mailbox_id)
    return len(found)


def rename(*, mailbox_id: int, address: str, keep_old: bool = True) -> Mailbox:
    """Another address, and login, for the same mailbox. `keep_old` leaves the old address as an alias to it."""
    parsed = parse(address)
    with transaction.atomic():
        mailbox = get_by_id(mailbox_id=mailbox_id)
        old = MailAddress(mailbox.address.local, mailbox.address.domain.name)
        if parsed.folded == old.folded:
            return mailbox
        domain = mailbox.address.domain if parsed.domain == old.domain else _get_home(parsed.domain)
        if Address.objects.filter(domain=domain, local=parsed.folded_local).exists():
            raise AlreadyExists("address", f"{parsed} exists already.")
        if User.objects.filter(login=parsed.folded).exclude(mailbox=mailbox_id).exists():
            raise AlreadyExists("address", f"A login named {parsed} exists already.")
        Address.objects.filter(id=mailbox.address_id).update(domain=domain, local=parsed.folded_local)
        if mailbox.user_id is not None:
            User.objects.filter(id=mailbox.user_id).update(login=parsed.folded)
            users.void(user_id=mailbox.user_id)
        if keep_old:
            kept = Address.objects.create(domain_id=mailbox.address.domain_id, local=old.folded_local, kind=Address.Kind.ALIAS)
            AliasTarget.objects.create(alias=kept, target=parsed.folded)
        renamed = get_by_id(mailbox_id=mailbox_id)
        _record("renamed", renamed, before={"address": str(old)}, after={"address": str(renamed), "old_is_alias": keep_old})
    return renamed


def remove(*, mailbox_id: int) -> None:
    """Remove the mailbox, its address and its login. Conflict where a legal hold keeps some of its mail."""
    with transaction.atomic():
        mailbox = get_by_id(mailbox_id=mailbox_id)
        if held.list_mailboxes([mailbox_id]):
            raise Conflict(f"A legal hold keeps mail of {mailbox.address}. Suspend the mailbox instead, or release the hold first.")
        _record("removed", mailbox, before=shown(mailbox))
        user_id = mailbox.user_id
        mailbox.address.delete()
        if user_id is not None:
            users.void(user_id=user_id)
            User.objects.filter(id=user_id).delete()


def read_hash(text: str) -> str:
    """An argon2id hash as the PHC string `$argon2id$…` or Dovecot's `{ARGON2ID}$argon2id$…`, in the form kept here."""
    bare = text.removeprefix("{ARGON2ID}")
    if not _ARGON2ID.fullmatch(bare):
        raise BadField("password_hash", "Give an argon2id hash that begins with $argon2id$v=19$.")
    return f"argon2{bare}"


def shown(mailbox: Mailbox) -> dict[str, object]:
    """As the audit log keeps it."""
    return {
        "address": str(mailbox.address),
        "shown_name": mailbox.user.shown_name if mailbox.user else "",
        "state": str(mailbox.state),
        "quota_bytes": mailbox.quota_bytes,
    }


def parse(address: str) -> MailAddress:
    try:
        return MailAddress.parse(address)
    except BadSyntax as error:
        raise BadField("address", error.public, error.detail) from error


def check_quota(quota_bytes: int | None) -> None:
    if quota_bytes is not None and not 0 <= quota_bytes < 2**62:
        raise BadField("quota_bytes", "Give a size from 0 on; 0 is no limit.")


def _get_home(name: str) -> Domain:
    # Asked for every new mailbox, so without the domain it may be an alias of, nor an order of one row.
    domain = next(iter(Domain.objects.filter(name=name).order_by()), None)
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


def _record(what: str, mailbox: Mailbox, **states: log.Values) -> None:
    log.record(f"mailbox.{what}", object_id=mailbox.id, name=str(mailbox.address), domain=mailbox.address.domain.name, **states)


def _set_state(mailbox_id: int, state: Mailbox.State, *, remove_at: datetime | None = None) -> None:
    with transaction.atomic():
        mailbox = get_by_id(mailbox_id=mailbox_id)
        Mailbox.objects.filter(id=mailbox_id).update(state=state, remove_at=remove_at)
        before = {"state": str(mailbox.state), "remove_at": mailbox.remove_at}
        _record("changed", mailbox, before=before, after={"state": state.value, "remove_at": remove_at})
        if mailbox.user_id is not None:
            users.void(user_id=mailbox.user_id)
