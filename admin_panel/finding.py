"""How lists are searched: by what stands anywhere in few rows, by how it begins in many.

"How it begins" is a range, which an index answers; LIKE would read every row.
"""

from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from mailcore.directory.access import Actor
from mailcore.directory.models import Address, AliasTarget, Mailbox, User

FEW = 20_000
_LAST = "\U0010ffff"


def begins(field: str, text: str) -> Q:
    return Q(**{f"{field}__gte": text, f"{field}__lt": text + _LAST})


def with_state(rows: QuerySet[Mailbox], state: str) -> QuerySet[Mailbox]:
    """The index holds those that are not active; SQLite uses it where the question says so in these very words."""
    rows = rows.filter(state=state)
    return rows if state == Mailbox.State.ACTIVE else rows.exclude(state=Mailbox.State.ACTIVE)


def find_mailboxes(rows: QuerySet[Mailbox], search: str, *, actor: Actor) -> QuerySet[Mailbox]:
    """`local@domain` by how both begin; a word in addresses and names."""
    local, at, domain = search.partition("@")
    if at:
        rows = rows.filter(begins("address__domain__name", domain)) if domain else rows
        return rows.filter(begins("address__local", local)) if local else rows
    if not search:
        return rows
    if actor.domain_ids is not None or Mailbox.objects.count() <= FEW:
        return rows.filter(Q(address__local__contains=search) | Q(user__shown_name__icontains=search))
    people = User.objects.annotate(folded=Lower("shown_name")).filter(begins("folded", search)).values("id")
    addresses = Address.objects.filter(begins("local", search)).values("id")
    return rows.filter(Q(address__in=addresses) | Q(user__in=people))


def find_aliases(rows: QuerySet[Address], search: str, *, actor: Actor) -> QuerySet[Address]:
    local, at, domain = search.partition("@")
    if at:
        targets = AliasTarget.objects.filter(begins("target", search)).values("alias_id")
        own = (begins("local", local) if local else Q()) & (begins("domain__name", domain) if domain else Q())
        return rows.filter(own | Q(id__in=targets))
    if not search:
        return rows
    targets = AliasTarget.objects.filter(target__contains=search).values("alias_id")
    return rows.filter(Q(local__contains=search) | Q(domain__name__contains=search) | Q(id__in=targets))
