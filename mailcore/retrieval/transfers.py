"""Whole accounts that move here: ask for, list, stop, report. Asked for again, the same account is brought up to date."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.db.models import Count, Q, QuerySet, Sum

from mailcore import sealing
from mailcore.audit import log
from mailcore.directory import mailboxes
from mailcore.directory.faults import BadField
from mailcore.kernel.errors import NotFound
from mailcore.kernel.ids import MailboxId
from mailcore.store import folders

from .accounts import PORTS, check_host, check_port, check_text
from .dialling import Server, check_security
from .faults import SourceFault
from .foldernames import Place, plan
from .imapside import Imap
from .models import Security, Transfer, TransferFolder, TransferMessage
from .sources import PURPOSE

MAX_PATTERNS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    address: str
    """The mailbox here."""
    host: str
    login: str
    secret: str
    port: int = 0
    security: str = "tls"
    login_as: str = ""
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Totals:
    there: int = 0
    here: int = 0
    copied: int = 0
    already: int = 0
    changed: int = 0
    refused: int = 0
    folders: int = 0
    done: int = 0


def check(wanted: Wanted) -> Wanted:
    """With its defaults filled in; BadField names what cannot be."""
    if wanted.security not in Security.values:
        raise BadField("security", "Choose TLS, STARTTLS or none.")
    try:
        check_security(wanted.security)
    except SourceFault as fault:
        raise BadField("security", fault.public) from fault
    if len(wanted.excluded) > MAX_PATTERNS or any("\n" in one or len(one) > 200 for one in wanted.excluded):
        raise BadField("excluded", f"At most {MAX_PATTERNS} patterns of 200 letters.")
    return replace(
        wanted,
        host=check_host(wanted.host),
        port=check_port(wanted.port or PORTS["imap", wanted.security]),
        login=check_text("login", wanted.login),
        secret=check_text("secret", wanted.secret),
        login_as=check_text("login_as", wanted.login_as) if wanted.login_as else "",
    )


def ask_for(wanted: Sequence[Wanted], *, batch: str = "") -> list[Transfer]:
    """Due at once, all or none. An account that was brought before is brought up to date by what is known of it."""
    checked = [check(one) for one in wanted]
    with transaction.atomic():
        return [_ask(one, batch) for one in checked]


def look(wanted: Wanted) -> list[Place]:
    """Log in and say where each folder would go, changing nothing. SourceFault where that cannot be. Waits for the network."""
    wanted = check(wanted)
    mailbox = mailboxes.get(address=wanted.address)
    client = Imap(Server(wanted.host, wanted.port, wanted.security), login=wanted.login, secret=wanted.secret, login_as=wanted.login_as)
    try:
        return make_plan(client, mailbox_id=mailbox.id, excluded=wanted.excluded)
    finally:
        client.drop()


def make_plan(client: Imap, *, mailbox_id: int, excluded: Collection[str]) -> list[Place]:
    uses = find_uses(mailbox_id)
    return plan(client.list_folders(), prefix=client.find_prefix(), foreign=client.find_foreign(), excluded=excluded, uses=uses)


def find_uses(mailbox_id: int) -> dict[str, str]:
    """Folders here by special use; those of a new mailbox where it has none yet."""
    found = {one.special_use: one.name for one in folders.list_folders(MailboxId(mailbox_id)) if one.special_use}
    return found or {f"\\{name}": name for name in ("Drafts", "Sent", "Archive", "Junk", "Trash")}


def list_all(*, mailbox_ids: Collection[int] | None = None, batch: str = "") -> QuerySet[Transfer]:
    """Newest first; `mailbox_ids` None is everybody's."""
    found = Transfer.objects.order_by("-id")
    if mailbox_ids is not None:
        found = found.filter(mailbox_id__in=mailbox_ids)
    return found.filter(batch=batch) if batch else found


def get(*, transfer_id: int, mailbox_ids: Collection[int] | None = None) -> Transfer:
    found = list_all(mailbox_ids=mailbox_ids).filter(pk=transfer_id).first()
    if found is None:
        raise NotFound("There is no such migration.")
    return found


def list_folders(transfer: Transfer) -> list[TransferFolder]:
    return list(TransferFolder.objects.filter(transfer=transfer).order_by("id"))


def list_refused(transfer: Transfer, *, limit: int = 200) -> list[TransferMessage]:
    rows = TransferMessage.objects.filter(~Q(refusal=""), folder__transfer=transfer)
    return list(rows.select_related("folder").order_by("folder_id", "uid")[:limit])


def add_up(transfers: Sequence[Transfer]) -> dict[int, Totals]:
    """One query for all of them."""
    sums = {name: Sum(name) for name in ("there", "here", "copied", "already", "changed", "refused")}
    rows = TransferFolder.objects.filter(transfer__in=transfers, note="").values("transfer_id")
    added = rows.annotate(**sums, folders=Count("id"), done=Count("id", filter=Q(is_done=True)))
    return {row.pop("transfer_id"): Totals(**row) for row in map(dict[str, Any], added)}


def stop(*, transfer: Transfer) -> None:
    """What is here stays; asked for again, it goes on from there."""
    with transaction.atomic():
        Transfer.objects.filter(pk=transfer.pk).update(state=Transfer.State.STOPPED, lease="", lease_until=0)
        _record("stopped", transfer)


def again(*, transfer: Transfer) -> None:
    """Bring what is new."""
    with transaction.atomic():
        _restart(Transfer.objects.filter(pk=transfer.pk))
        _record("asked", transfer)


def remove(*, transfer: Transfer) -> None:
    """Forget what is known of it, not what it brought. Brought once more, its mail would be here twice."""
    with transaction.atomic():
        _record("removed", transfer)
        Transfer.objects.filter(pk=transfer.pk).delete()


def _ask(wanted: Wanted, batch: str) -> Transfer:
    mailbox = mailboxes.get(address=wanted.address)
    fields: dict[str, object] = {
        "port": wanted.port, "security": wanted.security, "excluded": "\n".join(wanted.excluded), "batch": batch,
        "sealed_secret": sealing.seal(wanted.secret, purpose=PURPOSE),
    }  # fmt: skip
    transfer, is_new = Transfer.objects.get_or_create(
        mailbox_id=mailbox.id, host=wanted.host, login=wanted.login, login_as=wanted.login_as,
        defaults={**fields, "created_at": int(time.time()), "next_run_at": int(time.time())},
    )  # fmt: skip
    if not is_new:
        found = Transfer.objects.filter(pk=transfer.pk)
        found.update(**fields)
        _restart(found)
        transfer.refresh_from_db()
    _record("asked", transfer)
    return transfer


def _restart(found: QuerySet[Transfer]) -> None:
    # One that is running goes on as it is.
    found.exclude(state=Transfer.State.RUNNING).update(
        state=Transfer.State.WAITING, next_run_at=int(time.time()), fault="", last_text="", fail_streak=0, lease="", lease_until=0
    )


def _record(action: str, transfer: Transfer) -> None:
    address = str(mailboxes.get_by_id(mailbox_id=transfer.mailbox_id).address)
    name = f"{transfer.login_as or transfer.login} at {transfer.host} to {address}"
    log.record(f"migration.{action}", object_id=transfer.pk, name=name, domain=address.rpartition("@")[2])
