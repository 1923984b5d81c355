"""Many new mailboxes at once: the same rows as one at a time, with a few queries for all of them."""

from collections.abc import Sequence

from django.db import transaction

from mailcore.audit import log

from . import scram_keys
from .mailboxes import NewMailbox, shown
from .models import Address, Domain, Mailbox, User


def list_clear(wanted: Sequence[NewMailbox]) -> set[str]:
    """The folded addresses of those that nothing stands against as far as can be seen now. Four queries.

    One of a domain with a limit of its own is not among them: that has to be counted one by one.
    Of two of the same address only the first could be made, so neither is.
    """
    names = [new.address.folded for new in wanted]
    homes = Domain.objects.filter(name__in={new.address.domain for new in wanted}, alias_of=None, max_mailboxes=0)
    open_domains = set(homes.values_list("name", flat=True))
    rows = Address.objects.filter(local__in={new.address.folded_local for new in wanted}, domain__name__in=open_domains)
    taken = {f"{local}@{domain}" for local, domain in rows.values_list("local", "domain__name")}
    taken.update(User.objects.filter(login__in=names).values_list("login", flat=True))
    return {
        new.address.folded
        for new in wanted
        if new.address.domain in open_domains
        and names.count(new.address.folded) == 1
        and not {new.address.folded, f"{new.address.folded_local}@{new.address.domain}"} & taken
    }


def add(wanted: Sequence[NewMailbox]) -> list[Mailbox]:
    """The rows of mailboxes that `list_clear` named, in their order. All or nothing.

    IntegrityError where another process took one of the addresses meanwhile.
    """
    with transaction.atomic():
        homes = {domain.name: domain for domain in Domain.objects.filter(name__in={new.address.domain for new in wanted})}
        addresses = Address.objects.bulk_create(
            [Address(domain=homes[new.address.domain], local=new.address.folded_local, kind=Address.Kind.MAILBOX) for new in wanted]
        )
        people = User.objects.bulk_create(
            [User(login=new.address.folded, password=new.encoded, shown_name=new.shown_name) for new in wanted]
        )
        scram_keys.keep_new(
            [(user.id, new.encoded, new.verifier) for user, new in zip(people, wanted, strict=True) if new.verifier is not None]
        )
        made = Mailbox.objects.bulk_create(
            [
                Mailbox(address=address, user=user, quota_bytes=new.quota_bytes)
                for address, user, new in zip(addresses, people, wanted, strict=True)
            ]
        )
        log.record_many(
            "mailbox.created",
            [log.Record(object_id=box.id, name=str(box.address), domain=box.address.domain.name, after=shown(box)) for box in made],
        )
    return made
