"""What has to be done now and then: keys on their way, policies and counts that ran out, reports that are due."""

import time

from mailcore.directory.models import Domain

from . import dmarcoutcomes, keys, stspolicies, tlsoutcomes
from .names import Names
from .naming import get_names
from .reports import receiving, sending

MAX_NEW = 20
"""Domains that get their keys in one turn: making them costs time."""


def run(*, names: Names | None = None, now: int | None = None) -> None:
    """Asks the DNS; not inside a transaction. May be repeated, and run on several machines at once."""
    at = int(time.time()) if now is None else now
    for domain in Domain.objects.filter(is_active=True, dkim_keys__isnull=True).order_by("id")[:MAX_NEW]:
        keys.ensure(domain=domain.name, now=at)
    asked = names or get_names()
    keys.advance(names=asked, now=at)
    sending.send_due(names=asked, now=at)
    stspolicies.purge(now=at)
    tlsoutcomes.purge(now=at)
    dmarcoutcomes.purge(now=at)
    receiving.purge(now=at)
