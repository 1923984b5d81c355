"""Whom one writes to, and whom to offer while an address is typed.

The rank of a correspondent is log2 of the sum of 2^(t/halflife) over their letters: the order
of ranks is that of decayed counts at any moment, so nothing has to be written anew as time goes.
"""

import math
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from mailcore.directory import own_addresses
from mailcore.kernel.addresses import MailAddress
from mailcore.kernel.errors import BadSyntax
from mailcore.mime import addresses

from .access.opening import Owner
from .access.port import Person
from .models import Contact, ContactAddress, Correspondent, Group
from .recipients import join, split_list, write_person

HALFLIFE = 30 * 24 * 3600
LIMIT = 8


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One line of the list below a field."""

    name: str
    address: str
    written: str
    """What goes into the field; several people for a group."""
    kind: str
    """used, contact, colleague or group."""
    count: int = 1


def note(*, user_id: int, text: str, now: datetime | None = None) -> None:
    """Count a letter to each of these."""
    moment = now or timezone.now()
    for mailbox in addresses.list_mailboxes(split_list(text))[:200]:
        try:
            address = MailAddress.parse(mailbox.address)
        except BadSyntax:
            continue
        row, _is_new = Correspondent.objects.get_or_create(
            user_id=user_id, folded=address.folded[:320], defaults={"address": str(address)[:320], "last_at": moment}
        )
        row.rank = add_to_rank(row.rank if row.times else None, moment)
        row.times += 1
        row.last_at, row.name = moment, (mailbox.name or row.name)[:200]
        row.save()


def add_to_rank(rank: float | None, moment: datetime) -> float:
    here = moment.timestamp() / HALFLIFE
    if rank is None:
        return here
    high, low = max(rank, here), min(rank, here)
    return high + math.log2(1 + 2 ** (low - high))


def forget(*, user_id: int, address: str) -> None:
    Correspondent.objects.filter(user_id=user_id, folded=address.casefold()).delete()


def suggest(*, owner: Owner, text: str, limit: int = LIMIT) -> list[Suggestion]:
    """Those written to most and last come first, then the address book with its groups, then the directory of the domain."""
    typed = " ".join(text.split()).casefold()[:100]
    user_id = owner.principal.user_id
    found: dict[str, Suggestion] = {}
    for kind, name, address in (*_used(user_id, typed, limit), *_contacts(user_id, typed, limit)):
        found.setdefault(address.casefold(), Suggestion(name, address, write_person(Person(name, address)), kind))
    groups = _groups(user_id, typed) if typed else []
    if typed and len(found) < limit:
        domain = owner.person.address.rpartition("@")[2]
        for name, address in own_addresses.find_people(domain=domain, text=typed, limit=limit):
            found.setdefault(address.casefold(), Suggestion(name, address, write_person(Person(name, address)), "colleague"))
    return [*groups, *found.values()][:limit]


def list_strangers(*, owner: Owner, listed: list[str]) -> dict[str, str]:
    """Address → "outside" or "first": not of the own domain, or never written to and in no address book."""
    folded = {address.casefold() for address in listed}
    known = set(Correspondent.objects.filter(user_id=owner.principal.user_id, folded__in=folded).values_list("folded", flat=True))
    books = ContactAddress.objects.filter(contact__book__user_id=owner.principal.user_id, folded__in=folded)
    known |= set(books.values_list("folded", flat=True))
    own = owner.person.address.rpartition("@")[2]
    marks: dict[str, str] = {}
    for address in folded:
        if address.rpartition("@")[2] != own:
            marks[address] = "outside" if address in known else "first"
    return marks


def _used(user_id: int, typed: str, limit: int) -> list[tuple[str, str, str]]:
    rows = Correspondent.objects.filter(user_id=user_id)
    if typed:
        rows = rows.filter(Q(folded__icontains=typed) | Q(name__icontains=typed))
    return [("used", name, address) for name, address in rows.order_by("-rank").values_list("name", "address")[:limit]]


def _contacts(user_id: int, typed: str, limit: int) -> list[tuple[str, str, str]]:
    if not typed:
        return []
    rows = ContactAddress.objects.filter(contact__book__user_id=user_id)
    rows = rows.filter(Q(folded__icontains=typed) | Q(contact__name__icontains=typed) | Q(contact__organisation__icontains=typed))
    return [("contact", *row) for row in rows.order_by("contact__name", "position").values_list("contact__name", "address")[:limit]]


def _groups(user_id: int, typed: str) -> list[Suggestion]:
    found = []
    for group in Group.objects.filter(user_id=user_id, name__icontains=typed)[:3]:
        people = members(group)
        if people:
            found.append(Suggestion(group.name, "", join(people), "group", len(people)))
    return found


def members(group: Group) -> list[Person]:
    contacts: list[Contact] = list(group.members.prefetch_related("addresses"))
    return [Person(one.name, first.address) for one in contacts if (first := next(iter(one.addresses.all()), None)) is not None]
