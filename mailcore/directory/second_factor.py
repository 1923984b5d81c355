"""Whether a login must have a second factor, which level says so, and whether it has one.

The domain's word counts before the server's (`second_step` in config.environment); logins without a mailbox
follow the server's. The second step (a telephone's codes) is a factor, and so is a passkey.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.conf import settings

from .models import Domain, Mailbox, Passkey, User

SERVER = "server"
SHOWN = "two_steps"
"""In a session that was opened by two factors."""


@dataclass(frozen=True, slots=True)
class Rule:
    is_required: bool
    set_by: str
    """`server`, or the name of the domain."""


class Standing(Enum):
    OPEN = "open"
    """Nothing is asked for, or it was shown."""
    LACKING = "lacking"
    """One is required and there is none: it must be set up first."""
    UNSHOWN = "unshown"
    """There is one, and this session was opened without it."""


def is_required(choice: str | None) -> bool:
    """What holds where a domain says `choice`; None for a login without one."""
    return (settings.FACTEUR.second_step if choice in (None, Domain.SecondStepRule.SERVER) else choice) == Domain.SecondStepRule.REQUIRED


def find_rule(domain: Domain | None) -> Rule:
    """An alias domain has no logins of its own; asked all the same, the domain it stands for answers."""
    home = None if domain is None else domain.alias_of or domain
    if home is None or home.second_step == Domain.SecondStepRule.SERVER:
        return Rule(is_required(None), SERVER)
    return Rule(is_required(home.second_step), home.name)


def find_rule_of(user: User) -> Rule:
    mailbox: Mailbox | None = getattr(user, "mailbox", None)
    return find_rule(None if mailbox is None else mailbox.address.domain)


def has_one(user: User) -> bool:
    return user.has_second_step or Passkey.objects.filter(user_id=user.pk).exists()


def is_asked_at_door(user: User) -> bool:
    """Whether the password is followed by a second question: a passkey is asked for only where the rule wants one."""
    return user.has_second_step or (find_rule_of(user).is_required and has_one(user))


def judge(user: User, session: Mapping[str, Any]) -> Standing:
    """What a session of a user may do. No query where nothing is required, one at most else."""
    if not find_rule_of(user).is_required:
        return Standing.OPEN
    if not has_one(user):
        return Standing.LACKING
    return Standing.OPEN if session.get(SHOWN) else Standing.UNSHOWN
