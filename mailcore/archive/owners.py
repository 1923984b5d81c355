"""Whom something of the archive is about: a mailbox, a domain or the server, within the reach of who asks."""

from dataclasses import dataclass

from mailcore.directory import domains, mailboxes
from mailcore.directory.access import Actor, access_mailbox
from mailcore.directory.models import Mailbox
from mailcore.kernel.errors import Denied, NotFound

from . import levels


@dataclass(frozen=True, slots=True)
class Owner:
    key: str
    """As `levels` has it: "system", "domain:example.org", "mailbox:17"."""
    shown: str
    domain: str
    mailbox_id: int = 0


def find(actor: Actor, text: str) -> Owner:
    """Of an address, a domain, or "" for the server. NotFound outside the actor's reach, Denied for the server."""
    text = text.strip()
    if not text:
        if actor.domain_ids is not None:
            raise Denied("Only an administrator of the server may do this. Name a domain or an address.")
        return Owner("system", "system", "")
    if "@" in text:
        mailbox = mailboxes.get(address=text)
        # As for a change of the mailbox: nobody looks into that of somebody who may do more.
        return of_mailbox(access_mailbox(actor, mailbox_id=mailbox.pk, to_change=True))
    domain = domains.get(name=text).name
    if actor.domain_ids is not None and domain not in (actor.domain_names or ()):
        raise NotFound(f"{text} is not a domain you look after.")
    return Owner(f"domain:{domain}", domain, domain)


def of_mailbox(mailbox: Mailbox) -> Owner:
    return Owner(f"mailbox:{mailbox.pk}", str(mailbox.address), mailbox.address.domain.name, mailbox.pk)


def list_mailbox_ids(owner: Owner) -> list[int]:
    found = Mailbox.objects.order_by("pk")
    if owner.mailbox_id:
        return [owner.mailbox_id]
    return list((found.filter(address__domain__name=owner.domain) if owner.domain else found).values_list("pk", flat=True))


def set_period(owner: Owner, *, name: str, value: int | None) -> None:
    """None takes back what was set here."""
    if value is None:
        levels.reset(owner=owner.key, name=name, shown=owner.shown, domain=owner.domain)
    else:
        levels.put(owner=owner.key, name=name, value=value, shown=owner.shown, domain=owner.domain)
