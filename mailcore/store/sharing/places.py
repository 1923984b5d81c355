"""Names of folders of others: `Other Users/bo@example.org/Work`, or `Shared/…` where the mailbox is nobody's own.

A person's folders may begin with the same words: only an address as the second level makes the name another's.
"""

from dataclasses import dataclass

from django.db.models import QuerySet

from mailcore.directory.models import Mailbox
from mailcore.kernel.errors import BadSyntax, NotFound
from mailcore.kernel.ids import MailboxId

from .. import names

OTHERS = "Other Users"
SHARED = "Shared"
NAMESPACES = (OTHERS, SHARED)


@dataclass(frozen=True, slots=True)
class Place:
    mailbox_id: MailboxId
    prefix: str
    """What stands before the folder's own name, with the last delimiter."""
    name: str


def is_others(name: str) -> bool:
    levels = name.split(names.SEPARATOR, 2)
    return levels[0] in NAMESPACES and len(levels) > 1 and "@" in levels[1]


def is_reserved(name: str) -> bool:
    """Nothing of one's own may be called so."""
    return name.split(names.SEPARATOR, 1)[0] in NAMESPACES


def get_place(name: str) -> Place:
    """Where a name that is another's leads; NotFound where there is no such mailbox."""
    space, address, inner = (*name.split(names.SEPARATOR, 2), "")[:3]
    row = _rows().filter(address__local=address.rpartition("@")[0].casefold(), address__domain__name=address.rpartition("@")[2].lower())
    found = row.values_list("pk", "user_id").first()
    if found is None or not inner or (found[1] is None) != (space == SHARED):
        raise NotFound("There is no such folder.", repr(name))
    try:
        inner = names.normalise(inner)
    except BadSyntax as error:
        raise NotFound("There is no such folder.", repr(name)) from error
    return Place(MailboxId(found[0]), f"{space}/{address}/", inner)


def find_prefixes(mailbox_ids: set[int]) -> dict[int, str]:
    """What is put before the names of the folders of these mailboxes."""
    rows = _rows().filter(pk__in=mailbox_ids).values_list("pk", "user_id", "address__local", "address__domain__name")
    return {
        pk: f"{SHARED if user_id is None else OTHERS}/{local}@{domain}/"
        for pk, user_id, local, domain in rows
        if names.SEPARATOR not in local
    }


def _rows() -> "QuerySet[Mailbox]":
    return Mailbox.objects.all()
