"""What a legal hold covers. Asked by whatever would remove something for good; when in doubt, it is held.

Imports neither the store nor the directory's modules, so that both can ask.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db import connection

from .models import Hold

_OF_DOMAINS = """SELECT m.id FROM directory_mailbox m JOIN directory_address a ON a.id = m.address_id
    JOIN directory_domain d ON d.id = a.domain_id WHERE d.name = %s"""


@dataclass(frozen=True, slots=True)
class Subject:
    """A message or a record, as a hold looks at it."""

    mailbox_id: int | None
    domain: str
    at: int
    people: str
    """Addresses of sender and recipients, or the text of the fields that name them."""
    subject: str


def list_in_force() -> list[Hold]:
    return list(Hold.objects.filter(released_at=None).order_by("id"))


def covers(hold: Hold, one: Subject) -> bool:
    if hold.mailbox_id is not None and one.mailbox_id is not None and hold.mailbox_id != one.mailbox_id:
        return False
    if hold.mailbox_id is None and hold.domain and hold.domain != one.domain:
        return False
    if hold.mailbox_id is not None and one.mailbox_id is None and hold.address.casefold() not in one.people.casefold():
        return False
    if (hold.since is not None and one.at < hold.since) or (hold.until is not None and one.at >= hold.until):
        return False
    return has_words(one.people, hold.who) and has_words(one.subject, hold.words)


def is_held(one: Subject, holds: Iterable[Hold]) -> bool:
    return any(covers(hold, one) for hold in holds)


def has_words(text: str, words: str) -> bool:
    """All of the words, whatever their case, anywhere in the text."""
    folded = text.casefold()
    return all(word in folded for word in words.casefold().split())


def list_mailboxes(among: Collection[int]) -> set[int]:
    """Those of which something is held, so that they must not be removed as a whole."""
    found: set[int] = set()
    for hold in list_in_force():
        if hold.mailbox_id is not None:
            found |= {hold.mailbox_id} & set(among)
        elif hold.domain:
            with connection.cursor() as cursor:
                cursor.execute(_OF_DOMAINS, [hold.domain])
                found |= {pk for (pk,) in cursor.fetchall()} & set(among)
        else:
            return set(among)
    return found
