"""What a login may send: limits by the hour and the day, and the defence against a login that is no longer its owner's.

Limits are answered with a no that names who set them. A login that suddenly writes to many it never wrote to is not refused,
so that its owner loses nothing and its taker learns nothing: its mail is kept in the queue until an operator has looked.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from mailcore.audit import log as audit
from mailcore.kernel.errors import NotFound, Throttled
from mailcore.kernel.principal import Principal

from ..models import KnownRecipient, Suspicion, Tally
from . import levels, tallies
from .visit import fold

log = logging.getLogger(__name__)

SURGE_FROM = 200
"""Recipients in an hour below which nothing is sudden."""
SURGE = 20
"""Times the busiest hour of the week before."""


class LimitOfLogin(Throttled):
    """`kind` is a level's name without "login_"; `limit` its value and who set it."""

    def __init__(self, public: str, detail: str, *, kind: str, limit: levels.Set) -> None:
        super().__init__(public, detail)
        self.kind, self.limit = kind, limit


@dataclass(frozen=True, slots=True)
class Held:
    user_id: int
    login: str
    reason: str
    at: int


def admit(*, principal: Principal, recipients: Sequence[str], now: int | None = None) -> str:
    """Count a message of a login. LimitOfLogin where a limit is reached; else why it is to be held, or ""."""
    at = int(time.time()) if now is None else now
    owners = _owners(principal)
    subject = f"login:{principal.user_id}"
    sent = tallies.read(subject, now=at)
    for kind in ("messages_hour", "messages_day", "recipients_hour", "recipients_day"):
        limit = levels.find(f"login_{kind}", owners)
        more = 1 if kind.startswith("messages") else len(recipients)
        if limit.value and getattr(sent, kind) + more > limit.value:
            what, _, period = kind.partition("_")
            text = f"This login may send {limit.value:.0f} {what} {'an hour' if period == 'hour' else 'a day'} (limit of {limit.level})"
            detail = f"4.7.1 {principal.login}: login_{kind}"
            raise LimitOfLogin(f"{text}; try again later.", detail, kind=kind, limit=limit)
    fresh = tallies.count_login(principal.user_id, [fold(one) for one in recipients], now=at)
    standing = Suspicion.objects.filter(user_id=principal.user_id).values_list("reason", flat=True).first()
    if standing is not None:
        return f"held, because {principal.login} is suspected: {standing}"
    reason = _suspect(principal, owners, sent, fresh, len(recipients))
    if reason:
        _note(principal, reason, at)
        return f"held, because {principal.login} is suspected: {reason}"
    return ""


def list_held() -> list[Held]:
    """Logins whose mail is held, the newest first."""
    return [Held(*row) for row in Suspicion.objects.order_by("-at").values_list("user_id", "login", "reason", "at")]


def clear(*, login: str, now: int | None = None) -> None:
    """Believe a login again. What is held stays so until it is released from the queue. NotFound where it is not suspected."""
    at = int(time.time()) if now is None else now
    with transaction.atomic():
        row = Suspicion.objects.filter(login=login.strip().lower()).first()
        if row is None:
            raise NotFound(f"{login} is not suspected.")
        row.delete()
        # What made it suspect would do so again at its next message.
        Tally.objects.filter(subject=f"login:{row.user_id}", hour__gt=at // tallies.HOUR - 24).update(fresh=0)
        audit.record("login.cleared", object_id=row.user_id, name=row.login, domain=row.login.rpartition("@")[2])


def forget(*, now: int) -> None:
    """Counts and acquaintances that are too old to say anything."""
    Tally.objects.filter(hour__lt=now // tallies.HOUR - tallies.DAYS_KEPT * 24).delete()
    KnownRecipient.objects.filter(at__lt=now - tallies.KNOWN_FOR).delete()


def _suspect(principal: Principal, owners: Sequence[str], sent: tallies.Sent, fresh: int, count: int) -> str:
    limit = levels.find("login_new_recipients_day", owners)
    if limit.value and sent.new_recipients_day + fresh > limit.value:
        return f"more than {limit.value:.0f} recipients in a day that it never wrote to before (limit of {limit.level})"
    this_hour = sent.recipients_hour + count
    if sent.busiest_hour and this_hour > max(SURGE_FROM, SURGE * sent.busiest_hour):
        return f"{this_hour} recipients in an hour, where its busiest hour of a week had {sent.busiest_hour}"
    return ""


def _note(principal: Principal, reason: str, at: int) -> None:
    log.warning("login %s is suspected: %s", principal.login, reason)
    with transaction.atomic():
        _, is_new = Suspicion.objects.get_or_create(
            user_id=principal.user_id, defaults={"login": principal.login.lower()[:330], "reason": reason[:300], "at": at}
        )
        if is_new:
            domain = (principal.address or principal.login).rpartition("@")[2]
            audit.record("login.suspected", object_id=principal.user_id, name=principal.login, domain=domain, after={"reason": reason})


def _owners(principal: Principal) -> tuple[str, ...]:
    domain = (principal.address or principal.login).rpartition("@")[2].lower()
    own = (f"mailbox:{principal.mailbox_id}",) if principal.mailbox_id is not None else ()
    return (*own, *((f"domain:{domain}",) if domain else ()), "system")
