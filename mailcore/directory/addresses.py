"""What an address means here: the one table that SMTP, delivery, the pages and the API ask.

Exact names win over plus addresses, those over the addresses that come with a list (`team-subscribe`),
those over system names, those over the catch-all. RFC 5233 (plus addresses), RFC 5321 §4.5.1 and RFC 2142 §4 (postmaster, abuse).
"""

import re
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db import connection

from mailcore.kernel.addresses import MailAddress
from mailcore.kernel.errors import LimitReached
from mailcore.kernel.ids import MailboxId

from .models import Address, AliasTarget, Mailbox, User

SYSTEM_NAMES = frozenset({"postmaster", "abuse"})
LIST_COMMANDS = frozenset(
    ("subscribe", "unsubscribe", "normal", "digest", "nomail", "owner", "bounces", "help", "confirm", "approve", "reject", "discard")
)
"""What may be asked of a list by its address: `team-subscribe@` or `team+subscribe@`, with `+token` after it."""
_COMMAND = re.compile(rf"(.+)-((?:{'|'.join(sorted(LIST_COMMANDS))})(?:\+.*)?)\Z", re.DOTALL)
MAX_EXPANSION = 1_000
_TAKES_MAIL = frozenset({Mailbox.State.ACTIVE.value, Mailbox.State.RECEIVE_ONLY.value})
"""Addresses looked at for one recipient; an alias tree larger than this is refused."""


class Kind(StrEnum):
    MAILBOX = "mailbox"
    ALIAS = "alias"
    LIST = "list"
    CATCH_ALL = "catch_all"
    UNKNOWN = "unknown"
    REMOTE = "remote"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class Resolution:
    kind: Kind
    address: str
    """Canonical: alias domains and plus parts taken away; as given where the domain is not ours."""
    domain: str
    mailbox_id: MailboxId | None = None
    targets: tuple[str, ...] = ()
    detail: str = ""
    """What stood after `+`, e.g. for filing. Of a list: the command and its token, "" for a post; `address` has it after `+`."""


# One query for a mailbox: all spellings of the local part, under the domain or what it is an alias of.
_FIND = """
SELECT c.id, c.name, c.catch_all, d.is_active, c.is_active, a.id, a.local, a.kind, a.is_enabled, m.id, m.state
FROM directory_domain d
JOIN directory_domain c ON c.id = COALESCE(d.alias_of_id, d.id)
LEFT JOIN directory_address a ON a.domain_id = c.id AND a.local IN (%s, %s, %s)
LEFT JOIN directory_mailbox m ON m.address_id = a.id
WHERE d.name = %s
"""


def resolve(address: MailAddress) -> Resolution:
    """One step of routing. One indexed query for a mailbox, two for an alias."""
    exact = address.folded_local
    user, detail = address.split_detail()
    user = user.casefold()
    asked = _COMMAND.match(exact)
    base, command = (asked[1], asked[2]) if asked else (exact, "")
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [exact, user, base, address.domain])
        rows = cursor.fetchall()
    if not rows:
        return Resolution(Kind.REMOTE, str(address), address.domain)
    domain_id, domain, catch_all, is_active, canonical_active = rows[0][:5]
    if not (is_active and canonical_active):
        return Resolution(Kind.SUSPENDED, f"{exact}@{domain}", domain)
    found = {row[6]: row[5:] for row in rows if row[5] is not None}
    for local, rest in ((exact, ""), (user, detail)):
        if local in found:
            return _of_row(found[local], local=local, domain=domain, detail=rest)
    if command and base in found and found[base][2] == Address.Kind.LIST:
        return _of_row(found[base], local=base, domain=domain, detail=command)
    return _fall_back(local=exact, domain=domain, domain_id=domain_id, catch_all=catch_all)


