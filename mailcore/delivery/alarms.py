"""A letter to those who look after a login whose mail is held: what was seen, what was done, what they can do.

Written by a task that comes round, so that a fault here never keeps a sender waiting, and a letter that could not be made is
made the next time.
"""

import logging

from django.conf import settings
from django.db import transaction

from mailcore.directory.models import Mailbox, User
from mailcore.filtering.models import Suspicion
from mailcore.kernel.envelope import Envelope, EnvelopeRecipient, Origin
from mailcore.mime.building import build
from mailcore.store import blobs

from . import intake
from .routing import Way, route

log = logging.getLogger(__name__)

MOST = 20
"""Letters in one round, and people told of one login."""


def tell(*, now: int) -> int:
    """Write about each login that nobody was told of yet; how many letters went."""
    return sum(_tell(row, now) for row in Suspicion.objects.filter(told_at=0).order_by("id")[:MOST])


def _tell(row: Suspicion, now: int) -> int:
    people = _find_people(row.login, row.user_id)
    prepared = [_write(row, people, now)] if people else []
    if not people:
        log.warning("login %s is suspected, and there is nobody to tell: no postmaster, no administrator with a mailbox", row.login)
    written: list[blobs.Written] = intake.write(prepared) if prepared else []
    with transaction.atomic():
        # Two workers may come here at once; one of them writes.
        if not Suspicion.objects.filter(pk=row.pk, told_at=0).update(told_at=now):
            return 0
        if prepared:
            intake.keep(prepared, written)
    return len(prepared)


def _find_people(login: str, user_id: int) -> list[str]:
    """The postmaster, and the administrators with a mailbox here; never the login itself, whose mail others may be reading."""
    domain = login.rpartition("@")[2]
    boxes = Mailbox.objects.exclude(user_id=user_id).filter(state=Mailbox.State.ACTIVE, user__is_active=True)
    boxes = boxes.select_related("address__domain")
    roots, lookers = boxes.filter(user__role=User.Role.ROOT), boxes.filter(user__role=User.Role.DOMAIN_ADMIN, user__domains__name=domain)
    found = [str(box.address) for box in (*lookers.order_by("id")[:MOST], *roots.order_by("id")[:MOST])]
    for one in dict.fromkeys((domain, settings.FACTEUR.hostname)):
        there = route(f"postmaster@{one}") if one else None
        if there is not None and there.way in (Way.MAILBOX, Way.EXPAND) and set(there.targets or (there.address,)) - {login}:
            found.append(f"postmaster@{one}")
            break
    return [one for one in dict.fromkeys(found) if one != login][:MOST]


def _write(row: Suspicion, people: list[str], now: int) -> intake.Prepared:
    hostname = settings.FACTEUR.hostname
    text = (
        f"{row.login} suddenly sends: {row.reason}.\n\n"
        "Perhaps somebody else has the password. What this login sends is kept in the queue from now on, with what it sent before\n"
        "and has not left yet. It was signed out everywhere, and its app passwords and API keys were removed, where it had signed in.\n\n"
        "1. Set a new password, and ask the owner.\n"
        f"2. Look at the mail: https://{hostname}/panel/quarantine?q={row.login}\n"
        f"   or: manage.py queue list --state held --search {row.login}\n"
        "3. Believe the login again, and send or delete what is held:\n"
        f"   manage.py filter clear {row.login} --held release|delete|keep\n"
    )
    raw = build(
        sender=f"Facteur <postmaster@{hostname}>",
        to=people,
        subject=f"{row.login} suddenly sends; its mail is held",
        text=text,
        date=float(now),
        headers=(("Auto-Submitted", "auto-generated"),),
    )
    envelope = Envelope("", tuple(EnvelopeRecipient(one, notify="NEVER") for one in people), smtputf8=not "".join(people).isascii())
    return intake.prepare(envelope=envelope, raw=raw, origin=Origin("local", protocol="LOCAL"), now=now)
