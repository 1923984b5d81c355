"""Periods and switches of the archive, and which level set each: mailbox over domain over system over the product."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db import connection, transaction

from mailcore.audit import log
from mailcore.kernel.errors import BadSyntax
from mailcore.store.loading import marks

from .models import Level

DAY = 86_400
MAX_DAYS = 36_500
_OWNER = """SELECT m.id, d.name FROM directory_mailbox m JOIN directory_address a ON a.id = m.address_id
    JOIN directory_domain d ON d.id = a.domain_id WHERE m.id IN ({})"""


class Known(NamedTuple):
    default: int
    meaning: str
    levels: tuple[str, ...] = ("system", "domain", "mailbox")


NAMES: Mapping[str, Known] = {
    "undelete_days": Known(30, "days for which removed mail can be brought back; 0: not at all"),
    "junk_days": Known(30, "days a message may lie in Junk; 0: for ever"),
    "trash_days": Known(30, "days a message may lie in Trash; 0: for ever"),
    "inbox_days": Known(0, "days a message may lie in the inbox; 0: for ever"),
    "sent_days": Known(0, "days a message may lie in Sent; 0: for ever"),
    "drafts_days": Known(0, "days a message may lie in Drafts; 0: for ever"),
    "archive_days": Known(0, "days a message may lie in the folder Archive; 0: for ever"),
    "journal": Known(0, "1: every message to and from the domain is written into its journal", ("domain",)),
    "journal_days": Known(0, "days a record stays in the journal; 0: for ever", ("system", "domain")),
}


@dataclass(frozen=True, slots=True)
class Set:
    value: int
    owner: str
    """Who set it; "" is the product's default."""

    @property
    def level(self) -> str:
        """Which kind of owner that is: mailbox, domain, system, or "" for the product."""
        return self.owner.partition(":")[0]


def find(name: str, owners: Sequence[str]) -> Set:
    """`owners` from the nearest on."""
    kept = dict(Level.objects.filter(name=name, owner__in=owners).values_list("owner", "value"))
    owner = next((owner for owner in owners if owner in kept), "")
    return Set(kept[owner] if owner else NAMES[name].default, owner)


def find_all(names: Sequence[str], mailbox_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """The values that hold for each mailbox, in two queries."""
    domains = find_domains(mailbox_ids)
    chains = {pk: owners_of(pk, domains.get(pk, "")) for pk in mailbox_ids}
    wanted = sorted({owner for owners in chains.values() for owner in owners})
    kept = {(owner, name): value for owner, name, value in _load(names, wanted)}
    return {pk: {name: _pick(name, owners, kept) for name in names} for pk, owners in chains.items()}


def find_domains(mailbox_ids: Sequence[int]) -> dict[int, str]:
    with connection.cursor() as cursor:
        cursor.execute(_OWNER.format(marks(mailbox_ids)), list(mailbox_ids))
        return dict(cursor.fetchall())


def owners_of(mailbox_id: int, domain: str) -> list[str]:
    return [f"mailbox:{mailbox_id}", *([f"domain:{domain}"] if domain else []), "system"]


def list_all(*, owner: str, domain: str = "") -> dict[str, Set]:
    """Every name that can be set there, with what holds. `domain` is that of a mailbox."""
    kind, _, rest = owner.partition(":")
    if kind == "mailbox":
        owners = owners_of(int(rest), domain)
    else:
        owners = [owner, "system"] if kind == "domain" else ["system"]
    return {name: find(name, owners) for name, known in NAMES.items() if kind in known.levels}


def longest(name: str) -> int:
    """The largest value anybody has."""
    top = Level.objects.filter(name=name).order_by("-value").values_list("value", flat=True).first()
    system = find(name, ["system"]).value
    return max(system, top or 0)


def shortest(name: str) -> int:
    """The smallest value above 0 anybody has; 0 where nobody has one."""
    least = Level.objects.filter(name=name, value__gt=0).order_by("value").values_list("value", flat=True).first()
    system = find(name, ["system"]).value
    return min((value for value in (least, system) if value), default=0)


def put(*, owner: str, name: str, value: int, shown: str = "", domain: str = "") -> None:
    """BadSyntax for an unknown name, a level it cannot be set at, or a value that is none. `shown` names the owner in the audit log."""
    kind = owner.partition(":")[0]
    if name not in NAMES:
        raise BadSyntax(f"There is no period {name}. Known are {', '.join(NAMES)}.")
    if kind not in NAMES[name].levels:
        raise BadSyntax(f"{name} cannot be set for a {kind}.")
    if not 0 <= value <= (1 if name == "journal" else MAX_DAYS):
        raise BadSyntax(f"{name} must be between 0 and {1 if name == 'journal' else MAX_DAYS}.")
    with transaction.atomic():
        before = Level.objects.filter(owner=owner, name=name).values_list("value", flat=True).first()
        Level.objects.update_or_create(owner=owner, name=name, defaults={"value": value})
        _record(owner, shown, domain, name, before, value)


def reset(*, owner: str, name: str, shown: str = "", domain: str = "") -> bool:
    """Back to what the level above says; False where nothing was set."""
    with transaction.atomic():
        before = Level.objects.filter(owner=owner, name=name).values_list("value", flat=True).first()
        if before is None:
            return False
        Level.objects.filter(owner=owner, name=name).delete()
        _record(owner, shown, domain, name, before, None)
        return True


def _record(owner: str, shown: str, domain: str, name: str, before: int | None, after: int | None) -> None:
    kind, _, rest = owner.partition(":")
    log.record(
        "archive.period_changed", object_id=owner, name=shown or rest or "system", domain=domain or (rest if kind == "domain" else ""),
        before={name: before}, after={name: after},
    )  # fmt: skip


def _load(names: Sequence[str], owners: Sequence[str]) -> list[tuple[str, str, int]]:
    found: list[tuple[str, str, int]] = []
    for start in range(0, len(owners), 500):
        part = owners[start : start + 500]
        found += Level.objects.filter(owner__in=part, name__in=names).values_list("owner", "name", "value")
    return found


def _pick(name: str, owners: Sequence[str], kept: Mapping[tuple[str, str], int]) -> int:
    return next((kept[owner, name] for owner in owners if (owner, name) in kept), NAMES[name].default)
