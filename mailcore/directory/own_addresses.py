"""Which addresses belong to a mailbox: its own, those of alias domains, and the aliases that lead to it."""

from mailcore.kernel.addresses import MailAddress
from mailcore.kernel.ids import MailboxId

from . import mailboxes
from .models import Address, AliasTarget, Domain, Mailbox

MAX_FOUND = 200


def list_own(*, mailbox_id: MailboxId) -> list[str]:
    """The mailbox's own address first, then the others by name. What may be sent as is asked of `routing.check_sender`."""
    own = mailboxes.find_address(mailbox_id=mailbox_id)
    if own is None:
        return []
    found: dict[str, None] = {str(own): None}
    waiting = [str(own)]
    while waiting and len(found) < MAX_FOUND:
        aliases = AliasTarget.objects.filter(target__in=waiting, alias__is_enabled=True, alias__kind=Address.Kind.ALIAS)
        names = sorted({str(MailAddress(*row)) for row in aliases.values_list("alias__local", "alias__domain__name")} - set(found))
        found |= dict.fromkeys(names)
        waiting = names
    alias_domains = list(Domain.objects.filter(alias_of__isnull=False, is_active=True).values_list("name", "alias_of__name"))
    for address in list(found):
        local, _, domain = address.rpartition("@")
        found |= {f"{local}@{name}": None for name, main in alias_domains if main == domain}
    return list(found)[:MAX_FOUND]


def find_people(*, domain: str, text: str, limit: int) -> list[tuple[str, str]]:
    """(shown name, address) of active mailboxes of a domain whose name or address holds the text: the directory that people see."""
    active = Mailbox.objects.filter(
        address__domain__name=domain, state=Mailbox.State.ACTIVE, address__is_enabled=True, user__is_active=True
    )
    fitting = active.filter(user__shown_name__icontains=text) | active.filter(address__local__icontains=text.partition("@")[0])
    rows = fitting.order_by("address__local").values_list("user__shown_name", "address__local", "address__domain__name")[:limit]
    return [(name, str(MailAddress(local, home))) for name, local, home in rows]
