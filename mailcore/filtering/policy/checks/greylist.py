"""RCPT: a stranger's first message to somebody is put off; who comes again is known from then on. RFC 6647. Off by default."""

import time
from collections.abc import Iterator
from hashlib import sha256

from django.conf import settings

from mailcore.directory.throttle import network_of
from mailcore.queue import commits

from ...models import Greylisted
from ..verdicts import Act, Verdict
from ..visit import Addressee, Visit, fold

RULE = "greylist"
WAIT = 120
"""Seconds before a second try counts."""
WINDOW = 2 * 86_400
"""Seconds within which it has to come."""
KNOWN_FOR = 36 * 86_400


def ask(visit: Visit, addressee: Addressee) -> Iterator[Verdict]:
    if settings.FACTEUR.greylist and not visit.is_listed_good:
        left = _wait_for(visit, addressee, int(time.time()))
        if left > 0:
            yield Verdict(
                Act.GREYLIST, RULE, f"first message from {visit.sender or 'the null sender'} at this host to {addressee.address}",
                public=f"Not known here yet, please try again in {left} seconds.",
            )  # fmt: skip


def _wait_for(visit: Visit, addressee: Addressee, now: int) -> int:
    """Seconds it has to wait; 0 where it is known."""
    # The network, since large senders try again from a neighbour.
    triple = f"{network_of(visit.peer) or visit.peer}\0{visit.folded_sender}\0{fold(addressee.address)}"
    digest = sha256(triple.encode("utf-8", "surrogatepass")).hexdigest()
    with commits.unflushed():
        row, is_new = Greylisted.objects.get_or_create(digest=digest, defaults={"first_at": now, "seen_at": now})
        if is_new:
            return WAIT
        if row.passed_at or WAIT <= now - row.first_at <= WINDOW:
            Greylisted.objects.filter(pk=row.pk).update(passed_at=row.passed_at or now, seen_at=now)
            return 0
        if now - row.first_at > WINDOW:
            Greylisted.objects.filter(pk=row.pk).update(first_at=now, seen_at=now)
            return WAIT
        return WAIT - (now - row.first_at)
