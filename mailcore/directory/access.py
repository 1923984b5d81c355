"""Who may see and change what. Pages and API fetch through here, so nothing is fetched unchecked.

What lies outside an actor's reach does not exist for it: NotFound, never Denied, so that
names cannot be sounded out. Denied is for what it can see and may not do.
"""

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from mailcore.kernel.errors import Denied, NotFound

from . import aliases, mailboxes
from .models import Address, Domain, Mailbox, User


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody at the panel, or a program with an API key."""

    user_id: int
    name: str
    is_root: bool
    domain_ids: frozenset[int] | None
    """None is every domain."""
    domain_names: frozenset[str] | None = None
    scopes: frozenset[str] | None = None
    """None is every scope (a person at the panel)."""
    key_id: int | None = None
    """The API key it came with."""


def actor_of(user: User) -> Actor:
    """What a user may reach: root everything, a domain administrator the own domains and their aliases."""
    if user.role == User.Role.ROOT:
        return Actor(user.id, user.login, True, None)
    if user.role != User.Role.DOMAIN_ADMIN:
        return Actor(user.id, user.login, False, frozenset(), frozenset())
    rows = Domain.objects.filter(Q(administrators=user) | Q(alias_of__administrators=user)).values_list("id", "name").distinct()
    found = dict(rows)
    return Actor(user.id, user.login, False, frozenset(found), frozenset(found.values()))


def require_scope(actor: Actor, scope: str) -> None:
    if actor.scopes is not None and scope not in actor.scopes:
        raise Denied(f"This key lacks the scope {scope}.")


def require_everything(actor: Actor) -> None:
    """For what touches the whole server: only root, and only with a key that is not limited."""
    if not actor.is_root or actor.domain_ids is not None:
        raise Denied("Only an administrator of the whole server may do this.")


def require_root(actor: Actor) -> None:
    """For the limits and the standing of a domain within reach."""
    if not actor.is_root:
        raise Denied("Only an administrator of the server may change this.")


def list_domains(actor: Actor) -> QuerySet[Domain]:
    found = Domain.objects.select_related("alias_of")
    return found if actor.domain_ids is None else found.filter(id__in=actor.domain_ids)


def access_domain(actor: Actor, *, domain_id: int) -> Domain:
    found = list_domains(actor).filter(id=domain_id).first()
    if found is None:
        raise NotFound("There is no such domain.")
    return found


def require_domain(actor: Actor, *, name: str) -> None:
    """For addresses that are to be made: the domain must be within reach."""
    if actor.domain_ids is None:
        return
    if actor.domain_names is None or name not in actor.domain_names:
        raise NotFound(f"{name} is not a domain you look after.")


def list_mailboxes(actor: Actor) -> QuerySet[Mailbox]:
    found = mailboxes.with_names()
    return found if actor.domain_ids is None else found.filter(address__domain__in=actor.domain_ids)


def access_mailbox(actor: Actor, *, mailbox_id: int, to_change: bool = False) -> Mailbox:
    found = list_mailboxes(actor).filter(id=mailbox_id).first()
    if found is None:
        raise NotFound("There is no such mailbox.")
    if to_change and found.user is not None:
        _refuse_stronger(actor, found.user)
    return found


def list_aliases(actor: Actor) -> QuerySet[Address]:
    found = aliases.with_targets()
    return found if actor.domain_ids is None else found.filter(domain__in=actor.domain_ids)


def access_alias(actor: Actor, *, alias_id: int) -> Address:
    found = list_aliases(actor).filter(id=alias_id).first()
    if found is None:
        raise NotFound("There is no such alias.")
    return found


def _refuse_stronger(actor: Actor, user: User) -> None:
    """A domain administrator must not take over, by a new password, somebody who may do more."""
    if actor.domain_ids is None:
        return
    stronger = user.role == User.Role.ROOT
    if user.role == User.Role.DOMAIN_ADMIN:
        stronger = user.domains.exclude(id__in=actor.domain_ids).exists()
    if stronger:
        raise Denied("This person may do more than you. Ask an administrator of the server.")