def expand(address: MailAddress) -> tuple[Resolution, ...]:
    """Follow aliases and catch-alls to their ends, each end once.

    Every address is looked at once, so a loop ends by itself (it adds nothing);
    raises LimitReached where more than MAX_EXPANSION addresses are involved.
    """
    waiting = deque([address])
    seen: set[str] = set()
    ends: dict[str, Resolution] = {}
    while waiting:
        resolution = resolve(waiting.popleft())
        if resolution.address in seen:
            continue
        seen.add(resolution.address)
        if len(seen) > MAX_EXPANSION:
            raise LimitReached(f"This address leads to more than {MAX_EXPANSION} others.")
        if resolution.targets:
            waiting.extend(MailAddress.parse(target) for target in resolution.targets)
        else:
            ends.setdefault(resolution.address, resolution)
    return tuple(ends.values())


def leads_to(*, starts: tuple[str, ...], goal: str, catch_all_domain: str = "") -> bool:
    """Whether mail for `starts` would come by the address `goal`, or by the catch-all of a domain."""
    waiting = deque(MailAddress.parse(start) for start in starts)
    seen: set[str] = set()
    while waiting and len(seen) <= MAX_EXPANSION:
        resolution = resolve(waiting.popleft())
        caught = resolution.kind in (Kind.CATCH_ALL, Kind.UNKNOWN)
        if goal and goal in (resolution.address, _without_detail(resolution.address) if caught else ""):
            return True
        # Without a catch-all as yet, what is unknown now is what the new one will take.
        if caught and catch_all_domain and resolution.domain == catch_all_domain:
            return True
        if resolution.address not in seen:
            seen.add(resolution.address)
            waiting.extend(MailAddress.parse(target) for target in resolution.targets)
    return False


def _without_detail(address: str) -> str:
    parsed = MailAddress.parse(address)
    return str(MailAddress(parsed.split_detail()[0], parsed.domain))


def _of_row(row: tuple[Any, ...], *, local: str, domain: str, detail: str) -> Resolution:
    address_id, _, kind, is_enabled, mailbox_id, state = row
    name = str(MailAddress(local, domain))
    held = None if mailbox_id is None else MailboxId(mailbox_id)
    if not is_enabled or (held is not None and state not in _TAKES_MAIL):
        return Resolution(Kind.SUSPENDED, name, domain, held)
    if held is not None:
        return Resolution(Kind.MAILBOX, name, domain, held, detail=detail)
    if kind == Address.Kind.LIST:
        return _of_list(local, domain, detail)
    targets = AliasTarget.objects.filter(alias_id=address_id).order_by("id").values_list("target", flat=True)
    found = tuple(targets)
    return Resolution(Kind.ALIAS if found else Kind.UNKNOWN, name, domain, targets=found, detail=detail)


def _of_list(local: str, domain: str, detail: str) -> Resolution:
    """Commands are not told apart by case; what a list does not know is no address of it."""
    detail = detail.casefold()
    is_known = not detail or detail.partition("+")[0] in LIST_COMMANDS
    name = str(MailAddress(f"{local}+{detail}" if detail else local, domain))
    return Resolution(Kind.LIST if is_known else Kind.UNKNOWN, name, domain, detail=detail)


def _fall_back(*, local: str, domain: str, domain_id: int, catch_all: str) -> Resolution:
    name = str(MailAddress(local, domain))
    if local in SYSTEM_NAMES:
        target = _find_keeper(domain_id)
        if target:
            return Resolution(Kind.ALIAS, name, domain, targets=(target,))
    if catch_all:
        return Resolution(Kind.CATCH_ALL, name, domain, targets=(catch_all,))
    return Resolution(Kind.UNKNOWN, name, domain)


def _find_keeper(domain_id: int) -> str:
    """Who reads postmaster mail: an administrator of the domain, else root, else the domain's oldest mailbox."""
    active = Mailbox.objects.filter(state=Mailbox.State.ACTIVE, address__is_enabled=True, address__domain__is_active=True)
    active = active.select_related("address__domain").order_by("id")
    for keepers in (
        active.filter(user__role=User.Role.DOMAIN_ADMIN, user__domains=domain_id),
        active.filter(user__role=User.Role.ROOT),
        active.filter(address__domain=domain_id),
    ):
        mailbox = keepers.first()
        if mailbox is not None:
            return str(MailAddress(mailbox.address.local, mailbox.address.domain.name))
    return ""
