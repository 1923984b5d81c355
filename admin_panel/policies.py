"""Thresholds, limits and lists as far as an actor may see and change them.

A domain administrator changes what holds for the own domains and their mailboxes. How much a login may
send protects everybody's name, so a domain's is the server's to set, and a mailbox gets no more than its domain.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction

from mailcore.directory import access, domains, mailboxes
from mailcore.directory.access import Actor
from mailcore.directory.faults import BadField
from mailcore.filtering.policy import levels, lists, shelf, takeover
from mailcore.filtering.policy.lists import Rule
from mailcore.filtering.policy.takeover import Held
from mailcore.kernel.errors import BadSyntax, Denied, NotFound

SERVER = "server"


@dataclass(frozen=True, slots=True)
class Owner:
    name: str
    """`server`, a domain or an address."""
    chain: tuple[str, ...]
    """Whose levels and lists hold for it, the nearest first."""

    @property
    def key(self) -> str:
        return self.chain[0]


@dataclass(frozen=True, slots=True)
class Limit:
    name: str
    meaning: str
    value: float
    """What holds."""
    set_by: str
    """`server`, `default`, a domain or an address."""
    own: float | None
    """What this owner itself says."""
    inherited: float
    """What would hold if it said nothing."""


@dataclass(frozen=True, slots=True)
class Line:
    rule: Rule
    set_by: str
    is_own: bool
    is_winning: bool
    """False where a nearer owner says something else of the same pattern."""


def find_owner(actor: Actor, name: str) -> Owner:
    """NotFound for what is out of reach; Denied for the server's own to who looks after some domains."""
    text = name.strip().lower()
    if text in ("", SERVER):
        access.require_everything(actor)
        return Owner(SERVER, ("system",))
    if "@" not in text:
        access.require_domain(actor, name=text)
        found = domains.get(name=text).name
        access.require_domain(actor, name=found)
        return Owner(found, (f"domain:{found}", "system"))
    parsed = mailboxes.parse(text)
    access.require_domain(actor, name=parsed.domain)
    box = mailboxes.get(address=text)
    return Owner(str(box.address), (f"mailbox:{box.pk}", f"domain:{box.address.domain.name}", "system"))


def list_limits(owner: Owner) -> list[Limit]:
    names = [name for name in levels.NAMES if owner.key == "system" or not name.startswith(("peer_", "net_"))]
    return [_limit(owner, name) for name in names]


def set_limits(actor: Actor, owner: Owner, values: Mapping[str, float | None]) -> None:
    """All or none; None goes back to the level above. BadField names the one that is wrong, Denied what is not the actor's to set."""
    try:
        with transaction.atomic():
            for name, value in values.items():
                _set(actor, owner, name, value)
    finally:
        # What was read meanwhile may have been undone.
        shelf.forget(owner.key)


def list_rules(owner: Owner) -> list[Line]:
    """The owner's own lines and those above them, the nearest first."""
    found: list[Line] = []
    seen: set[tuple[str, str]] = set()
    for key in owner.chain:
        for rule in lists.list_all(owner=key):
            pair = (rule.subject, rule.pattern)
            found.append(Line(rule, _shown(owner, key), key == owner.key, pair not in seen))
            seen.add(pair)
    return found


def put_rule(owner: Owner, *, pattern: str, act: str, note: str = "") -> Rule:
    try:
        return lists.put(owner=owner.key, pattern=pattern, act=act, note=note)
    except BadSyntax as error:
        raise BadField("act" if act not in lists.ACTS or "mailbox" in error.public.lower() else "pattern", error.public) from error


def remove_rule(owner: Owner, *, pattern: str) -> None:
    lists.remove(owner=owner.key, pattern=pattern)


def list_suspects(actor: Actor) -> list[Held]:
    names = actor.domain_names
    return [one for one in takeover.list_held() if names is None or one.login.rpartition("@")[2] in names]


def clear_suspect(actor: Actor, *, login: str, held_mail: str = "keep") -> int:
    """How many held messages were released or deleted with it."""
    if login.strip().lower() not in [one.login for one in list_suspects(actor)]:
        raise NotFound(f"{login} is not suspected.")
    return takeover.clear(login=login, held_mail=held_mail, by=actor.name)


def _set(actor: Actor, owner: Owner, name: str, value: float | None) -> None:
    if name not in levels.NAMES:
        raise BadField(name, f"There is no level {name}. Known are {', '.join(levels.NAMES)}.")
    limit = _limit(owner, name)
    if value == limit.own:
        return
    _check(actor, owner, limit, value)
    try:
        levels.change(owner=owner.key, name=name, value=value, domain=_domain_of(owner))
    except BadSyntax as error:
        raise BadField(name, error.public) from error


def _check(actor: Actor, owner: Owner, limit: Limit, value: float | None) -> None:
    if (actor.is_root and actor.domain_ids is None) or not limit.name.startswith("login_"):
        return
    if not owner.key.startswith("mailbox:"):
        raise Denied("What a domain may send is set by an administrator of the server.")
    if value is not None and limit.inherited and (value == 0 or value > limit.inherited):
        raise BadField(limit.name, f"No more than {limit.inherited:g}: that is what holds above this mailbox.")


def _limit(owner: Owner, name: str) -> Limit:
    own = levels.find_own(owner=owner.key, name=name)
    above = levels.find(name, owner.chain[1:])
    holds = levels.find(name, owner.chain)
    set_by = "default" if not holds.owner else _shown(owner, holds.owner)
    return Limit(name, levels.NAMES[name].meaning, holds.value, set_by, own, above.value)


def _shown(owner: Owner, key: str) -> str:
    kind, _, name = key.partition(":")
    return {"mailbox": owner.name, "domain": name}.get(kind, SERVER)


def _domain_of(owner: Owner) -> str:
    return next((key.removeprefix("domain:") for key in owner.chain if key.startswith("domain:")), "")
