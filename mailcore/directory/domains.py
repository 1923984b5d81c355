"""Domains: make, list, change, suspend, remove."""

from dataclasses import dataclass

from django.db import IntegrityError, transaction

from mailcore.audit import log
from mailcore.kernel.addresses import MailAddress, fold_domain, show_domain
from mailcore.kernel.errors import BadSyntax, NotFound

from . import addresses
from .faults import AlreadyExists, BadField, Loop
from .models import Domain


@dataclass(frozen=True, slots=True)
class DomainChange:
    """None leaves a field as it is."""

    catch_all: str | None = None
    default_quota_bytes: int | None = None
    max_mailboxes: int | None = None
    is_active: bool | None = None
    second_step: str | None = None


def create(
    *,
    name: str,
    alias_of: str = "",
    default_quota_bytes: int = 0,
    max_mailboxes: int = 0,
    catch_all: str = "",
    second_step: str = Domain.SecondStepRule.SERVER,
) -> Domain:
    folded = _fold(name)
    canonical = _get_canonical(alias_of) if alias_of else None
    _check_numbers(default_quota_bytes=default_quota_bytes, max_mailboxes=max_mailboxes)
    _check_second_step(second_step)
    try:
        with transaction.atomic():
            domain = Domain.objects.create(
                name=folded,
                shown_name=show_domain(folded),
                alias_of=canonical,
                default_quota_bytes=default_quota_bytes,
                max_mailboxes=max_mailboxes,
                second_step=second_step,
            )
            if catch_all:
                domain.catch_all = _check_catch_all(catch_all, domain)
                domain.save(update_fields=["catch_all"])
            log.record("domain.created", object_id=domain.id, name=domain.name, domain=domain.name, after=shown(domain))
            return domain
    except IntegrityError as error:
        existing = Domain.objects.filter(name=folded).values_list("id", flat=True).first()
        if existing is None:
            raise
        raise AlreadyExists("name", f"{show_domain(folded)} exists already.", existing) from error


def list_all() -> list[Domain]:
    return list(Domain.objects.select_related("alias_of"))


def get(*, name: str) -> Domain:
    try:
        found = Domain.objects.select_related("alias_of").filter(name=fold_domain(name)).first()
    except BadSyntax as error:
        raise NotFound(f"{name} is not a domain of this server.") from error
    if found is None:
        raise NotFound(f"{name} is not a domain of this server.")
    return found


def is_local(*, name: str) -> bool:
    """Whether mail for this (folded) domain is ours, suspended or not."""
    return Domain.objects.filter(name=name).exists()


def change(*, domain_id: int, to: DomainChange) -> Domain:
    with transaction.atomic():
        domain = _get(domain_id)
        before = shown(domain)
        _check_numbers(default_quota_bytes=to.default_quota_bytes or 0, max_mailboxes=to.max_mailboxes or 0)
        if to.catch_all is not None:
            domain.catch_all = _check_catch_all(to.catch_all, domain)
        if to.default_quota_bytes is not None:
            domain.default_quota_bytes = to.default_quota_bytes
        if to.max_mailboxes is not None:
            domain.max_mailboxes = to.max_mailboxes
        if to.is_active is not None:
            domain.is_active = to.is_active
        if to.second_step is not None:
            domain.second_step = _check_second_step(to.second_step)
        domain.save()
        log.record("domain.changed", object_id=domain.id, name=domain.name, domain=domain.name, before=before, after=shown(domain))
    return domain


def suspend(*, domain_id: int) -> Domain:
    return change(domain_id=domain_id, to=DomainChange(is_active=False))


def resume(*, domain_id: int) -> Domain:
    return change(domain_id=domain_id, to=DomainChange(is_active=True))


def remove(*, domain_id: int) -> None:
    """Remove a domain that holds nothing any more; Conflict-free names stay the owner's choice."""
    with transaction.atomic():
        domain = _get(domain_id)
        held = domain.addresses.count()
        if held:
            raise Loop("name", f"{domain.shown_name} still holds {held} addresses. Remove them first.")
        if domain.alias_domains.exists():
            raise Loop("name", f"Other domains are aliases of {domain.shown_name}. Remove them first.")
        log.record("domain.removed", object_id=domain.id, name=domain.name, domain=domain.name, before=shown(domain))
        domain.delete()


def shown(domain: Domain) -> dict[str, object]:
    """As the audit log keeps it."""
    return {
        "name": domain.name,
        "alias_of": domain.alias_of.name if domain.alias_of else "",
        "catch_all": domain.catch_all,
        "is_active": domain.is_active,
        "default_quota_bytes": domain.default_quota_bytes,
        "max_mailboxes": domain.max_mailboxes,
        "second_step": str(domain.second_step),
    }


def _get(domain_id: int) -> Domain:
    domain = Domain.objects.select_related("alias_of").filter(id=domain_id).first()
    if domain is None:
        raise NotFound("There is no such domain.")
    return domain


def _fold(name: str) -> str:
    try:
        folded = fold_domain(name)
    except BadSyntax as error:
        raise BadField("name", error.public, error.detail) from error
    if folded.startswith("["):
        raise BadField("name", "A mail domain is a name, not an IP address.")
    return folded


def _get_canonical(name: str) -> Domain:
    try:
        canonical = get(name=name)
    except NotFound as error:
        raise BadField("alias_of", error.public) from error
    if canonical.alias_of_id is not None:
        raise BadField("alias_of", f"{canonical.shown_name} is itself an alias of another domain.")
    return canonical


def _check_numbers(**numbers: int) -> None:
    for field, number in numbers.items():
        if not 0 <= number < 2**62:
            raise BadField(field, "Give a number from 0 on; 0 is no limit.")


def _check_second_step(choice: str) -> str:
    if choice not in Domain.SecondStepRule.values:
        raise BadField("second_step", f"Give one of {', '.join(Domain.SecondStepRule.values)}.")
    return choice


def _check_catch_all(text: str, domain: Domain) -> str:
    if not text.strip():
        return ""
    if domain.alias_of_id is not None:
        raise BadField("catch_all", "An alias domain follows its main domain and has no catch-all of its own.")
    try:
        target = MailAddress.parse(text)
    except BadSyntax as error:
        raise BadField("catch_all", error.public, error.detail) from error
    if addresses.leads_to(starts=(str(target),), goal="", catch_all_domain=domain.name):
        raise Loop("catch_all", f"{target} would send the mail back to this catch-all.")
    return str(MailAddress(target.folded_local, target.domain))
