"""A login that is perhaps no longer its owner's: its mail is kept in the queue, everything signed in with it is signed out, and
those who look after it are told.

The mail is held rather than refused, so that its owner loses nothing. Passwords are left as they are: an administrator sets
a new one before the login is believed again.
"""

import logging
import time
from contextlib import suppress
from dataclasses import dataclass

from django.db import transaction

from mailcore import bell
from mailcore.audit import log as audit
from mailcore.directory import browsers, keys, users
from mailcore.directory.models import Mailbox, User
from mailcore.kernel.errors import BadSyntax, NotFound
from mailcore.kernel.principal import Principal
from mailcore.queue import senders

from ..models import Suspicion, Tally
from . import tallies

log = logging.getLogger(__name__)

HELD_MAIL = ("keep", "release", "delete")
"""What may become of the mail that was held, once the login is believed again."""


@dataclass(frozen=True, slots=True)
class Held:
    user_id: int
    login: str
    reason: str
    at: int


def find_reason(principal: Principal) -> str:
    """Why the mail of this login is held; "" where it is not."""
    standing = Suspicion.objects.filter(user_id=principal.user_id).values_list("reason", flat=True).first()
    return "" if standing is None else _word(principal.login, standing)


def find_reason_of_mailbox(mailbox_id: int) -> str:
    """The same for what the filters of a mailbox send on: who can sign in can write them."""
    row = Suspicion.objects.filter(user_id__in=Mailbox.objects.filter(pk=mailbox_id, user__isnull=False).values("user_id")).first()
    return "" if row is None else _word(row.login, row.reason)


def strike(*, principal: Principal, reason: str, at: int, is_signed_in: bool) -> str:
    """Suspect a login; the words its mail is held with. Once: a second call changes nothing.

    `is_signed_in` False is a program of this machine, which showed no password: there is nothing to sign out.
    """
    log.warning("login %s is suspected: %s", principal.login, reason)
    word = _word(principal.login, reason)
    user_id = principal.user_id
    with transaction.atomic():
        _, is_new = Suspicion.objects.get_or_create(
            user_id=user_id, defaults={"login": principal.login.lower()[:330], "reason": reason[:300], "at": at}
        )
        if is_new:
            held = senders.hold_all(user_id=user_id, reason=word, now=at)
            revoked = _revoke(user_id) if is_signed_in else 0
            domain = (principal.address or principal.login).rpartition("@")[2]
            after = {"reason": reason, "messages_held": held, "signed_out": is_signed_in, "revoked": revoked}
            audit.record("login.suspected", object_id=user_id, name=principal.login, domain=domain, after=after)
    return word


def list_held() -> list[Held]:
    """Logins whose mail is held, the newest first."""
    return [Held(*row) for row in Suspicion.objects.order_by("-at").values_list("user_id", "login", "reason", "at")]


def clear(*, login: str, held_mail: str = "keep", by: str = "an administrator", now: int | None = None) -> int:
    """Believe a login again; how many of its messages were released or deleted. NotFound where it is not suspected."""
    if held_mail not in HELD_MAIL:
        raise BadSyntax(f"What is held may be one of {', '.join(HELD_MAIL)}.")
    at = int(time.time()) if now is None else now
    with transaction.atomic():
        row = Suspicion.objects.filter(login=login.strip().lower()).first()
        if row is None:
            raise NotFound(f"{login} is not suspected.")
        row.delete()
        # What made it suspect would do so again at its next message.
        Tally.objects.filter(subject=f"login:{row.user_id}", hour__gt=at // tallies.HOUR - 24).update(fresh=0)
        count = 0
        starts = _word(row.login, "")
        if held_mail == "release":
            count = senders.release_all(user_id=row.user_id, reason_starts=starts, by=by, now=at)
            transaction.on_commit(bell.ring)
        elif held_mail == "delete":
            count = senders.cancel_all(user_id=row.user_id, reason_starts=starts, by=by, now=at)
        after = {"held_mail": held_mail, "messages": count}
        audit.record("login.cleared", object_id=row.user_id, name=row.login, domain=row.login.rpartition("@")[2], after=after)
        return count


def _word(login: str, reason: str) -> str:
    return f"held, because {login.lower()} is suspected: {reason}"


def _revoke(user_id: int) -> int:
    """Pages, programs, app passwords and API keys of a login; how many of the last two."""
    user = User.objects.filter(id=user_id).first()
    if user is None:
        return 0
    devices, programs = users.list_app_passwords(user_id=user_id), keys.list_all(owner=user)
    for device in devices:
        # Removed by somebody else at this moment, it is removed as well.
        with suppress(NotFound):
            users.remove_app_password(user_id=user_id, app_password_id=device.pk)
    for program in programs:
        with suppress(NotFound):
            keys.remove(key_id=program.pk, owner=user)
    browsers.end_all(user_id=user_id)
    return len(devices) + len(programs)
