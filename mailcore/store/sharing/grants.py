"""Who may do what in a folder, read. An owner may do everything; others what grants say, less what negative ones take."""

from collections.abc import Iterable

from django.db import connection

from mailcore.directory import mailboxes
from mailcore.directory.models import Mailbox
from mailcore.kernel.errors import BadSyntax, Denied, NotFound
from mailcore.kernel.ids import MailboxId
from mailcore.kernel.mailstore import FlagMode
from mailcore.kernel.rights import ALL, arrange

from ..models import Folder, Grant
from ..writer import sharing as writing

ANYONE = 0
ANYONE_NAME = "anyone"
Identifier = tuple[int, bool]
"""(mailbox or ANYONE, negative)"""


def read_rights(mailbox_id: int, folder: Folder) -> str:
    """What the owner of a mailbox may do in a folder."""
    if folder.mailbox_id == mailbox_id:
        return ALL
    return _combine(Grant.objects.filter(folder_id=folder.pk, grantee_id__in=(mailbox_id, ANYONE)))


def list_visible(mailbox_id: int) -> list[tuple[Folder, str]]:
    """Folders of others in which somebody has a right, with those rights. One query."""
    with connection.cursor() as cursor:
        # Nearly nobody has any: asked so, 40 µs.
        cursor.execute("SELECT 1 FROM store_grant WHERE grantee_id IN (%s, %s) LIMIT 1", [mailbox_id, ANYONE])
        if cursor.fetchone() is None:
            return []
    by_folder: dict[int, list[Grant]] = {}
    for grant in Grant.objects.filter(grantee_id__in=(mailbox_id, ANYONE)).exclude(folder__mailbox_id=mailbox_id).select_related("folder"):
        by_folder.setdefault(grant.folder_id, []).append(grant)
    found = [(grants[0].folder, _combine(grants)) for grants in by_folder.values()]
    return [(folder, rights) for folder, rights in found if rights]


def _combine(grants: Iterable[Grant]) -> str:
    given: set[str] = set()
    taken: set[str] = set()
    for grant in grants:
        (taken if grant.is_negative else given).update(grant.rights)
    return arrange(given - taken)


def read_grant(folder: Folder, grantee_id: int, is_negative: bool) -> str:
    row = Grant.objects.filter(folder_id=folder.pk, grantee_id=grantee_id, is_negative=is_negative).first()
    return row.rights if row is not None else ""


def list_grants(folder: Folder) -> list[tuple[str, str]]:
    """(identifier, rights) of everybody, the owner first (RFC 4314 §3.6)."""
    rows = list(Grant.objects.filter(folder_id=folder.pk).order_by("grantee_id", "is_negative"))
    addresses = _read_addresses({row.grantee_id for row in rows} | {folder.mailbox_id})
    found = [(addresses[folder.mailbox_id], ALL)] if folder.mailbox_id in addresses else []
    for row in rows:
        name = ANYONE_NAME if row.grantee_id == ANYONE else addresses.get(row.grantee_id)
        # Whoever was granted something may be gone meanwhile.
        if name is not None:
            found.append((("-" if row.is_negative else "") + name, row.rights))
    return found


def _read_addresses(mailbox_ids: set[int]) -> dict[int, str]:
    rows = Mailbox.objects.filter(pk__in=mailbox_ids).values_list("pk", "address__local", "address__domain__name")
    return {pk: f"{local}@{domain}" for pk, local, domain in rows}


def change(folder: Folder, identifier: str, mode: FlagMode, rights: str) -> None:
    """Give, take or set what somebody may do. NotFound where nobody is called so; Denied for the owner, who may do everything."""
    grantee_id, is_negative = read_identifier(identifier)
    if grantee_id == folder.mailbox_id:
        raise Denied("Whoever owns a folder may do everything in it.")
    before = set(read_grant(folder, grantee_id, is_negative))
    after = {FlagMode.ADD: before | set(rights), FlagMode.REMOVE: before - set(rights), FlagMode.REPLACE: set(rights)}[mode]
    writing.set_grant(folder=folder, grantee_id=grantee_id, is_negative=is_negative, rights=arrange(after))


def read_identifier(text: str) -> Identifier:
    """RFC 4314 §3: an address of a mailbox here, or "anyone", a "-" before it for rights that are taken away."""
    is_negative = text.startswith("-")
    name = text.removeprefix("-")
    if name == ANYONE_NAME:
        return ANYONE, is_negative
    try:
        return MailboxId(mailboxes.get(address=name).pk), is_negative
    except (BadSyntax, NotFound) as error:
        raise NotFound("Nobody is called so here.", repr(text)) from error
