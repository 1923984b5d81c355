"""What a login may send: limits by the hour and the day, and the defence against a login that is no longer its owner's.

Every way mail of a login leaves asks here first: submission, the webmail, programs of this machine. Limits are answered with a
no that names who set them. A login that suddenly writes to many it never wrote to is suspected instead, see `takeover`.
"""

import time
from collections.abc import Sequence

from mailcore.kernel.errors import Throttled
from mailcore.kernel.principal import Principal

from ..models import KnownRecipient, Tally
from . import levels, takeover, tallies
from .visit import fold

SURGE_FROM = 200
"""Recipients in an hour below which nothing is sudden."""
SURGE = 20
"""Times the busiest hour of the week before."""


class LimitOfLogin(Throttled):
    """`kind` is a level's name without "login_"; `limit` its value and who set it."""

    def __init__(self, public: str, detail: str, *, kind: str, limit: levels.Set) -> None:
        super().__init__(public, detail)
        self.kind, self.limit = kind, limit


def admit(*, principal: Principal, recipients: Sequence[str], is_signed_in: bool = True, now: int | None = None) -> str:
    """Count a message of a login. LimitOfLogin where a limit is reached; else why it is to be held, or "".

    `is_signed_in` False is a program of this machine, which needs no password.
    """
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
    standing = takeover.find_reason(principal)
    if standing:
        return standing
    reason = _suspect(owners, sent, fresh, len(recipients))
    return takeover.strike(principal=principal, reason=reason, at=at, is_signed_in=is_signed_in) if reason else ""


def forget(*, now: int) -> None:
    """Counts and acquaintances that are too old to say anything."""
    Tally.objects.filter(hour__lt=now // tallies.HOUR - tallies.DAYS_KEPT * 24).delete()
    KnownRecipient.objects.filter(at__lt=now - tallies.KNOWN_FOR).delete()


def _suspect(owners: Sequence[str], sent: tallies.Sent, fresh: int, count: int) -> str:
    limit = levels.find("login_new_recipients_day", owners)
    if limit.value and sent.new_recipients_day + fresh > limit.value:
        return f"more than {limit.value:.0f} recipients in a day that it never wrote to before (limit of {limit.level})"
    this_hour = sent.recipients_hour + count
    if sent.busiest_hour and this_hour > max(SURGE_FROM, SURGE * sent.busiest_hour):
        return f"{this_hour} recipients in an hour, where its busiest hour of a week had {sent.busiest_hour}"
    return ""


def _owners(principal: Principal) -> tuple[str, ...]:
    domain = (principal.address or principal.login).rpartition("@")[2].lower()
    own = (f"mailbox:{principal.mailbox_id}",) if principal.mailbox_id is not None else ()
    return (*own, *((f"domain:{domain}",) if domain else ()), "system")
