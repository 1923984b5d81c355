"""Lists as such: made, changed, found, removed."""

import time
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, Q, QuerySet

from mailcore.audit import log
from mailcore.directory import mailboxes
from mailcore.directory.access import Actor
from mailcore.directory.addresses import LIST_COMMANDS
from mailcore.directory.faults import AlreadyExists, BadField
from mailcore.directory.models import Address, Domain, Mailbox
from mailcore.kernel.errors import BadSyntax, NotFound

from .models import MailingList, Member, Post

CHANGEABLE = frozenset(
    ("title", "description", "post_policy", "outsiders", "join_policy", "subject_prefix", "reply_to", "max_bytes", "bounce_limit")
)
MAX_LOCAL = 35
"""The longest address of a list, `-unsubscribe+` and a token, must stay within 64 octets."""
MAX_BYTES = 100_000_000
_CHOICES = {
    "post_policy": MailingList.PostPolicy.values,
    "outsiders": MailingList.Outsiders.values,
    "join_policy": MailingList.JoinPolicy.values,
    "reply_to": MailingList.ReplyTo.values,
}
_LENGTHS = {"title": 100, "description": 500, "subject_prefix": 40}


def create(*, address: str, title: str = "", **settings: Any) -> MailingList:
    """Make a list. BadField, AlreadyExists; all or nothing."""
    parsed = mailboxes.parse(address)
    if len(parsed.folded_local.encode()) > MAX_LOCAL:
        raise BadField("address", f"The name of a list is at most {MAX_LOCAL} octets long.")
    if any(parsed.folded_local.endswith(f"-{command}") for command in LIST_COMMANDS):
        raise BadField("address", "The name of a list may not end like one of the addresses that come with a list.")
    values = _check({"title": title or parsed.local, **settings})
    try:
        with transaction.atomic():
            domain = Domain.objects.filter(name=parsed.domain).first()
            if domain is None:
                raise BadField("address", f"{parsed.domain} is not a domain of this server.")
            if domain.alias_of_id is not None:
                raise BadField("address", f"{domain.shown_name} is an alias domain. Make the list in its main domain.")
            row = Address.objects.create(domain=domain, local=parsed.folded_local, kind=Address.Kind.LIST)
            made = MailingList.objects.create(address=row, created_at=int(time.time()), digested_at=int(time.time()), **values)
            record("created", made, after=values)
            return made
    except IntegrityError as error:
        taken = Address.objects.filter(domain__name=parsed.domain, local=parsed.folded_local).first()
        if taken is None:
            raise
        existing = MailingList.objects.filter(address=taken).values_list("id", flat=True).first()
        raise AlreadyExists("address", f"{parsed} exists already.", existing) from error


def change(*, list_id: int, **settings: Any) -> None:
    values = _check(settings)
    with transaction.atomic():
        row = get_by_id(list_id=list_id)
        record("changed", row, before={name: getattr(row, name) for name in values}, after=values)
        MailingList.objects.filter(id=list_id).update(**values)


def set_enabled(*, list_id: int, is_enabled: bool) -> None:
    with transaction.atomic():
        row = get_by_id(list_id=list_id)
        record("changed", row, before={"is_enabled": row.address.is_enabled}, after={"is_enabled": is_enabled})
        Address.objects.filter(id=row.address_id).update(is_enabled=is_enabled)


def set_archive(*, list_id: int, mailbox: str, folder: str) -> None:
    """File posts in a folder of a mailbox here, which may be shared; "" files them no more."""
    place: tuple[int | None, str] = (None, "")
    row = get_by_id(list_id=list_id)
    if mailbox:
        found = Mailbox.objects.filter(
            address__domain__name=mailboxes.parse(mailbox).domain, address__local=mailboxes.parse(mailbox).folded_local
        )
        held = found.first()
        if held is None or mailboxes.parse(mailbox).domain != row.address.domain.name:
            raise BadField("archive_mailbox", "There is no such mailbox in the domain of the list.")
        place = (held.id, folder.strip()[:200] or f"Lists/{row.address.local}")
    with transaction.atomic():
        before = {"archive_mailbox_id": row.archive_mailbox_id, "archive_folder": row.archive_folder}
        record("changed", row, before=before, after={"archive_mailbox_id": place[0], "archive_folder": place[1]})
        MailingList.objects.filter(id=list_id).update(archive_mailbox_id=place[0], archive_folder=place[1])


def remove(*, list_id: int) -> None:
    with transaction.atomic():
        row = get_by_id(list_id=list_id)
        record("removed", row, before={"title": row.title, "members": row.members.count()})
        row.address.delete()


def with_counts() -> QuerySet[MailingList]:
    """Lists with what a row on a page shows: how many are on it, how many posts are held."""
    held = Count("posts", filter=Q(posts__state=Post.State.HELD), distinct=True)
    return MailingList.objects.select_related("address__domain").annotate(member_count=Count("members", distinct=True), held_count=held)


def within(actor: Actor) -> QuerySet[MailingList]:
    """The lists an administrator may reach; what lies outside does not exist for one."""
    return with_counts() if actor.domain_ids is None else with_counts().filter(address__domain__in=actor.domain_ids)


def access(actor: Actor, *, list_id: int) -> MailingList:
    found = within(actor).filter(id=list_id).first()
    if found is None:
        raise NotFound("There is no such list.")
    return found


def get(*, address: str) -> MailingList:
    parsed = mailboxes.parse(address)
    found = MailingList.objects.select_related("address__domain").filter(
        address__domain__name=parsed.domain, address__local=parsed.folded_local
    )
    row = found.first()
    if row is None:
        raise NotFound(f"There is no list {parsed}.")
    return row


def get_by_id(*, list_id: int) -> MailingList:
    row = MailingList.objects.select_related("address__domain").filter(id=list_id).first()
    if row is None:
        raise NotFound("There is no such list.")
    return row


def staff(row: MailingList, *, owners_only: bool = False) -> list[str]:
    """Who decides about posts: moderators and owners, or owners where there are only these."""
    roles = [Member.Role.OWNER] if owners_only else [Member.Role.OWNER, Member.Role.MODERATOR]
    return list(row.members.filter(role__in=roles).order_by("id").values_list("email", flat=True)[:50])


def record(what: str, row: MailingList, **states: Any) -> None:
    log.record(f"list.{what}", object_id=row.id, name=str(row), domain=row.address.domain.name, **states)


def _check(settings: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in settings.items():
        if name not in CHANGEABLE:
            raise BadSyntax(f"{name} is no setting of a list.")
        if name in _CHOICES and value not in _CHOICES[name]:
            raise BadField(name, f"{value} is none of {', '.join(_CHOICES[name])}.")
        if name in _LENGTHS:
            value = _check_text(name, str(value))
        values[name] = value
    if not 1_000 <= int(values.get("max_bytes", MAX_BYTES)) <= MAX_BYTES:
        raise BadField("max_bytes", f"The largest post is between 1000 and {MAX_BYTES} octets.")
    if not 1 <= float(values.get("bounce_limit", 1)) <= 100:
        raise BadField("bounce_limit", "The bounce limit is between 1 and 100.")
    return values


def _check_text(name: str, value: str) -> str:
    value = value.strip()
    if any(ord(char) < 32 or ord(char) == 127 for char in value):
        raise BadField(name, "A line break or control character may not stand here.")
    if len(value) > _LENGTHS[name] or (name == "title" and not value):
        raise BadField(name, f"Between 1 and {_LENGTHS[name]} characters, please.")
    return value
