"""Aliases: one address that leads to one or several others. A circle is refused when it is written."""

from django.db import IntegrityError, transaction
from django.db.models import Prefetch, QuerySet

from mailcore.audit import log
from mailcore.kernel.addresses import MailAddress
from mailcore.kernel.errors import BadSyntax, NotFound

from . import addresses
from .faults import AlreadyExists, BadField, Loop
from .mailboxes import parse
from .models import Address, AliasTarget, Domain

MAX_TARGETS = 500


def create(*, address: str, targets: tuple[str, ...]) -> Address:
    """Make an alias with all its targets. All or nothing."""
    parsed = parse(address)
    wanted = _fold_targets(targets)
    try:
        with transaction.atomic():
            domain = Domain.objects.filter(name=parsed.domain).first()
            if domain is None:
                raise BadField("address", f"{parsed.domain} is not a domain of this server.")
            if domain.alias_of_id is not None:
                raise BadField("address", f"{domain.shown_name} is an alias domain. Make the alias in its main domain.")
            _refuse_loop(parsed, wanted)
            alias = Address.objects.create(domain=domain, local=parsed.folded_local, kind=Address.Kind.ALIAS)
            AliasTarget.objects.bulk_create([AliasTarget(alias=alias, target=target) for target in wanted])
            _record("created", alias, after={"targets": list(wanted), "is_enabled": True})
            return alias
    except IntegrityError as error:
        taken = Address.objects.filter(domain__name=parsed.domain, local=parsed.folded_local).first()
        if taken is None:
            raise
        existing = taken.id if taken.kind == Address.Kind.ALIAS else None
        raise AlreadyExists("address", f"{parsed} exists already.", existing) from error


def list_all(*, domain: str = "") -> list[Address]:
    found = with_targets().order_by("domain__name", "local")
    return list(found.filter(domain__name=domain) if domain else found)


def with_targets() -> QuerySet[Address]:
    """Aliases with domain and targets, in two queries."""
    return (
        Address.objects.filter(kind=Address.Kind.ALIAS)
        .select_related("domain")
        .prefetch_related(Prefetch("targets", AliasTarget.objects.order_by("id")))
    )


def get(*, address: str) -> Address:
    parsed = parse(address)
    found = with_targets().filter(domain__name=parsed.domain, local=parsed.folded_local).first()
    if found is None:
        raise NotFound(f"There is no alias {parsed}.")
    return found


def set_targets(*, alias_id: int, targets: tuple[str, ...]) -> None:
    wanted = _fold_targets(targets)
    with transaction.atomic():
        alias = _get(alias_id)
        _refuse_loop(MailAddress(alias.local, alias.domain.name), wanted)
        before = list(alias.targets.order_by("id").values_list("target", flat=True))
        AliasTarget.objects.filter(alias=alias).exclude(target__in=wanted).delete()
        rows = [AliasTarget(alias=alias, target=target) for target in wanted]
        AliasTarget.objects.bulk_create(rows, ignore_conflicts=True)
        _record("changed", alias, before={"targets": sorted(before)}, after={"targets": sorted(wanted)})


def set_enabled(*, alias_id: int, is_enabled: bool) -> None:
    with transaction.atomic():
        alias = _get(alias_id)
        Address.objects.filter(id=alias_id).update(is_enabled=is_enabled)
        _record("changed", alias, before={"is_enabled": alias.is_enabled}, after={"is_enabled": is_enabled})


def remove(*, alias_id: int) -> None:
    with transaction.atomic():
        alias = _get(alias_id)
        _record("removed", alias, before={"targets": list(alias.targets.values_list("target", flat=True)), "is_enabled": alias.is_enabled})
        alias.delete()


def _record(what: str, alias: Address, **states: log.Values) -> None:
    log.record(f"alias.{what}", object_id=alias.id, name=str(alias), domain=alias.domain.name, **states)


def _get(alias_id: int) -> Address:
    alias = Address.objects.select_related("domain").filter(id=alias_id, kind=Address.Kind.ALIAS).first()
    if alias is None:
        raise NotFound("There is no such alias.")
    return alias


def _fold_targets(targets: tuple[str, ...]) -> tuple[str, ...]:
    """Each target once, its domain folded; the local part keeps its case, since elsewhere it may matter."""
    found: dict[str, str] = {}
    for text in targets:
        try:
            target = MailAddress.parse(text)
        except BadSyntax as error:
            raise BadField("targets", f"{text}: {error.public}", error.detail) from error
        found.setdefault(target.folded, str(MailAddress(target.folded_local, target.domain)))
    if not found:
        raise BadField("targets", "An alias needs at least one address to lead to.")
    if len(found) > MAX_TARGETS:
        raise BadField("targets", f"An alias leads to at most {MAX_TARGETS} addresses. A list is made for more.")
    return tuple(found.values())


def _refuse_loop(alias: MailAddress, targets: tuple[str, ...]) -> None:
    goal = str(MailAddress(alias.folded_local, alias.domain))
    if addresses.leads_to(starts=targets, goal=goal):
        raise Loop("targets", f"This would send mail for {goal} back to {goal}.")
